/**
 * That the annotator's page never freezes: a trace of its main thread while a large image is opened, clicked, drawn on
 * and exported. Times are those of the processor, so that a busy machine does not fail the test.
 */
import { expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const LONGEST_MS = 100;
const [WIDTH, HEIGHT] = [1280, 960];

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

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('the page', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);

  it('has no task over 100 ms while an image is opened, clicked, drawn on and exported', async () => {
    const { file, clicks } = phantomFile(5, WIDTH, HEIGHT);
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.page.locator('.engine-state', { hasText: 'Ready' }).waitFor();
    await chromium.browser.startTracing(annotator.page, {
      categories: ['toplevel', 'disabled-by-default-devtools.timeline'],
    });
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
    const tasks = mainThreadTasks(await chromium.browser.stopTracing());
    expect(tasks[0]).toBeGreaterThan(1);
    expect(tasks[0]).toBeLessThan(LONGEST_MS);
  });
});
