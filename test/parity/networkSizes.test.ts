/**
 * Reference files of other sizes than those in test/fixtures/networks: every network opens what the metadata can say (image and
 * batch size, classes, widths, depths), and computes finite outputs, a loss, and a gradient of each weight that is trained.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/errors.js';
import { memorySource } from '../../src/formats/byteSource.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { input } from '../../src/graph/tensor.js';
import { firstNotFinite, float32, int64, sizeOf, type TensorData } from '../../src/graph/tensorData.js';
import { fieldReader } from '../../src/models/configFile.js';
import { architectures } from '../../src/models/registry.js';
import { initialise, Parameters } from '../../src/nn/parameters.js';
import { Random } from '../../src/nn/random.js';
import { computeReference, openReference } from '../../src/train/reference.js';
import { runtime } from '../support/evaluate.js';

/** Batch, channels, height and width of the input, and what differs in `config` from the fixture. */
const CASES: readonly (readonly [string, readonly number[], Record<string, Json>])[] = [
  ['unet', [3, 3, 33, 47], { n_channels: 3, n_classes: 4, base: 6 }],
  ['unet', [1, 1, 32, 48], { n_channels: 1, n_classes: 1 }],
  ['unet-bilinear', [2, 1, 37, 47], { n_channels: 1, n_classes: 3 }],
  ['transunet', [1, 1, 96, 96], { size: 96, classes: 5, units: [1, 1, 3] }],
  ['transunet', [3, 3, 32, 32], { size: 32, layers: 1, n_skip: 1, width: 16, groups: 8 }],
  ['transunet', [1, 1, 32, 32], { size: 32, n_skip: 0 }],
  ['swinunet', [1, 1, 96, 96], { size: 96, window: 3, classes: 4 }],
  ['swinunet', [2, 3, 64, 64], { window: 2, depths: [1, 2, 3, 1], embed: 12, heads: [3, 3, 3, 3] }],
  ['h2former', [1, 3, 32, 32], { size: 32 }],
  ['h2former', [3, 3, 48, 48], { size: 48, classes: 3, embed: 16, depths: [1, 2, 1, 2] }],
  ['transfuse', [3, 3, 96, 64], { grid: [6, 4] }],
  ['transfuse', [1, 3, 64, 64], { grid: [4, 4], width: 16, vit: 48, heads: 4, depth: 3 }],
  ['missformer', [1, 1, 128, 128], { size: 128 }],
  ['missformer', [2, 3, 64, 64], { base: 8, classes: 4, layers: [1, 2, 3, 1] }],
  ['fatnet', [3, 3, 96, 96], { size: 96, classes: 3, depth: 1 }],
  ['fatnet', [1, 1, 32, 32], { size: 32, width: 16, r: 4 }],
  ['cenet', [1, 3, 224, 224], { size: 224 }],
  ['cenet', [2, 3, 192, 192], { classes: 3, width: 8 }],
  ['cpfnet', [3, 3, 96, 96], { size: 96, classes: 4 }],
  ['cpfnet', [2, 3, 32, 32], { size: 32, width: 8, layers: [2, 1, 2, 1] }],
  ['canet', [1, 3, 56, 75], { hw: [56, 75], classes: 4 }],
  ['canet', [3, 1, 48, 96], { hw: [48, 96], in: 1, feature_scale: 8 }],
  ['aaunet', [2, 3, 16, 16], { size: 16 }],
  ['aaunet', [3, 3, 64, 64], { size: 64, levels: 4, base: 2, classes: 2 }],
  ['setr', [1, 3, 96, 96], { size: 96, embed: 48, heads: 4 }],
  ['setr', [3, 3, 32, 32], { size: 32, classes: 4, depth: 2, aux: [1] }],
  ['medsam', [3, 3, 64, 64], { size: 64, global: [] }],
  ['medsam', [1, 3, 256, 256], { size: 256, window: 5, embed: 32, heads: 4, global: [0, 2] }],
  ['msa', [3, 3, 64, 64], { size: 64, out: 32, pos_grid: 8 }],
  ['msa', [1, 3, 128, 128], { out: 256, depth: 2, global: [0] }],
  ['samadapter', [3, 3, 64, 64], { size: 64, scale_factor: 8 }],
  ['samadapter', [1, 3, 256, 256], { size: 256, depth: 2, global: [] }],
  ['samed', [3, 3, 64, 64], { size: 64, classes: 1 }],
  ['samed', [1, 3, 256, 256], { size: 256, rank: 2, classes: 8 }],
];

