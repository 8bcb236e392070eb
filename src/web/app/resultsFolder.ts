/**
 * Hands results to the person: as a download, or next to the images, in the folder that they were opened from. Each
 * export goes into a new folder with its date, so that nothing is replaced. exportsRun.ts decides what goes where.
 */
import type { OutputFile } from '../exports/exportContract.js';
import { pageError } from '../pageError.js';
import type { SourceFolder } from '../storage/database.js';

/** Parts of the File System Access API that TypeScript's types lack. */
declare global {
  interface Window {
    showDirectoryPicker?(options?: { id?: string; mode?: 'read' | 'readwrite' }): Promise<FileSystemDirectoryHandle>;
  }
  interface FileSystemHandle {
    requestPermission?(options: { mode: 'read' | 'readwrite' }): Promise<PermissionState>;
  }
}

/** The folder for results next to the images. */
export const RESULTS_FOLDER = 'samus-export';

/**
 * Downloads a file.
 * @param path the last part is its name
 */
export function download(path: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = path.split('/').at(-1)!;
  link.click();
  // The download has started by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Asks for permission; needs a user gesture. After a reload the browser asks again. */
export async function mayWrite({ handle }: SourceFolder): Promise<boolean> {
  try {
    return ((await handle.requestPermission?.({ mode: 'readwrite' })) ?? 'granted') === 'granted';
  } catch {
    // The gesture is too long ago, or the browser blocks this folder.
    return false;
  }
}

/**
 * Writes all files or none.
 * @returns their place within the folder
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

/** Local date and time as a file name that sorts by time. */
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

/** The file appears only when it is closed, complete. */
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
    // An open file would block removing its folder.
    await writable.abort();
    throw error;
  }
}
