/**
 * Starts Chromium for the browser tests. Where there is none they are skipped by a name that says so; `npm test`
 * installs Debian's before where it may.
 */
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';
import { findChromium } from '../../../scripts/testPrograms.mjs';

const FOUND = findChromium() !== undefined;

/** `describe` for tests that need Chromium. */
export function describeInChromium(name: string, tests: () => void): void {
  describe.skipIf(!FOUND)(FOUND ? name : `${name} (needs Chromium: install it or set CHROMIUM_PATH)`, tests);
}

/** @param flags of the command line, beyond what every test needs */
export async function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('there is no Chromium');
  // The sandbox needs a user that is not root; containers run tests as root and give little shared memory.
  const container = process.getuid?.() === 0 ? ['--no-sandbox', '--disable-dev-shm-usage'] : [];
  return chromium.launch({ executablePath, args: [...container, ...flags] });
}
