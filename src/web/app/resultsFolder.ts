/**
 * Hands results to the person: as a download, or next to the images, in the folder that they were opened from. Each
 * export goes into a new folder with its date, so that nothing is replaced. exportsRun.ts decides what goes where.
 */
import type { OutputFile } from '../exports/exportContract.js';
import { pageError } from '../pageError.js';
import type { SourceFolder } from '../storage/database.js';

/** What the File System Access API adds to browsers that have it; TypeScript's own types leave it out. */
declare global {
  interface Window {
    showDirectoryPicker?(options?: { id?: string; mode?: 'read' | 'readwrite' }): Promise<FileSystemDirectoryHandle>;
  }
  interface FileSystemHandle {
    requestPermission?(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
  }
}

/** Where results are written beside the images. */
export const RESULTS_FOLDER = 'samus-export';

/** Hands a file to the person as a download of the browser. @param path its last part is the name */
export function download(path: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = path.split('/').at(-1)!;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Asks the person, in the course of a click. After a reload the browser asks anew. */
export async function mayWrite({ handle }: SourceFolder): Promise<boolean> {
  try {
    return ((await handle.requestPermission?.({ mode: 'readwrite' })) ?? 'granted') === 'granted';
  } catch {
    // The click is too long ago, or the browser forbids it for this folder.
    return false;
  }
}

/**
 * All of the files, or none of them.
 * @returns where they are, from the folder on
 * @throws SamusError EXPORT_WRITE
 */
export async function writeResults(folder: SourceFolder, files: readonly OutputFile[]): Promise<string> {
  try {
    const results = await folder.handle.getDirectoryHandle(RESULTS_FOLDER, { create: true });
    const name = await freeName(results, stamp(new Date()));
    const own = await results.getDirectoryHandle(name, { create: true });
    try {
      for (const file of files) await writeInto(own, file);
    } catch (error) {
      await results.removeEntry(name, { recursive: true });
      throw error;
    }
    return `${RESULTS_FOLDER}/${name}`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw pageError('EXPORT_WRITE', { name: folder.name, reason });
  }
}

/** Date and time here, fit for a name, in the order of time. */
function stamp(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())];
  return `${day.join('-')}_${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('-')}`;
}

async function freeName(folder: FileSystemDirectoryHandle, wanted: string): Promise<string> {
  const taken = new Set<string>();
  for await (const { name } of folder.values()) taken.add(name);
  for (let n = 2, name = wanted; ; n++) {
    if (!taken.has(name)) return name;
    name = `${wanted}_${n}`;
  }
}

/** The browser puts a file in its place once it is closed, whole. */
async function writeInto(root: FileSystemDirectoryHandle, { path, bytes }: OutputFile): Promise<void> {
  const parts = path.split('/');
  let at = root;
  for (const part of parts.slice(0, -1)) at = await at.getDirectoryHandle(part, { create: true });
  const file = await at.getFileHandle(parts.at(-1)!, { create: true });
  const writable = await file.createWritable();
  try {
    await writable.write(bytes);
    await writable.close();
  } catch (error) {
    // One that is open would keep its folder from being removed.
    await writable.abort();
    throw error;
  }
}
