/**
 * Reads a config.json named on the command line, without weights beside it.
 */
import { readFile } from 'node:fs/promises';
import { SamusError } from '../errors.js';

/**
 * The parsed JSON; parseConfig checks whether it is a configuration.
 * @throws SamusError CONFIG_UNREADABLE, CONFIG_INVALID if it is not JSON
 */
export async function readConfigFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `cannot read ${path}: ${reason}`;
    throw new SamusError('CONFIG_UNREADABLE', message, 'check the path', { path, reason });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new SamusError('CONFIG_INVALID', `expected valid JSON in ${path}, got other text`, 'correct the file', {
      path,
    });
  }
}
