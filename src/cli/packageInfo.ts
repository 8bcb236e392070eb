/**
 * The package's version and notice.
 */
import { readFileSync } from 'node:fs';

export { NOTICE } from '../formats/annotation.js';

/** The version in package.json, two folders above the built file. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json has no version');
}
