/**
 * The file that TransUNet starts from: R50+ViT-B_16.npz (ImageNet-21k), by the names and layouts of its JAX code: convolutions
 * [kh, kw, I, O], dense layers [I, O], attention by head.
 */
import { float32, type TensorData } from '../../graph/tensorData.js';
import type { Backbone } from '../architecture.js';
import { resizedPositions } from '../backbone.js';
import type { TransUnetConfig } from './config.js';

const EMBEDDINGS = 'transformer.embeddings.';
const BODY = `${EMBEDDINGS}hybrid_model.`;
const LAYER = /^transformer\.encoder\.layer\.(\d+)\.(.*)\.(weight|bias)$/;

/** Modules of a layer of the transformer by their names in the file. */
const MODULES: Readonly<Record<string, string>> = {
  attention_norm: 'LayerNorm_0',
  ffn_norm: 'LayerNorm_2',
  'ffn.fc1': 'MlpBlock_3/Dense_0',
  'ffn.fc2': 'MlpBlock_3/Dense_1',
  'attn.query': 'MultiHeadDotProductAttention_1/query',
  'attn.key': 'MultiHeadDotProductAttention_1/key',
  'attn.value': 'MultiHeadDotProductAttention_1/value',
  'attn.out': 'MultiHeadDotProductAttention_1/out',
};

export const R50_VIT_B16: Backbone<TransUnetConfig> = {
  title: 'R50+ViT-B_16.npz',
  mark: 'conv_root/kernel',
  nameOf,
  shaped: (tensor, { name, shape }) =>
    name === `${EMBEDDINGS}position_embeddings` ? positions(tensor, shape) : transposed(tensor, shape),
};

function nameOf(weight: string): string | undefined {
  if (weight === `${EMBEDDINGS}position_embeddings`) return 'Transformer/posembed_input/pos_embedding';
  const [, layer, module = '', kind = ''] = LAYER.exec(weight) ?? [];
  if (layer !== undefined) return `Transformer/encoderblock_${layer}/${MODULES[module]}/${entry(module, kind)}`;
  const [, part = '', end = ''] = /^(.*)\.(weight|bias)$/.exec(weight) ?? [];
  if (part === 'transformer.encoder.encoder_norm') return `Transformer/encoder_norm/${entry('norm', end)}`;
  if (part === `${EMBEDDINGS}patch_embeddings`) return `embedding/${entry('conv', end)}`;
  if (!part.startsWith(BODY)) return undefined;
  const inside = part
    .slice(BODY.length)
    .replace(/^root\.(conv|gn)$/, '$1_root')
    .replace(/^body\./, '')
    .replace('downsample', 'conv_proj')
    .replaceAll('.', '/');
  return `${inside}/${entry(/gn/.test(inside) ? 'norm' : 'conv', end)}`;
}

function entry(module: string, kind: string): string {
  if (kind === 'bias') return 'bias';
  return module.endsWith('norm') ? 'scale' : 'kernel';
}

/** The square of the file without its class token, at the size of the model. */
function positions(table: TensorData<'float32'>, [, tokens = 0]: readonly number[]): TensorData<'float32'> {
  const side = Math.sqrt(tokens);
  return resizedPositions(table, 0, [side, side], true);
}

/**
 * A kernel [..., I, O] as PyTorch's [O, I, ...]; anything else with its axes of 1 and its heads merged. Another number of
 * elements stays, so that its shape is reported.
 */
function transposed(tensor: TensorData<'float32'>, shape: readonly number[]): TensorData<'float32'> {
  const count = shape.reduce((a, b) => a * b, 1);
  if (tensor.data.length !== count) return tensor;
  if (shape.length === 1) return float32(tensor.data, shape);
  const [outputs = 1, inputs = 1, ...kernel] = shape;
  const places = kernel.reduce((a, b) => a * b, 1);
  const data = new Float32Array(count);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let k = 0; k < places; k++)
        data[(o * inputs + i) * places + k] = tensor.data[(k * inputs + i) * outputs + o]!;
    }
  }
  return float32(data, shape);
}
