/**
 * Writing long text files line by line, so that a list of 100,000 images needs no memory for its table as one text.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { whole } from './interrupt.js';
import { writeError } from './output.js';

/** Lines that are joined before they are written: single ones would cost a call each. */
const CHUNK = 256;

/** Writes lines in one step: the file is there as a whole or not at all. @throws SamusError OUTPUT_UNWRITABLE, DISK_FULL */
export async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  await whole(async () => {
    try {
      await pipeline(Readable.from(chunks(lines)), createWriteStream(temporary, { flags: 'wx' }));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw writeError(path, error);
    }
  });
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(`${line}\n`);
    if (chunk.length < CHUNK) continue;
    yield chunk.join('');
    chunk = [];
  }
  yield chunk.join('');
}
