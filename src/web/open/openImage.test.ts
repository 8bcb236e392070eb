/** Which frames are asked of the worker, and which are kept. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openFile } from './openImage.js';

type Call = { id: number; method: string; input: { frame?: number } };

/** Frames in the order in which the worker was asked for them. */
let asked: number[] = [];
/** Bytes of a frame. */
let size = 4;
const FRAMES = 6;

/** The worker for images: frames without pixels that matter. */
class FakeWorker extends EventTarget {
  postMessage({ id, method, input }: Call): void {
    if (method === 'frame') asked.push(input.frame ?? 0);
    const image = { width: size, height: 1, channels: 1, data: { byteLength: size } };
    const answers: Record<string, unknown> = {
      open: { frames: FRAMES, timing: null },
      frame: { image, spacingMm: null, frames: FRAMES, frame: input.frame },
    };
    const value = answers[method] ?? null;
    queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data: { type: 'done', id, value } })));
  }

  terminate(): void {}
}

beforeEach(() => {
  asked = [];
  size = 4;
  vi.stubGlobal('Worker', FakeWorker);
});
afterEach(() => vi.unstubAllGlobals());

const file = new File([], 'clip.gif');

it('decodes no frame before it is asked for, and each once', async () => {
  const clip = await openFile(file);
  expect(asked).toEqual([]);
  expect(await clip.read(3)).toMatchObject({ name: 'clip.gif', frame: 3 });
  await Promise.all([clip.read(3), clip.read(3)]);
  expect(asked).toEqual([3]);
});

it('decodes the next two frames in advance, in the direction and around the ends', async () => {
  const clip = await openFile(file);
  await clip.read(3, undefined, 1);
  expect(asked).toEqual([3, 4, 5]);
  await clip.read(4, undefined, 1);
  expect(asked).toEqual([3, 4, 5, 6]);
  await clip.read(6, undefined, 1);
  expect(asked).toEqual([3, 4, 5, 6, 1, 2]);
  asked = [];
  await (await openFile(file)).read(2, undefined, -1);
  expect(asked).toEqual([2, 1, 6]);
});

it('keeps 128 MB of decoded frames, those that were used last', async () => {
  size = 40e6;
  const clip = await openFile(file);
  for (const frame of [1, 2, 3, 1, 4]) await clip.read(frame);
  expect(asked).toEqual([1, 2, 3, 4]);
  // Only the second frame had to go.
  for (const frame of [1, 3, 4]) await clip.read(frame);
  expect(asked).toEqual([1, 2, 3, 4]);
  await clip.read(2);
  expect(asked).toEqual([1, 2, 3, 4, 2]);
});
