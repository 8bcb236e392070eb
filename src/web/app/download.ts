/** Hands a file to the person as a download of the browser. @param path its last part is the name */
export function download(path: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = path.split('/').at(-1)!;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
