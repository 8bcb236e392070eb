/**
 * Two questions that more than one layer asks of the file system. Writing files is in fileWrite.node.ts.
 */
import { open, stat } from 'node:fs/promises';

/** Whether there is a file or a folder at a path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Names are on the disk only once their folder is; some systems cannot do that, and then need not. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
