/**
 * Journeys through the annotator by fingers, on a phone and on a tablet: taps, and two fingers that zoom and move the picture.
 */
import type { BrowserContext } from 'playwright-core';
import { describe, expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { Fingers } from './support/fingers.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

type Place = readonly [x: number, y: number];

/** Two pixels of the picture. */
const [LEFT, RIGHT]: [Place, Place] = [
  [108, 128],
  [148, 128],
];

const moved = ([x, y]: Place, right: number, down: number): [number, number] => [x + right, y + down];

vi.setConfig({ testTimeout: 300_000 });

const TOUCHED = { hasTouch: true, isMobile: true } as const;

describeInChromium('the annotator under fingers', () => {
  const server = useServer();
  const chromium = useChromium();
  const { file, clicks } = phantomFile(3);

  async function begin(context: BrowserContext): Promise<Annotator> {
    const annotator = await Annotator.open(context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
    return annotator;
  }

  /** In per cent; beside the picture's size, where there is room for it. */
  async function zoom({ page }: Annotator): Promise<number> {
    const shown = await page.locator('.status').textContent();
    return Number(/(\d+) %/.exec(shown!)![1]);
  }

  /** Clicks of all objects, from the file that the page exports. */
  async function points(annotator: Annotator): Promise<readonly (readonly number[])[]> {
    const { images } = JSON.parse((await annotator.export(/every prompt/)).bytes.toString());
    return images[0].objects.flatMap((object: { readonly points: readonly number[][] }) => object.points);
  }

  describe('on a phone', () => {
    const phone = useContext(chromium, { viewport: { width: 390, height: 844 }, ...TOUCHED });

    it('does all that a click needs', async () => {
      const annotator = await begin(phone.context);
      const { page } = annotator;
      await page.touchscreen.tap(...(await annotator.place(clicks[0]!)));
      await page.getByRole('button', { name: /Clicks: / }).tap();
      const [x, y] = clicks[0]!;
      await page.touchscreen.tap(...(await annotator.place([x + 30, y + 10])));
      await page.getByRole('button', { name: 'Objects' }).tap();
      const dialog = page.getByRole('dialog');
      await dialog.getByText(/Score.*2 clicks/).waitFor();
      await dialog.getByRole('button', { name: 'Finish object' }).tap();
      await dialog.getByText(/finished.*Score/).waitFor();
      expect(annotator.failures).toEqual([]);
    });
  });

  describe('on a tablet', () => {
    const tablet = useContext(chromium, { viewport: { width: 1280, height: 800 }, ...TOUCHED });

    it('zooms and moves under two fingers, and draws nothing meanwhile', async () => {
      const annotator = await begin(tablet.context);
      const { page } = annotator;
      const fingers = await Fingers.on(page);
      const fitted = await zoom(annotator);
      for (const tool of ['Box', 'Brush', 'Eraser', 'Click']) {
        const button = page.getByRole('button', { name: new RegExp(`^${tool}\\b`) });
        // Right after a gesture a browser takes a tap for the end of its movement, and makes no click of it.
        const pressed = () => button.tap().then(() => button.getAttribute('aria-pressed'));
        await expect.poll(pressed, { interval: 500, timeout: 30_000 }).toBe('true');
        await page.getByRole('button', { name: /^Fit/ }).tap();
        const [from, other] = [await annotator.place(LEFT), await annotator.place(RIGHT)];
        await fingers.go([from, moved(from, -50, 0)], [other, moved(other, 50, 0)]);
        const apart = other[0] - from[0];
        const ratio = (await zoom(annotator)) / fitted;
        expect(ratio, tool).toBeGreaterThan(0.98 * (1 + 100 / apart));
        expect(ratio, tool).toBeLessThan(1.02 * (1 + 100 / apart));
        // What was under a finger stays there: two more go both by the same way, and a tap tells.
        await fingers.go([moved(from, -50, 0), moved(from, -20, 60)], [moved(other, 50, 0), moved(other, 80, 60)]);
        expect((await zoom(annotator)) / fitted, tool).toBeCloseTo(ratio, 1);
        expect(await annotator.objectCount(), tool).toBe(0);
      }
      const [x, y] = moved(await annotator.place(LEFT), -20, 60);
      await page.touchscreen.tap(x, y);
      await annotator.objects(/1 click/);
      const [[px, py] = []] = await points(annotator);
      expect(Math.hypot(px! - LEFT[0], py! - LEFT[1])).toBeLessThanOrEqual(1);
      expect(annotator.failures).toEqual([]);
    });

    it('takes a tap that trembles for a tap, and a way for moving the picture', async () => {
      const annotator = await begin(tablet.context);
      const fingers = await Fingers.on(annotator.page);
      const place = await annotator.place(clicks[0]!);
      await fingers.go([place, moved(place, 20, 0)]);
      expect(await annotator.objectCount()).toBe(0);
      await fingers.go([moved(place, 20, 0), moved(place, 20, 8)]);
      await annotator.objects(/1 click/);
      const [[x, y] = []] = await points(annotator);
      expect(Math.hypot(x! - clicks[0]![0], y! - clicks[0]![1])).toBeLessThanOrEqual(1);
      expect(annotator.failures).toEqual([]);
    });
  });
});
