/**
 * Reads the file that grants access to a PACS. Its content goes into one header and nowhere else.
 */
import { readFile } from 'node:fs/promises';
import { SamusError } from '../../errors.js';

/**
 * The value of the header Authorization: a file holds a token, `user:password`, or the whole value (`Bearer …`).
 * @throws SamusError PACS_AUTH_FILE
 */
export async function readPacsAuth(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const message = `cannot read the file ${path} with access to the PACS`;
    throw new SamusError('PACS_AUTH_FILE', message, 'check the path and its permissions', { path });
  }
  const line = text.trim();
  if (/^(?:Bearer|Basic) +[\x21-\x7e]+$/i.test(line)) return line;
  if (/^[\w.~+/-]{1,8192}=*$/.test(line)) return `Bearer ${line}`;
  // RFC 7617: no control characters.
  if (/^[^:\p{Cc}]+:\P{Cc}*$/u.test(line)) return `Basic ${Buffer.from(line).toString('base64')}`;
  throw new SamusError(
    'PACS_AUTH_FILE',
    `expected a token or user:password in one line of ${path}, got something else`,
    'write just that into the file',
    { path },
  );
}
