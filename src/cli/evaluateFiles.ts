/**
 * Writes long text files line by line, so that the table of 100,000 images never exists as one string.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { replaceFile } from '../formats/fileWrite.node.js';
import { whole } from './interrupt.js';

/** Lines joined into one write call. */
const CHUNK = 256;

/** Writes lines atomically: the file is complete or absent. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const write = (temporary: string) =>
    pipeline(Readable.from(chunks(lines)), createWriteStream(temporary, { flags: 'wx' }));
  await whole(() => replaceFile(path, write));
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
