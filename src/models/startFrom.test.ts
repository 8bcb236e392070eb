/**
 * Models that start from others: trained weights alone, public checkpoints, and the random start.
 */
import { describe, expect, it } from 'vitest';
import { TINY, TINY_SAM, tinyWeights } from '../../test/support/tinyModel.js';
import { float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import { Random } from '../nn/random.js';
import type { ModelConfig } from './architecture.js';
import { parametersOf } from './graphs.js';
import { checkStateDict, modelFromParts, modelFromTensors } from './model.js';
import { architectureOf, presets, recognise } from './registry.js';
import { completedFrom, startOf } from './startFrom.js';

function published(name: string): ModelConfig {
  const config = presets().get(name);
  if (!config) throw new Error(`there is no preset ${name}`);
  return config;
}
/** As SAMed's authors save it: the products by number, and prompt encoder and decoder. */
function samedPartial(whole: StateDict): Map<string, TensorData> {
  const named = [...whole].flatMap(([name, tensor]): [string, TensorData][] => {
    const [, block, side, part] = /blocks\.(\d+)\.attn\.qkv\.linear_([ab])_([qv])\.weight$/.exec(name) ?? [];
    if (block === undefined) return /^sam\.image_encoder/.test(name) ? [] : [[name.replace('sam.', ''), tensor]];
    return [[`w_${side}_${String(2 * Number(block) + (part === 'q' ? 0 : 1)).padStart(3, '0')}`, tensor]];
  });
  return new Map(named);
}

describe('a checkpoint of trained weights alone', () => {
  const sam = { config: TINY_SAM, tensors: tinyWeights(TINY_SAM, 5) };
  const config = { ...startOf(architectureOf({ architecture: 'samed' }), TINY_SAM)!.config(), classes: 3, rank: 2 };
  const whole = tinyWeights(config, 6);
  const partial = samedPartial(whole);

  it('is completed by the SAM that it was trained from', () => {
    expect(partial.has('w_b_003')).toBe(true);
    const completed = completedFrom(sam, partial, Random.seeded(1));
    expect(completed.config).toEqual(config);
    const expected = (name: string) => partial.get(name)!.data;
    const got = (name: string) => completed.tensors.get(name)?.data;
    expect(got('sam.image_encoder.blocks.1.attn.qkv.linear_b_v.weight')).toEqual(expected('w_b_003'));
    expect(got('sam.mask_decoder.mask_tokens.weight')).toEqual(expected('mask_decoder.mask_tokens.weight'));
    expect(got('sam.image_encoder.blocks.1.mlp.lin1.weight')).toEqual(
      sam.tensors.get('image_encoder.blocks.1.mlp.lin1.weight')!.data,
    );
  });

  it('is refused without that, with another, and with weights missing', () => {
    expect(() => modelFromTensors('half', partial)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_PARTIAL' }));
    const unet = { config: TINY.unet!, tensors: tinyWeights(TINY.unet!) };
    expect(() => completedFrom(unet, partial, Random.seeded(1))).toThrow(
      expect.objectContaining({ code: 'INIT_FROM' }),
    );
    expect(() => completedFrom(sam, sam.tensors, Random.seeded(1))).toThrow(
      expect.objectContaining({ code: 'MODEL_ARCHITECTURE_UNKNOWN' }),
    );
    const less = new Map([...partial].filter(([name]) => name !== 'w_a_002'));
    expect(() => completedFrom(sam, less, Random.seeded(1))).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_TENSOR_MISSING', message: expect.stringContaining('linear_a_q') }),
    );
  });
});

describe('public checkpoints', () => {
  it.each([
    ['swinunet', 'swin_unet.layers.0.blocks.1.attn_mask', 'swin_unet.layers.0.blocks.0.attn.relative_position_index'],
    ['h2former', 'swin_layers.0.blocks.1.attn_mask', 'swin_layers.1.blocks.0.attn.relative_position_index'],
    ['fatnet', 'FAM1.0.conv3.weight', 'FAM3.1.conv1.bias'],
  ])('of %s may repeat what sizes and weights say', (id, ...names) => {
    const weights = tinyWeights(TINY[id]!);
    for (const name of names) weights.set(name, float32([0], [1]));
    expect(checkStateDict(TINY[id]!, weights).unexpected).toEqual([]);
    weights.set('other.weight', float32([0], [1]));
    expect(checkStateDict(TINY[id]!, weights).unexpected).toEqual(['other.weight']);
  });

  it.each([
    [64, 4],
    [128, 4],
    [224, 7],
  ])('of Swin-Unet for %i pixels show the windows of %i', (imageSize, window) => {
    const config = { ...published('swinunet-s'), imageSize, window };
    const shapes = new Map(parametersOf(config).map(({ name, shape }) => [name, { shape }]));
    expect(recognise(shapes)).toEqual(config);
  });

  it('of MedSAM have the names of SAM, and are MedSAM where a config.json or --config says so', () => {
    const weights = tinyWeights(TINY_SAM);
    expect(modelFromTensors('medsam', weights).config.architecture).toBe('sam');
    expect(modelFromParts('medsam', { ...TINY_SAM, architecture: 'medsam' }, weights).config.architecture).toBe(
      'medsam',
    );
  });
});

it.each(['medsam', 'samed', 'msa', 'samadapter'])('the small %s starts from the small SAM', (id) => {
  const start = startOf(architectureOf({ architecture: id }), published('sam-s'));
  expect(start?.config()).toEqual(published(`${id}-s`));
});

describe('random weights', () => {
  const startOfWeight = (id: string, name: string) =>
    parametersOf(TINY[id]!).find((parameter) => parameter.name === name)?.initialisation;

  it.each([
    ['missformer', 'decoder_1.layer_former_1.attn.q.bias', { kind: 'constant', value: 0 }],
    ['missformer', 'decoder_1.concat_linear.bias', { kind: 'constant', value: 0 }],
    ['cpfnet', 'mce_3.conv_out.1.weight', { kind: 'normal', mean: 1, deviation: 0.02 }],
    ['cpfnet', 'decoder4.sap.gamma', { kind: 'constant', value: 0 }],
    ['cpfnet', 'backbone.bn1.weight', { kind: 'constant', value: 1 }],
    ['canet', 'attentionblock2.gate_block_1.W.1.weight', { kind: 'normal', mean: 1, deviation: 0.02 }],
    ['cenet', 'dblock.dilate1.bias', { kind: 'constant', value: 0 }],
    ['msa', 'mask_decoder.transformer.layers.0.self_attn.q_proj.bias', { kind: 'constant', value: 0 }],
  ])("of %s start as in its authors' code: %s", (id, name, expected) => {
    expect(startOfWeight(id, name)).toEqual(expected);
  });

  it('of other kinds have the published bounds', () => {
    const shapeOf = (id: string, name: string) => parametersOf(TINY[id]!).find((one) => one.name === name)!.shape;
    const xavier = 'decoder_1.concat_linear.weight';
    const [outputs = 0, inputs = 0] = shapeOf('missformer', xavier);
    expect(startOfWeight('missformer', xavier)).toEqual({ kind: 'uniform', bound: Math.sqrt(6 / (inputs + outputs)) });
    const query = 'mask_decoder.transformer.layers.0.self_attn.q_proj.weight';
    const [inner = 0, width = 0] = shapeOf('msa', query);
    expect(startOfWeight('msa', query)).toEqual({ kind: 'uniform', bound: Math.sqrt(6 / (width + 3 * inner)) });
    const proj = 'image_encoder.prompt_generator.prompt_generator.proj.weight';
    const [channels = 0, , height = 0, across = 0] = shapeOf('samadapter', proj);
    expect(startOfWeight('samadapter', proj)).toEqual({
      kind: 'normal',
      deviation: Math.sqrt(2 / (channels * height * across)),
    });
  });
});

describe('MSA from SAM', () => {
  const start = startOf(architectureOf({ architecture: 'msa' }), TINY_SAM)!;
  const tables = (config: ModelConfig) => {
    const weights = start.weights(tinyWeights(TINY_SAM, 5), config, Random.seeded(1));
    return weights.get('image_encoder.blocks.0.attn.rel_h')!;
  };

  it('has no relative positions, as released', () => {
    expect(tables(start.config()).data).toEqual(new Float32Array(tables(start.config()).data.length));
  });

  it("has SAM's where its configuration asks for them", () => {
    const config = { ...start.config(), samTables: true };
    const given = tinyWeights(TINY_SAM, 5).get('image_encoder.blocks.0.attn.rel_pos_h')!;
    expect(tables(config).data).toEqual(given.data);
  });
});
