/**
 * Which model a checkpoint holds: architecture and sizes, told by the names and shapes of its tensors. The weights
 * are not looked at; stateDict.ts checks that all of them are there.
 */
import { SamusError } from '../errors.js';
import type { StateDict } from '../graph/tensorData.js';
import { isScaleName } from '../nn/parameters.js';
import type { ModelConfig, SamConfig } from './config.js';
import { checkConfig } from './configFile.js';

/** No shape tells the number of heads in the decoder: it is 8 in everything published. */
const DECODER_HEADS = 8;

/** A derivative that shares SAM's names, and how to know it. Most telling first. */
interface Derivative {
  readonly name: string;
  readonly tells: RegExp;
  readonly hint: string;
}

const ANOTHER = 'use a SAM or SAMUS checkpoint';

const DERIVATIVES: readonly Derivative[] = [
  {
    name: 'AutoSAMUS',
    tells: /^(prompt_generator|feature_adapter)\./,
    hint: 'AutoSAMUS is not supported yet; the SAMUS checkpoint that it was trained from is',
  },
  { name: 'SAMed', tells: /\.qkv\.linear_[ab]_[qv]\./, hint: `SAMed is not supported yet: ${ANOTHER}` },
  {
    // Bottlenecks where SAMUS has cross-branch attention.
    name: 'Medical SAM Adapter',
    tells: /^image_encoder\.blocks\.\d+\.Space_Adapter\.D_fc1\./,
    hint: `Medical SAM Adapter is not supported yet: ${ANOTHER}`,
  },
  { name: 'HQ-SAM', tells: /^mask_decoder\.(hf_|compress_vit_feat)/, hint: ANOTHER },
  { name: 'MobileSAM', tells: /^image_encoder\.layers\./, hint: ANOTHER },
  { name: 'SAM 2', tells: /^(sam_mask_decoder|image_encoder\.trunk)\./, hint: ANOTHER },
];

/**
 * The sizes of the model whose state dict this is.
 * @throws SamusError MODEL_ARCHITECTURE_UNSUPPORTED for a known derivative, MODEL_ARCHITECTURE_UNKNOWN for anything
 *   else that is neither SAM nor SAMUS, CHECKPOINT_TENSOR_MISSING and CHECKPOINT_TENSOR_SHAPE if a tensor that tells
 *   a size is missing or has the wrong number of dimensions, CONFIG_FIELD if the sizes contradict each other
 */
export function detectConfig(tensors: StateDict): ModelConfig {
  const names = [...tensors.keys()];
  checkArchitecture(names);
  const position = shapeOf(tensors, 'image_encoder.pos_embed', 4);
  const patch = shapeOf(tensors, 'image_encoder.patch_embed.proj.weight', 4);
  const depth = blockNumbers(names, '').length;
  const [positionGrid, dim, patchKernel] = [position[1]!, position[3]!, patch[2]!];
  const tables = Array.from({ length: depth }, (_, i) =>
    shapeOf(tensors, `image_encoder.blocks.${i}.attn.rel_pos_h`, 2),
  );
  const sides = tables.map(([rows]) => (rows! + 1) / 2);
  const samus = names.some((name) => name.startsWith('image_encoder.cnn_embed.'));
  const globalBlocks = samus
    ? blockNumbers(names, 'Space_Adapter.')
    : sides.flatMap((side, i) => (side === positionGrid ? [i] : []));
  const firstGlobal = globalBlocks[0];
  const tokenGrid = samus && firstGlobal !== undefined ? sides[firstGlobal]! : positionGrid;
  const shared: Omit<SamConfig, 'architecture' | 'imageSize'> = {
    tokenGrid,
    dim,
    depth,
    heads: dim / (tables[0]?.[1] ?? dim),
    globalBlocks,
    // Without windowed blocks the number is not used; the whole grid is then the window.
    window: sides.find((_, i) => !globalBlocks.includes(i)) ?? tokenGrid,
    mlp: shapeOf(tensors, 'image_encoder.blocks.0.mlp.lin1.weight', 2)[0]!,
    patchKernel,
    promptDim: shapeOf(tensors, 'image_encoder.neck.0.weight', 4)[0]!,
    decoderHeads: DECODER_HEADS,
    decoderMlp: shapeOf(tensors, 'mask_decoder.transformer.layers.0.mlp.lin1.weight', 2)[0]!,
    iouHidden: shapeOf(tensors, 'mask_decoder.iou_prediction_head.layers.0.weight', 2)[0]!,
    maskChannels: shapeOf(tensors, 'prompt_encoder.mask_downscaling.3.weight', 4)[0]!,
    ...(names.some(isScaleName) && { quantisation: 'int8' }),
  };
  const config: ModelConfig = samus
    ? { architecture: 'samus', imageSize: tokenGrid * 2 ** stages(names), ...shared, stem: stem(tensors), positionGrid }
    : { architecture: 'sam', imageSize: tokenGrid * patchKernel, ...shared };
  checkConfig(config);
  return config;
}

