/**
 * The package's version and notice.
 */
import { readFileSync } from 'node:fs';

/** Part of every help text and result. */
export const NOTICE = 'Research use only, not for diagnosis';

/** The version in package.json, two folders above the built file. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json has no version');
}
