/**
 * Files of pretrained weights, by the names and shapes of the public files: torchvision's ResNet-34, timm's vision transformers,
 * Swin-T, and R50+ViT-B_16.npz.
 */
import { describe, expect, it } from 'vitest';
import { TINY } from '../../test/support/tinyModel.js';
import { float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import { Random } from '../nn/random.js';
import type { ModelConfig } from './architecture.js';
import { parametersOf } from './graphs.js';
import { architectureOf, presets } from './registry.js';
import { backboneWeights, findBackbone } from './startFrom.js';

type Layout = Map<string, readonly number[]>;

const NORM = ['weight', 'bias', 'running_mean', 'running_var'];

/** torchvision's ResNet-34. @param width of its first layer */
function resnet34Layout(width = 64): Layout {
  const layout: Layout = new Map();
  const norm = (name: string, channels: number) => NORM.map((end) => layout.set(`${name}.${end}`, [channels]));
  layout.set('conv1.weight', [width, 3, 7, 7]);
  norm('bn1', width);
  for (const [i, blocks] of [3, 4, 6, 3].entries()) {
    const outputs = width * 2 ** i;
    for (let block = 0; block < blocks; block++) {
      const name = `layer${i + 1}.${block}`;
      const inputs = block === 0 && i > 0 ? outputs / 2 : outputs;
      layout.set(`${name}.conv1.weight`, [outputs, inputs, 3, 3]).set(`${name}.conv2.weight`, [outputs, outputs, 3, 3]);
      norm(`${name}.bn1`, outputs);
      norm(`${name}.bn2`, outputs);
      if (inputs === outputs) continue;
      layout.set(`${name}.downsample.0.weight`, [outputs, inputs, 1, 1]);
      norm(`${name}.downsample.1`, outputs);
    }
  }
  return layout.set('fc.weight', [1000, 8 * width]).set('fc.bias', [1000]);
}

/** timm's vision transformer for patches of 16 pixels. @param tokens before those of the image */
function vitLayout(width: number, depth: number, side: number, tokens = 1): Layout {
  const layout: Layout = new Map([
    ['cls_token', [1, 1, width]],
    ['pos_embed', [1, tokens + side * side, width]],
    ['patch_embed.proj.weight', [width, 3, 16, 16]],
    ['patch_embed.proj.bias', [width]],
    ['norm.weight', [width]],
    ['norm.bias', [width]],
    ['head.weight', [1000, width]],
    ['head.bias', [1000]],
  ]);
  for (let i = 0; i < depth; i++) block(layout, `blocks.${i}`, width);
  return layout;
}

function block(layout: Layout, name: string, width: number): void {
  for (const part of ['norm1', 'norm2'])
    for (const end of ['weight', 'bias']) layout.set(`${name}.${part}.${end}`, [width]);
  for (const [part, outputs, inputs] of [
    ['attn.qkv', 3 * width, width],
    ['attn.proj', width, width],
    ['mlp.fc1', 4 * width, width],
    ['mlp.fc2', width, 4 * width],
  ] as const) {
    layout.set(`${name}.${part}.weight`, [outputs, inputs]).set(`${name}.${part}.bias`, [outputs]);
  }
}

/** Swin-T with windows of 7. */
function swinLayout(width = 96, heads = [3, 6, 12, 24], window = 7): Layout {
  const layout: Layout = new Map([
    ['patch_embed.proj.weight', [width, 3, 4, 4]],
    ['patch_embed.proj.bias', [width]],
    ['patch_embed.norm.weight', [width]],
    ['patch_embed.norm.bias', [width]],
    ['norm.weight', [8 * width]],
    ['norm.bias', [8 * width]],
  ]);
  for (const [i, blocks] of [2, 2, 6, 2].entries()) {
    const channels = width * 2 ** i;
    for (let j = 0; j < blocks; j++) {
      const name = `layers.${i}.blocks.${j}`;
      block(layout, name, channels);
      layout.set(`${name}.attn.relative_position_bias_table`, [(2 * window - 1) ** 2, heads[i]!]);
    }
    if (i === 3) continue;
    layout.set(`layers.${i}.downsample.reduction.weight`, [2 * channels, 4 * channels]);
    for (const end of ['weight', 'bias']) layout.set(`layers.${i}.downsample.norm.${end}`, [4 * channels]);
  }
  return layout;
}

interface HybridSizes {
  readonly width: number;
  readonly units: readonly number[];
  readonly hidden: number;
  readonly mlp: number;
  readonly heads: number;
  readonly layers: number;
}

/** R50+ViT-B_16.npz: convolutions [kh, kw, I, O], dense layers [I, O], attention by head. */
function hybridLayout({ width, units, hidden, mlp, heads, layers }: HybridSizes, side = 14): Layout {
  const layout: Layout = new Map([['conv_root/kernel', [7, 7, 3, width]]]);
  const norm = (name: string, channels: number) => {
    for (const end of ['scale', 'bias']) layout.set(`${name}/${end}`, [channels]);
  };
  norm('gn_root', width);
  let inputs = width;
  for (const [b, count] of units.entries()) {
    const [middle, outputs] = [width * 2 ** b, 4 * width * 2 ** b];
    for (let unit = 1; unit <= count; unit++) {
      const name = `block${b + 1}/unit${unit}`;
      layout.set(`${name}/conv1/kernel`, [1, 1, inputs, middle]);
      layout.set(`${name}/conv2/kernel`, [3, 3, middle, middle]);
      layout.set(`${name}/conv3/kernel`, [1, 1, middle, outputs]);
      norm(`${name}/gn1`, middle);
      norm(`${name}/gn2`, middle);
      norm(`${name}/gn3`, outputs);
      if (unit === 1) {
        layout.set(`${name}/conv_proj/kernel`, [1, 1, inputs, outputs]);
        norm(`${name}/gn_proj`, outputs);
      }
      inputs = outputs;
    }
  }
  layout.set('embedding/kernel', [1, 1, inputs, hidden]).set('embedding/bias', [hidden]);
  layout.set('Transformer/posembed_input/pos_embedding', [1, 1 + side * side, hidden]);
  norm('Transformer/encoder_norm', hidden);
  for (let i = 0; i < layers; i++) {
    const name = `Transformer/encoderblock_${i}`;
    norm(`${name}/LayerNorm_0`, hidden);
    norm(`${name}/LayerNorm_2`, hidden);
    const attention = `${name}/MultiHeadDotProductAttention_1`;
    for (const part of ['query', 'key', 'value']) {
      layout.set(`${attention}/${part}/kernel`, [hidden, heads, hidden / heads]);
      layout.set(`${attention}/${part}/bias`, [heads, hidden / heads]);
    }
    layout.set(`${attention}/out/kernel`, [heads, hidden / heads, hidden]).set(`${attention}/out/bias`, [hidden]);
    layout.set(`${name}/MlpBlock_3/Dense_0/kernel`, [hidden, mlp]).set(`${name}/MlpBlock_3/Dense_0/bias`, [mlp]);
    layout.set(`${name}/MlpBlock_3/Dense_1/kernel`, [mlp, hidden]).set(`${name}/MlpBlock_3/Dense_1/bias`, [hidden]);
  }
  return layout;
}

/** A file of that layout with random numbers. */
function fileOf(layout: Layout): Map<string, TensorData<'float32'>> {
  const random = Random.seeded(3);
  const filled = [...layout].map(([name, shape]): [string, TensorData<'float32'>] => [
    name,
    float32(
      Float32Array.from({ length: sizeOf(shape) }, () => random.normal()),
      shape,
    ),
  ]);
  return new Map(filled);
}

function published(name: string): ModelConfig {
  const config = presets().get(name);
  if (!config) throw new Error(`there is no preset ${name}`);
  return config;
}

function withSizes(name: string, sizes: object): ModelConfig {
  return { ...published(name), ...sizes };
}

/** The tensors of the file that a network has no use for. */
const FILES: readonly (readonly [string, number, Layout, RegExp])[] = [
  ['cenet-b', 0, resnet34Layout(), /^fc\./],
  ['fatnet-b', 0, resnet34Layout(), /^fc\./],
  ['cpfnet-b', 0, resnet34Layout(), /^$/],
  ['h2former-b', 0, resnet34Layout(), /^fc\./],
  ['transfuse-b', 0, resnet34Layout(), /^(fc|layer4)\./],
  ['fatnet-b', 1, vitLayout(192, 12, 14, 2), /^(norm|head|cls_token|pos_embed)/],
  ['transfuse-b', 1, vitLayout(384, 12, 14), /^(head|blocks\.(8|9|10|11))\./],
  ['setr-b', 0, vitLayout(1024, 24, 24), /^(norm|head)\./],
  ['swinunet-b', 0, swinLayout(), /^layers\.2\.blocks\.[2-5]\./],
  [
    'transunet-b',
    0,
    hybridLayout({ width: 64, units: [3, 4, 9], hidden: 768, mlp: 3072, heads: 12, layers: 12 }),
    /^$/,
  ],
];

describe.each(FILES)('the preset %s with its backbone %i', (preset, place, layout, unused) => {
  const config = published(preset);
  const { nameOf } = architectureOf(config).backbones![place]!;

  it('takes every tensor of the file that it has a part for', () => {
    const weights = parametersOf(config).filter(({ dtype }) => dtype === 'float32');
    const named = weights.flatMap((weight) => {
      const name = nameOf(weight.name);
      return name === undefined ? [] : [{ name, weight }];
    });
    const used = new Set(named.map(({ name }) => name));
    expect([...layout.keys()].filter((name) => !used.has(name) && !unused.test(name))).toEqual([]);
    expect(named.filter(({ name, weight }) => !layout.has(name) && !weight.unused).map(({ name }) => name)).toEqual([]);
    const unlike = named.filter(({ name, weight }) => {
      const shape = layout.get(name);
      return shape && !/pos_emb|bias_table/.test(name) && sizeOf(shape) !== sizeOf(weight.shape);
    });
    expect(unlike.map(({ name }) => name)).toEqual([]);
  });
});
describe('the weights of a backbone', () => {
  const tiny = (id: string): ModelConfig => TINY[id]!;

  it('are those of the file, the positions brought to the grid', () => {
    const config = { ...published('transfuse-s'), tokens: 8, heads: 2, depth: 2, grid: [2, 3], width: 4 };
    const file = fileOf(vitLayout(8, 3, 3));
    const taken = backboneWeights(config, file);
    expect(taken.get('transformer.blocks.1.attn.qkv.weight')).toEqual(file.get('blocks.1.attn.qkv.weight'));
    expect(taken.has('resnet.conv1.weight')).toBe(false);
    const table = file.get('pos_embed')!.data;
    const positions = taken.get('transformer.pos_embed')!;
    expect(positions.shape).toEqual([1, 6, 8]);
    // The corners of both grids coincide: rows 0 and 2 of three, all columns.
    for (const [token, place] of [0, 1, 2, 6, 7, 8].entries()) {
      expect(Number(positions.data[token * 8 + 5])).toBeCloseTo(table[(1 + place) * 8 + 5]!, 6);
    }
  });

  it('of SETR keep the position of the class token, and halve the grid between half pixels', () => {
    const config = { ...published('setr-s'), imageSize: 32, width: 8, depth: 1, heads: 2, head: 4, auxiliary: [0] };
    const file = fileOf(vitLayout(8, 2, 4));
    const positions = backboneWeights(config, file).get('backbone.pos_embed')!;
    const table = file.get('pos_embed')!.data;
    expect(positions.shape).toEqual([1, 5, 8]);
    expect(positions.data.slice(0, 8)).toEqual(table.slice(0, 8));
    const mean = [0, 1, 4, 5].reduce((sum, place) => sum + table[(1 + place) * 8 + 3]! / 4, 0);
    expect(Number(positions.data[8 + 3])).toBeCloseTo(mean, 6);
  });

  it('of EfficientNet-Lite0 are those of its blocks down to a sixteenth of the image', () => {
    const backbone = 'image_encoder.cnn_embed.backbone.';
    const config = published('samus-s2');
    const own = parametersOf(config).filter(({ name }) => name.startsWith(backbone));
    const file = fileOf(new Map(own.map(({ name, shape }) => [name.slice(backbone.length), shape])));
    file.set('_blocks.11._expand_conv.weight', float32([0], [1]));
    const taken = backboneWeights(config, file);
    expect([...taken.keys()]).toEqual(own.flatMap(({ name, dtype }) => (dtype === 'float32' ? [name] : [])));
    expect(taken.get(`${backbone}_blocks.10._project_conv.weight`)?.shape).toEqual([112, 672, 1, 1]);
    expect(findBackbone(config, [{ key: '', tensors: file }])?.names.size).toBe(file.size);
    expect(() => backboneWeights(published('samus-s'), file)).toThrow(
      expect.objectContaining({ code: 'BACKBONE_NONE' }),
    );
    // EfficientNet-B0 has the same names and more.
    file.set('_blocks.0._se_reduce.weight', float32([0], [1]));
    expect(() => backboneWeights(config, file)).toThrow(expect.objectContaining({ code: 'BACKBONE_FILE' }));
  });

  it('of Swin-Unet go to encoder and decoder; tables of other windows stay random', () => {
    const config = { ...published('swinunet-s'), width: 8, heads: [1, 2, 2, 4] };
    const taken = backboneWeights(config, fileOf(swinLayout(8, [1, 2, 2, 4])));
    expect(taken.get('swin_unet.layers_up.1.blocks.1.mlp.fc1.weight')).toBe(
      taken.get('swin_unet.layers.2.blocks.1.mlp.fc1.weight'),
    );
    expect(taken.has('swin_unet.layers.0.blocks.0.attn.relative_position_bias_table')).toBe(false);
    const same = backboneWeights(config, fileOf(swinLayout(8, [1, 2, 2, 4], 8)));
    expect(same.has('swin_unet.layers_up.3.blocks.0.attn.relative_position_bias_table')).toBe(true);
  });

  it('of TransUNet are turned to the layout of PyTorch', () => {
    const sizes = { width: 4, units: [1, 2, 1], hidden: 8, mlp: 16, heads: 2, layers: 1 };
    const config = { ...published('transunet-s'), ...sizes, imageSize: 32, groups: 2, head: 8, decoder: [8, 4, 4, 4] };
    const file = fileOf(hybridLayout(sizes, 3));
    const taken = backboneWeights(config, file);
    const body = 'transformer.embeddings.hybrid_model.body';
    const [kernel, conv] = [file.get('block2/unit1/conv2/kernel')!, taken.get(`${body}.block2.unit1.conv2.weight`)!];
    expect(conv.shape).toEqual([8, 8, 3, 3]);
    // Output 5, input 2, row 1, column 0.
    expect(conv.data[((5 * 8 + 2) * 3 + 1) * 3]).toBe(kernel.data[((1 * 3 + 0) * 8 + 2) * 8 + 5]);
    const attention = 'Transformer/encoderblock_0/MultiHeadDotProductAttention_1';
    const query = taken.get('transformer.encoder.layer.0.attn.query.weight')!;
    // Output 6 is channel 2 of head 1.
    expect(query.data[6 * 8 + 3]).toBe(file.get(`${attention}/query/kernel`)!.data[(3 * 2 + 1) * 4 + 2]);
    const out = taken.get('transformer.encoder.layer.0.attn.out.weight')!;
    expect(out.data[7 * 8 + 6]).toBe(file.get(`${attention}/out/kernel`)!.data[(1 * 4 + 2) * 8 + 7]);
    expect(taken.get('transformer.encoder.layer.0.attn.query.bias')!.shape).toEqual([8]);
    expect(taken.get('transformer.embeddings.position_embeddings')!.shape).toEqual([1, 4, 8]);
    expect(taken.get('transformer.encoder.encoder_norm.weight')!.data).toEqual(
      file.get('Transformer/encoder_norm/scale')!.data,
    );
  });

  it.each<[string, ModelConfig, StateDict, string, string]>([
    ['a network without one', tiny('unet'), new Map(), 'BACKBONE_NONE', 'U-Net'],
    ['another file', published('cenet-b'), fileOf(vitLayout(8, 1, 2)), 'BACKBONE_FILE', 'expected ResNet-34'],
    [
      'a file of other widths',
      published('cenet-s'),
      fileOf(resnet34Layout(8)),
      'BACKBONE_FILE',
      'of shape [16, 3, 7, 7]',
    ],
    [
      'a smaller file',
      withSizes('transfuse-s', { tokens: 8, heads: 2, depth: 3, width: 4 }),
      fileOf(vitLayout(8, 2, 2)),
      'BACKBONE_FILE',
      'blocks.2.',
    ],
  ])('refuses %s', (_, config, file, code, message) => {
    expect(() => backboneWeights(config, file)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('are found under the keys of training scripts', () => {
    const tensors = new Map([...resnet34Layout(4)].map(([name, shape]) => [`module.${name}`, { shape }]));
    const dicts = [
      { key: 'optimizer', tensors: new Map() },
      { key: 'model', tensors },
    ];
    const found = findBackbone(published('cenet-s'), dicts);
    expect([found?.key, found?.names.get('module.conv1.weight')]).toEqual(['model', 'conv1.weight']);
  });
});