function checkArchitecture(names: readonly string[]): void {
  const derivative = DERIVATIVES.find(({ tells }) => names.some((name) => tells.test(name)));
  const seen = derivative && names.find((name) => derivative.tells.test(name));
  if (derivative && seen) {
    throw new SamusError(
      'MODEL_ARCHITECTURE_UNSUPPORTED',
      `a SAM or SAMUS checkpoint was expected, this is ${derivative.name} (it holds ${seen})`,
      derivative.hint,
      { architecture: derivative.name, tensor: seen },
    );
  }
  const parts = ['image_encoder.', 'prompt_encoder.', 'mask_decoder.'];
  const missing = parts.filter((part) => !names.some((name) => name.startsWith(part)));
  if (missing.length === 0) return;
  const first = names.slice(0, 3);
  throw new SamusError(
    'MODEL_ARCHITECTURE_UNKNOWN',
    `a SAM or SAMUS checkpoint was expected, but no tensor of these ${names.length} is called ${missing.join('…, ')}…; the first are ${first.join(', ')}`,
    ANOTHER,
    { missing, first },
  );
}

/** Blocks that have tensors under `part`, in ascending order. */
function blockNumbers(names: readonly string[], part: string): number[] {
  const numbers = new Set<number>();
  for (const name of names) {
    const match = /^image_encoder\.blocks\.(\d{1,4})\.(.*)$/.exec(name);
    if (match?.[2]?.startsWith(part)) numbers.add(Number(match[1]));
  }
  return [...numbers].sort((a, b) => a - b);
}

/** How often the CNN branch halves the image. */
function stages(names: readonly string[]): number {
  return names.filter((name) => /^image_encoder\.cnn_embed\.downs\.\d+\.maxpool_conv\.1\.weight$/.test(name)).length;
}

function stem(tensors: StateDict): number {
  return shapeOf(tensors, 'image_encoder.cnn_embed.inc.conv.0.weight', 4)[0]!;
}

function shapeOf(tensors: StateDict, name: string, rank: number): readonly number[] {
  const tensor = tensors.get(name);
  if (!tensor) {
    throw new SamusError(
      'CHECKPOINT_TENSOR_MISSING',
      `the checkpoint has no tensor ${name}, which tells a size of the model`,
      'the checkpoint is incomplete or of another architecture: save the whole model again',
      { missing: [name] },
    );
  }
  if (tensor.shape.length === rank) return tensor.shape;
  throw new SamusError(
    'CHECKPOINT_TENSOR_SHAPE',
    `${name} must have ${rank} dimensions, its shape is [${tensor.shape.join(', ')}]`,
    'the checkpoint is of another architecture: use a SAM or SAMUS checkpoint',
    { misshapen: [{ name, expected: rank, came: [...tensor.shape] }] },
  );
}
