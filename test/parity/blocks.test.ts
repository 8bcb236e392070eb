/**
 * Blocks that networks share against the reference: ResNet layers, the ViT block, Swin blocks without and with a shift.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { add } from '../../src/graph/ops/elementwise.js';
import { concat, reshape, transpose } from '../../src/graph/ops/shape.js';
import { constant, type Tensor } from '../../src/graph/tensor.js';
import type { StateDict } from '../../src/graph/tensorData.js';
import { computeConstants } from '../../src/nn/compile.js';
import { classLoss } from '../../src/nn/loss.js';
import { Parameters } from '../../src/nn/parameters.js';
import { RESNET34, resnetLayer } from '../../src/nn/resnet.js';
import { swinBlock, vitBlock } from '../../src/nn/transformer.js';
import { runtime } from '../support/evaluate.js';
import { expectParity, numbers, relativeError } from '../support/golden.js';

let all: StateDict;
beforeAll(async () => {
  all = (await readCheckpointFile(new URL('../fixtures/blocks/blocks.safetensors', import.meta.url).pathname)).tensors;
});

/** The tensors of a network, and its weights without their prefix. */
function network(name: string, prefix: string) {
  const entries = [...all].filter(([key]) => key.startsWith(`${name}.`));
  const tensors = new Map(entries.map(([key, tensor]) => [key.slice(name.length + 1), tensor]));
  const weights = new Map(
    [...tensors].flatMap(([key, tensor]) =>
      key.startsWith(`weights.${prefix}`) ? [[key.slice(`weights.${prefix}`.length), tensor] as const] : [],
    ),
  );
  return {
    weights,
    given: (key: string) => constant(numbers(tensors, key)),
    wanted: (key: string) => numbers(tensors, key).data,
  };
}

async function values(tensor: Tensor, weights: StateDict): Promise<Float32Array> {
  return numbers(new Map([['value', (await computeConstants(runtime, [tensor], weights))[0]!]]), 'value').data;
}

describe('shared blocks', () => {
  it('of ResNet', async () => {
    const { weights, given, wanted } = network('cpfnet', 'backbone.');
    const p = new Parameters();
    let x = given('act.layer1');
    // One block a layer in this tiny model; the published number is RESNET34.
    for (const [i] of RESNET34.slice(1).entries()) x = resnetLayer(p.at(`layer${i + 2}`), x, 6 * 2 ** (i + 1), 1, 2);
    expectParity(await values(x, weights), wanted('act.layer4'), 'layer4');
  });

  it('of ViT', async () => {
    const { weights, given, wanted } = network('setr', 'backbone.');
    const patches = given('act.patch_embed');
    const tokens = transpose(reshape(patches, [2, 24, -1]), [0, 2, 1]);
    const cls = given('weights.backbone.cls_token');
    const x = add(concat([concat([cls, cls], 0), tokens], 1), given('weights.backbone.pos_embed'));
    const y = vitBlock(new Parameters().at('blocks.0'), x, { heads: 3, hidden: 96, epsilon: 1e-6 });
    expectParity(await values(y, weights), wanted('act.block0'), 'block0');
  });

  it.each([
    ['act.patch_embed', 'act.block0', 0],
    ['act.block0', 'act.block1_shifted', 1],
  ] as const)('of Swin: %s to %s', async (from, to, index) => {
    const { weights, given, wanted } = network('swinunet', 'swin_unet.layers.0.');
    const sizes = { height: 16, width: 16, window: 4, heads: 1, hidden: 32, epsilon: 1e-5 };
    const y = swinBlock(new Parameters().at(`blocks.${index}`), given(from), { ...sizes, shifted: index === 1 });
    expectParity(await values(y, weights), wanted(to), to);
  });

  it('of the loss of classes', async () => {
    const { given, wanted } = network('swinunet', '');
    const { loss, ce, dice } = classLoss(given('output'), given('target'), 0.6);
    for (const [tensor, name] of [
      [loss, 'loss'],
      [ce, 'loss.ce'],
      [dice, 'loss.dice'],
    ] as const) {
      expect(relativeError(await values(tensor, new Map()), wanted(name)), name).toBeLessThan(2e-6);
    }
  });
});
