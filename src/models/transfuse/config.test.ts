/**
 * Checkpoints of TransFuse as its authors publish it, for 192×256 pixels.
 */
import { expect, it } from 'vitest';
import { networkGraph, parametersOf } from '../graphs.js';
import { recognise } from '../registry.js';
import { TRANSFUSE_B, type TransFuseConfig } from './config.js';

it('takes the published position table, and resizes it to square images', () => {
  const published: TransFuseConfig = { ...TRANSFUSE_B, grid: [12, 16] };
  const shapes = new Map(parametersOf(published).map(({ name, shape, dtype }) => [name, { shape, dtype }]));
  expect(shapes.get('transformer.pos_embed')?.shape).toEqual([1, 192, 384]);
  expect(recognise(shapes)).toEqual(published);
  expect(networkGraph(published).outputs.logits?.shape).toEqual([1, 1, 256, 256]);
});
