/**
 * The library as a page has it: only the entry for browsers, a checkpoint as a file that somebody picked, pixels as a
 * canvas gives them, WebAssembly.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  blobSource,
  createImage,
  encodeRle,
  modelFromTensors,
  readCheckpoint,
  Segmenter,
  webRuntime,
} from '../../src/index.js';
import { goldenPath } from '../support/golden.js';

it('segments from a picked checkpoint and the pixels of a canvas', async () => {
  const picked = new File([new Uint8Array(readFileSync(goldenPath('sam-tiny.pth')))], 'sam-tiny.pth');
  const { tensors, format } = await readCheckpoint(blobSource(picked));
  expect(format).toBe('torch-zip');
  const segmenter = new Segmenter(modelFromTensors('sam-tiny', tensors), webRuntime());
  const [width, height] = [40, 30];
  const rgba = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
  const image = createImage(width, height, 3, Uint8Array.from(rgba.filter((_, i) => i % 4 !== 3)));
  const { mask, area, score } = await segmenter.segment(await segmenter.encode(image), { points: [[20, 10]] });
  await segmenter.dispose();
  expect(mask).toHaveLength(width * height);
  expect(mask.reduce((sum, value) => sum + value, 0)).toBe(area);
  expect(Number.isFinite(score)).toBe(true);
  expect(encodeRle({ width, height, data: mask }).size).toEqual([height, width]);
});