/** Sizes that the metadata leaves to the weights. */
const SHOWN_BY_WEIGHTS =
  /patch_embed\.proj\.weight|blocks\.0\.mlp\.lin1\.weight|iou_prediction_head\.layers\.0\.weight|mask_downscaling\.3\.weight|conv_seg\.weight/;

/** A file of random weights and inputs, with the fixture's metadata otherwise. */
async function fileOf(model: string, shape: readonly number[], changes: Record<string, Json>) {
  const fixture = await readFile(new URL(`../fixtures/networks/${model}-tiny.safetensors`, import.meta.url));
  const { tensors: given, metadata } = await readSafetensors(memorySource(fixture));
  const sizes: Record<string, Json> = JSON.parse(metadata.get('config') ?? '');
  const fields = new Map(Object.entries({ ...sizes, ...changes }));
  const architecture = architectures().find(({ reference }) => reference?.models.includes(model))!;
  const random = Random.seeded(1);
  const uniform = (sizes: readonly number[], from = 0, to = 1) =>
    float32(
      Float32Array.from({ length: sizeOf(sizes) }, () => random.uniform(from, to)),
      sizes,
    );
  const [batch, , height, width] = [shape[0]!, shape[1]!, shape[2]!, shape[3]!];
  const inputs = new Map<string, TensorData>([
    ['input', uniform(shape)],
    ['boxes', float32(new Array(batch).fill([4, 5, width - 9, height - 7]).flat(), [batch, 4])],
    ['points', uniform([batch, 1, 2], 0, width)],
    ['labels', float32(new Array(batch).fill(1), [batch, 1])],
  ]);
  const known = new Map([...inputs, ...[...given].filter(([name]) => SHOWN_BY_WEIGHTS.test(name))]);
  const config = architecture.reference!.config(
    fieldReader((name) => fields.get(name)),
    known,
    model,
  );
  const p = new Parameters();
  const symbol = (name: string) => input(name, inputs.get(name)!.shape);
  if (architecture.reference?.outputs) architecture.reference.outputs(p, config, symbol);
  else if (architecture.task === 'classes') architecture.forward(p, config, symbol('input'));
  const weights = [...initialise(p.list(), random)].map(([name, tensor]) => [`weights.${name}`, tensor] as const);
  const classes = architecture.task === 'classes' ? architecture.classes(config) : 2;
  const side = architecture.published.targetSide(config);
  const target = side === config.imageSize ? [batch, height, width] : [batch, side, side];
  const numbers = Array.from({ length: sizeOf(target) }, () => Math.floor(random.uniform(0, classes)));
  const tensors = new Map([
    ...inputs,
    ...weights,
    ['target', int64(numbers, target)],
    ['loss', float32([0], [])],
  ] as const);
  const text = JSON.stringify(Object.fromEntries(fields));
  return {
    architecture,
    file: openReference({
      tensors,
      metadata: new Map([
        ['model', model],
        ['config', text],
      ]),
    }),
  };
}

describe.each(CASES)('a reference file of %s for [%s] with %o', (model, shape, changes) => {
  it('computes outputs and gradients', async () => {
    const { architecture, file } = await fileOf(model, shape, changes);
    const { tensors, withoutGradient } = await computeReference(runtime, file);
    expect(tensors.get('output')?.shape.at(0)).toBe(shape[0]);
    expect([...tensors].filter(([, { data }]) => firstNotFinite(data) >= 0)).toEqual([]);
    const stopped = new Set(withoutGradient);
    const trained = [...file.weights].flatMap(([name, { dtype }]) =>
      dtype === 'float32' && architecture.published.isTrained(file.config, name) && !/running_|_matrix$/.test(name)
        ? [name]
        : [],
    );
    expect(trained.length).toBeGreaterThan(20);
    expect(trained.filter((name) => !stopped.has(name) && !tensors.has(`grad.${name}`))).toEqual([]);
  });
});

it('asks for a larger batch where a batch norm has a single value of each channel', async () => {
  const { file } = await fileOf('aaunet', [1, 3, 32, 32], {});
  await expect(computeReference(runtime, file)).rejects.toMatchObject({ code: 'TRAIN_BATCH_NORM' });
  const { file: small } = await fileOf('unet', [1, 1, 16, 16], {});
  await expect(computeReference(runtime, small)).rejects.toMatchObject({ code: 'TRAIN_BATCH_NORM' });
});
