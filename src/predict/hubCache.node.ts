/**
 * The cache of the Hugging Face hub for one repository, in the layout that Python's huggingface_hub and others share:
 * `blobs` by their hashes, `snapshots` of commits with links to them, `refs` from branches and tags to commits. A download
 * continues where it stopped, also after the process was killed, and is checked before it gets its name.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, open, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { threadId } from 'node:worker_threads';
import { SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder, replaceFile, writeError, writeTextFile } from '../formats/fileWrite.node.js';
import { isModelFolder } from '../formats/modelFolder.node.js';

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** Of a large file the SHA-256 of its content; of another that of git, SHA-1 with a header. */
  readonly hash: string;
  readonly large: boolean;
}

const COMMIT = /^[0-9a-f]{40}$/;

/** Whether a revision is a commit, whose files never change. */
export function isCommit(revision: string): boolean {
  return COMMIT.test(revision);
}

export class HubCache {
  constructor(private readonly root: string) {}

  folder(commit: string): string {
    return join(this.root, 'snapshots', commit);
  }

  /** A complete model of a commit, or of what a branch or tag was when it was last asked for. */
  async find(revision: string): Promise<{ readonly folder: string; readonly commit: string } | undefined> {
    const named = await readFile(join(this.root, 'refs', revision), 'utf8').catch(() => '');
    const commit = isCommit(revision) ? revision : named.trim();
    if (!isCommit(commit)) return undefined;
    const folder = this.folder(commit);
    return (await isModelFolder(folder)) ? { folder, commit } : undefined;
  }

  async has(commit: string, file: HubFile): Promise<boolean> {
    const found = await stat(join(this.folder(commit), file.path)).catch(() => undefined);
    return found?.size === file.size;
  }

  async name(revision: string, commit: string): Promise<void> {
    if (revision === commit) return;
    const path = join(this.root, 'refs', revision);
    await makeFolder(dirname(path));
    await writeTextFile(path, commit);
  }

  /**
   * Downloads a blob unless it is there, and checks it.
   * @param of name of the model, for messages
   * @throws SamusError HUB_HASH, HUB_UNREACHABLE, DISK_FULL, FILE_UNWRITABLE
   */
  async add(of: string, file: HubFile, blob: Blob, progress: (bytes: number) => void): Promise<void> {
    const path = this.#blob(file);
    if (await exists(path)) return;
    await makeFolder(dirname(path));
    const partial = await claimed(path);
    for (let attempt = 1; (await append(partial, blob, file.size, progress)) === false; attempt++) {
      if (attempt < ATTEMPTS) continue;
      const message = `cannot reach the hub for ${of}: the download of ${file.path} ended early`;
      const hint = 'run it again: the download continues where it stopped';
      throw new SamusError('HUB_UNREACHABLE', message, hint, { name: of, file: file.path });
    }
    if ((await hashOf(partial, file)) !== file.hash) {
      await rm(partial);
      const message = `expected ${file.path} of ${of} to have the hash ${file.hash}, got other content`;
      const hint = 'run it again; if it repeats, ask the publisher of the model';
      throw new SamusError('HUB_HASH', message, hint, { name: of, file: file.path });
    }
    await rename(partial, path);
  }

  async link(commit: string, file: HubFile): Promise<void> {
    const pointer = join(this.folder(commit), file.path);
    await makeFolder(dirname(pointer));
    const blob = this.#blob(file);
    await replaceFile(pointer, async (temporary) => {
      // Windows allows links only to some users.
      await symlink(relative(dirname(pointer), blob), temporary).catch(() => copyFile(blob, temporary));
    });
  }

  #blob(file: HubFile): string {
    return join(this.root, 'blobs', file.hash);
  }
}

const ATTEMPTS = 3;

/** The partial file of a blob for this thread alone; continues that of a process that has ended. */
async function claimed(blob: string): Promise<string> {
  const mine = `${blob}.${process.pid}-${threadId}.incomplete`;
  const start = `${blob}.`;
  for (const entry of await readdir(dirname(blob))) {
    const path = join(dirname(blob), entry);
    const [pid] = path.startsWith(start) && path.endsWith('.incomplete') ? path.slice(start.length).split('-') : [];
    // Another thread of this process may be at work on its own.
    if (pid === undefined || (path !== mine && isAlive(Number(pid)))) continue;
    const won = await rename(path, mine).then(
      () => true,
      () => false,
    );
    if (won) break;
  }
  return mine;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Adds what a partial file lacks of a blob. @returns false if the connection ended early @throws SamusError DISK_FULL, FILE_UNWRITABLE */
async function append(path: string, blob: Blob, size: number, progress: (bytes: number) => void): Promise<boolean> {
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    return work().catch((error: unknown) => {
      throw writeError(path, error);
    });
  };
  const file = await write(() => open(path, 'a'));
  try {
    let { size: bytes } = await file.stat();
    if (bytes > size) {
      await file.truncate(0);
      bytes = 0;
    }
    const reader = bytes < size ? blob.slice(bytes, size).stream().getReader() : undefined;
    while (reader && bytes < size) {
      const read = await beforeLong(reader.read()).catch(() => undefined);
      const chunk = read?.value;
      if (!chunk) return false;
      await write(() => file.write(chunk));
      bytes += chunk.length;
      progress(bytes);
    }
    return true;
  } finally {
    await file.close();
  }
}

async function hashOf(path: string, { large, size }: HubFile): Promise<string> {
  const hash = createHash(large ? 'sha256' : 'sha1');
  if (!large) hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** How long the hub may stay silent. */
const SILENCE_MS = 30_000;

/** Rejects if nothing happens for {@link SILENCE_MS}. */
export async function beforeLong<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TypeError(`no answer for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
