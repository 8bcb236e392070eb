/**
 * The journal of a study: one line of JSON for each finished image, appended after the results of the image are
 * complete. Only the process that has the lock of the folder writes it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { exists } from '../../formats/fileSystem.node.js';
import { writeError } from '../../formats/fileWrite.node.js';
import { isFields, jsonOf } from '../../formats/jsonFields.js';
import type { JournalLine, ResultFile } from './study.js';
import { STUDY_FILES } from './studyFolder.node.js';

export type ItemState = 'done' | 'failed';

/** Files that are checked at a time. */
const CHECKED_TOGETHER = 16;

/**
 * The state of each image in the journal, by key. Of a finished image, all files must be there and unchanged: after a
 * power failure, a file can be empty.
 * @param progress called with the number of checked lines
 */
export async function journalStates(
  folder: string,
  progress: (lines: number) => void = () => undefined,
): Promise<Map<string, ItemState>> {
  const states = new Map<string, ItemState>();
  let count = 0;
  let checks: Promise<readonly [key: string, state: ItemState | undefined]>[] = [];
  const settle = async (): Promise<void> => {
    // In order, because a later line about an image replaces an earlier one.
    for (const [key, state] of await Promise.all(checks)) {
      if (state) states.set(key, state);
      else states.delete(key);
    }
    checks = [];
    progress(count);
  };
  for await (const line of journalLines(folder)) {
    checks.push(stateOf(folder, line));
    count++;
    if (checks.length >= CHECKED_TOGETHER) await settle();
  }
  await settle();
  return states;
}

async function stateOf(folder: string, line: JournalLine): Promise<readonly [string, ItemState | undefined]> {
  if ('error' in line) return [line.key, 'failed'];
  // A store keeps what it has confirmed.
  const local = line.stored ? line.files.slice(-1) : line.files;
  return [line.key, (await allUnchanged(folder, local)) ? 'done' : undefined];
}

/** The lines in their order. Incomplete lines, of a killed process or a power failure, are skipped. */
export async function* journalLines(folder: string): AsyncGenerator<JournalLine> {
  const path = join(folder, STUDY_FILES.journal);
  if (!(await exists(path))) return;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const text of lines) {
    const line = jsonOf(text);
    if (isJournalLine(line)) yield line;
  }
}

function isJournalLine(value: unknown): value is JournalLine {
  return isFields(value) && typeof value.key === 'string' && (Array.isArray(value.files) || isFields(value.error));
}

async function allUnchanged(folder: string, files: readonly ResultFile[]): Promise<boolean> {
  for (const [path, bytes, hash] of files) {
    const found = await fileHash(join(folder, path), bytes).catch(() => undefined);
    if (found !== hash) return false;
  }
  return true;
}

/** SHA-256 of a file, hexadecimal; undefined if it does not have this size. */
export async function fileHash(path: string, bytes?: number): Promise<string | undefined> {
  if (bytes !== undefined && (await stat(path)).size !== bytes) return undefined;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Appends lines. */
export class Journal {
  readonly #path: string;
  readonly #file: FileHandle;
  #last: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Cuts off an incomplete last line, so that the next one is not appended to it. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
  static async open(folder: string): Promise<Journal> {
    const path = join(folder, STUDY_FILES.journal);
    try {
      const file = await open(path, 'a+');
      const { size } = await file.stat();
      const end = await lastLineEnd(file, size);
      if (end < size) await truncate(path, end);
      return new Journal(path, file);
    } catch (error) {
      throw writeError(path, error);
    }
  }

  /** One line after the other. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
  append(line: JournalLine): Promise<void> {
    const written = this.#last.then(async () => {
      try {
        await this.#file.appendFile(`${JSON.stringify(line)}\n`);
      } catch (error) {
        throw writeError(this.#path, error);
      }
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

/** Bytes searched at a time for the end of a line. */
const STEP = 65_536;

/** The position after the last line end; 0 if there is none. */
async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - STEP);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const found = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}
