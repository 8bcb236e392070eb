/**
 * A DICOM clip of a gigabyte in the annotator: its first frame is there at once, and the page never holds the file.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataSet, encodeFile } from '../../src/formats/dicom/writeDataSet.js';
import { Annotator } from '../browser/support/annotator.js';
import { describeInChromium } from '../browser/support/chromium.js';
import { useChromium, useContext, useServer } from '../browser/support/hooks.js';
import { startTinyServer } from '../browser/support/server.js';

const [SIDE, FRAMES] = [1024, 1024];
const MOST_GROWTH = 300e6;
const MOST_MS = 1000;

/** A clip of black frames, all but the last, on disk. */
function writeClip(path: string, frames: number): void {
  const head = encodeFile(
    dataSet(
      [0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'],
      [0x0008_0018, `1.2.3.${frames}`],
      [0x0028_0002, 1],
      [0x0028_0004, 'MONOCHROME2'],
      [0x0028_0008, String(frames)],
      [0x0028_0010, SIDE],
      [0x0028_0011, SIDE],
      [0x0028_0100, 8],
      [0x0028_0101, 8],
      [0x0028_0102, 7],
      [0x0028_0103, 0],
    ),
  );
  const pixels = Buffer.alloc(12);
  pixels.set([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0]);
  pixels.writeUInt32LE(frames * SIDE * SIDE, 8);
  const file = openSync(path, 'w');
  const start = writeSync(file, Buffer.concat([head, pixels]));
  ftruncateSync(file, start + frames * SIDE * SIDE);
  writeSync(file, Buffer.alloc(SIDE * SIDE, 200), 0, SIDE * SIDE, start + (frames - 1) * SIDE * SIDE);
  closeSync(file);
}

describeInChromium('a clip of a gigabyte', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const window = useContext(chromium);
  const folder = mkdtempSync(join(tmpdir(), 'samus-cine-'));
  beforeAll(() => {
    writeClip(join(folder, 'small'), 1);
    writeClip(join(folder, 'large'), FRAMES);
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
