/**
 * That the annotator's page never freezes: a trace of its main thread while a large image is opened, clicked, drawn on
 * and exported, and while the bundled model learns. Times are those of the processor, so that a busy machine does not fail the test.
 */
import type { Page } from 'playwright-core';
import { expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const LONGEST_MS = 100;
const [WIDTH, HEIGHT] = [1280, 960];

/** What the page marks when a journey has ended. */
const LAST = 'journey-ended';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds of the processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Processor time of the tasks on the page's main thread, the longest first, in milliseconds. */
function mainThreadTasks(trace: Buffer): number[] {
  const { traceEvents }: { traceEvents: readonly TraceEvent[] } = JSON.parse(trace.toString());
  const mains = traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const threads = new Set(mains.map(({ pid, tid }) => `${pid} ${tid}`));
  return traceEvents
    .filter(({ name, ph, pid, tid }) => name === 'RunTask' && ph === 'X' && threads.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000)
    .sort((a, b) => b - a);
}

/** The bundled model learns on all cores, and each stage of it takes as long as the machine lets it. */
const STAGE_MS = 300_000;

vi.setConfig({ testTimeout: 900_000 });

describeInChromium('the page', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);

  /** Of the tasks of a page's main thread during a journey, in milliseconds of the processor. */
  async function longestTask(page: Page, journey: () => Promise<void>): Promise<number> {
    const categories = ['toplevel', 'disabled-by-default-devtools.timeline', 'blink.user_timing'];
    await chromium.browser.startTracing(page, { categories });
    await journey();
    await page.evaluate((name) => void performance.mark(name), LAST);
    const trace = await chromium.browser.stopTracing();
    // A trace that is full keeps its beginning only.
    expect(trace.includes(`"${LAST}"`)).toBe(true);
    const [longest = 0] = mainThreadTasks(trace);
    expect(longest).toBeGreaterThan(1);
    return longest;
  }

  it('has no task over 100 ms while an image is opened, clicked, drawn on and exported', async () => {
    const { file, clicks } = phantomFile(5, WIDTH, HEIGHT);
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.page.locator('.engine-state', { hasText: 'Ready' }).waitFor();
    const longest = await longestTask(annotator.page, async () => {
      await annotator.openImages(file);
      await annotator.ready();
      const target = await annotator.place(clicks[0]!, WIDTH, HEIGHT);
      await annotator.page.mouse.move(...target);
      await annotator.page.mouse.click(...target);
      await annotator.objects(/Score/);
      await annotator.press('m', 'd');
      await annotator.page.mouse.down();
      await annotator.page.mouse.move(target[0] + 120, target[1] + 60, { steps: 20 });
      await annotator.page.mouse.up();
      await annotator.objects(/drawn/);
      await annotator.export(/US30K/);
    });
    expect(longest).toBeLessThan(LONGEST_MS);
  });

  it('has no task over 100 ms while the bundled model learns from corrections', async () => {
    const cases = Array.from({ length: 5 }, (_, i) => phantomFile(40 + i, 640, 480));
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(...cases.map((one) => one.file));
    await annotator.ready();
    await annotator.choose(
      'Open masks',
      cases.map(({ label }) => label),
    );
    await annotator.message(/5 objects opened on 5 images/);
    const dialog = annotator.page.getByRole('dialog', { name: 'Learn from my corrections' });
    const longest = await longestTask(annotator.page, async () => {
      await annotator.press('l');
      await dialog.getByRole('button', { name: 'Start learning' }).click();
      // Each stage says what it is before it takes its time.
      for (const stage of ['Testing the current model', 'Preparing to train', 'Training']) {
        await dialog.locator('.learning', { hasText: new RegExp(`^${stage}`) }).waitFor({ timeout: STAGE_MS });
      }
      await dialog.getByText(/Loss \d.* left/).waitFor({ timeout: STAGE_MS });
      await dialog.getByRole('button', { name: 'Stop' }).click();
      await dialog.getByRole('progressbar').waitFor({ state: 'detached' });
    });
    expect(longest).toBeLessThan(LONGEST_MS);
  });
});
