/**
 * A DICOM clip of a gigabyte in the annotator: its first frame is there at once, and the page never holds the file.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Annotator } from '../browser/support/annotator.js';
import { describeInChromium } from '../browser/support/chromium.js';
import { useChromium, useContext, useServer } from '../browser/support/hooks.js';
import { startTinyServer } from '../browser/support/server.js';
import { writeSparseClip } from '../support/dicomImages.js';

const [SIDE, FRAMES] = [1024, 1024];
const MOST_GROWTH = 300e6;
const MOST_MS = 1000;

describeInChromium('a clip of a gigabyte', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const window = useContext(chromium);
  const folder = mkdtempSync(join(tmpdir(), 'samus-cine-'));
  beforeAll(() => {
    writeSparseClip(join(folder, 'small'), SIDE, 1, [1], '1.2.3.1');
    writeSparseClip(join(folder, 'large'), SIDE, FRAMES, [FRAMES], '1.2.3.2');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('shows its first frame at once, in little memory', { timeout: 600_000 }, async () => {
    const annotator = await Annotator.open(window.context, server.url);
    const { page } = annotator;
    const shown = (name: string) => page.locator(`canvas.over[aria-label*="${name}"]`);
    // What a picture of this size and a thumbnail of it take is taken before.
    await annotator.choose('Open images', join(folder, 'small'));
    await annotator.ready();
    await page.locator('.saving', { hasText: 'Saved in this browser' }).waitFor();

    const devtools = await chromium.browser.newBrowserCDPSession();
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
    const resident = (): number =>
      renderers.reduce((sum, id) => {
        const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, 'utf8')) ?? [];
        return sum + Number(kilobytes) * 1024;
      }, 0);
    const before = resident();
    let most = before;
    const sampling = setInterval(() => {
      most = Math.max(most, resident());
    }, 100);
    try {
      // From the choice of the file until the picture is there, by the clock of the page.
      const waited = page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            let start = Number.POSITIVE_INFINITY;
            const make = document.createElement.bind(document);
            // The chooser belongs to an input that is never in the page.
            document.createElement = (name: string) => {
              const element = make(name);
              element.addEventListener('change', () => {
                start = performance.now();
              });
              return element;
            };
            const look = (): void => {
              const label = document.querySelector('canvas.over')?.getAttribute('aria-label') ?? '';
              if (label.includes('large')) resolve(performance.now() - start);
              else requestAnimationFrame(look);
            };
            look();
          }),
      );
      await annotator.choose('Open images', join(folder, 'large'));
      await shown('large').waitFor();
      const ms = await waited;
      expect(ms).toBeLessThan(MOST_MS);
      await page.locator('.frame-position', { hasText: `1 / ${FRAMES}` }).waitFor({ timeout: 400_000 });
      await annotator.ready();
      await page
        .getByLabel(/slider|frame/i)
        .first()
        .waitFor();
      await page.locator('canvas.over').focus();
      await annotator.press('End');
      await page.locator('.frame-position', { hasText: `${FRAMES} / ${FRAMES}` }).waitFor();
      await annotator.ready();
      await page.locator('.saving', { hasText: 'Saved in this browser' }).waitFor();
    } finally {
      clearInterval(sampling);
    }
    expect(most - before).toBeLessThan(MOST_GROWTH);
    expect(annotator.failures).toEqual([]);
  });
});
