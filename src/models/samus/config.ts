/**
 * Sizes of SAMUS: SAM's, and those of its added parts.
 */
import type { Shapes } from '../../graph/tensorData.js';
import { type ConfigRule, countOf, type FieldReader, shapeOf } from '../configFields.js';
import {
  blocksWith,
  hasSamParts,
  readSizes,
  recogniseSizes,
  SAM_VIT_B,
  type SamSizes,
  sizeRules,
} from '../sam/config.js';
import { DETAIL_MARK } from '../sam/detailMaps.js';

/**
 * The parts that SAMUS adds to SAM and that the paper's ablation leaves out (v2, Table 4), by their names in `config.json`.
 * `false` removes one. Its replacement: nothing for the two branches' parts and the feature adapters; the
 * position table resized bilinearly to the token grid for the position adapter.
 */
export const SAMUS_PARTS = ['cnnBranch', 'crossBranchAttention', 'featureAdapters', 'positionAdapter'] as const;

/** CNN branches other than the published one, by their names in `config.json`. */
const CNN_BRANCHES = ['efficientnet-lite0'] as const;

/** How much smaller than the image the last map of such a branch is. */
const CNN_STRIDE = 16;

type SamusParts = { readonly [P in (typeof SAMUS_PARTS)[number]]?: false };

/** What SAMUS and what is built on it have. */
export interface SamusSizes extends SamSizes, SamusParts {
  /** Channels of the first convolution of the CNN branch; they double at each stage. */
  readonly stem: number;
  /** Side of SAM's absolute position table, in tokens. */
  readonly positionGrid: number;
  /** The CNN branch, where it is not the published one. */
  readonly cnn?: (typeof CNN_BRANCHES)[number];
  /** Whether its batch norms train on the statistics of the batch; without it they keep the stored ones. */
  readonly cnnBatchStatistics?: true;
}

export interface SamusConfig extends SamusSizes {
  readonly architecture: 'samus';
}

/** SAMUS as published: SAM's ViT-B on 256×256 pixels and 32×32 tokens. */
export const SAMUS_B: SamusConfig = {
  ...SAM_VIT_B,
  architecture: 'samus',
  imageSize: 256,
  tokenGrid: 32,
  stem: 64,
  positionGrid: 64,
};

/** A small SAMUS with all its parts, for a laptop's CPU and for browsers; its patches overlap by half, as published. */
export const SAMUS_S: SamusConfig = {
  ...SAMUS_B,
  tokenGrid: 16,
  patchKernel: 32,
  stem: 16,
  dim: 256,
  depth: 6,
  heads: 4,
  globalBlocks: [2, 5],
  mlp: 1024,
  window: 8,
  promptDim: 128,
  decoderMlp: 512,
  iouHidden: 128,
};

/**
 * A small SAMUS whose CNN branch starts from ImageNet weights (EfficientNet-Lite0), and that predicts whether the object is there. With a
 * branch that sees more, four blocks are enough.
 */
export const SAMUS_S2: SamusConfig = {
  ...SAMUS_S,
  stem: SAMUS_B.stem,
  depth: 4,
  globalBlocks: [1, 3],
  cnn: 'efficientnet-lite0',
  objectScore: true,
};

/** A tiny one of the same kind, for video: half the width, two blocks. */
export const SAMUS_T: SamusConfig = {
  ...SAMUS_S2,
  dim: 128,
  depth: 2,
  heads: 2,
  globalBlocks: [1],
  mlp: 512,
  decoderMlp: 256,
};

export function readSamusSizes(fields: FieldReader): Omit<SamusSizes, 'architecture'> {
  const sizes = readSizes(fields);
  const parts = without(SAMUS_PARTS.filter((part) => !fields.flag(part, true)));
  const cnn = fields.choice('cnn', CNN_BRANCHES);
  return {
    ...sizes,
    stem: fields.whole('stem', 4096, cnn && SAMUS_B.stem),
    positionGrid: fields.whole('positionGrid', 512),
    ...parts,
    ...(cnn && { cnn }),
    ...(fields.flag('cnnBatchStatistics', false) && { cnnBatchStatistics: true }),
  };
}

/** The fields of `config.json` that leave these parts out. */
export function without(parts: readonly (typeof SAMUS_PARTS)[number][]): SamusParts {
  return Object.fromEntries(parts.map((part) => [part, false as const]));
}

export function readConfig(fields: FieldReader): SamusConfig {
  const objectScore = fields.flag('objectScore', false);
  const minPresence = fields.share('minPresence');
  return {
    architecture: 'samus',
    ...readSamusSizes(fields),
    ...(fields.flag('detail', false) && { detail: true }),
    ...(objectScore && { objectScore }),
    ...(minPresence !== undefined && { minPresence }),
  };
}

export function rules(config: SamusSizes): ConfigRule[] {
  const { imageSize, tokenGrid, positionGrid, cnnBranch, crossBranchAttention, cnn } = config;
  const rule = `must be tokenGrid (${tokenGrid}) times a power of two`;
  const halvings = (from: number): number => Math.log2(from / tokenGrid);
  return [
    ...sizeRules(config),
    { field: 'imageSize', holds: Number.isInteger(halvings(imageSize)) && halvings(imageSize) >= 1, rule },
    { field: 'positionGrid', holds: Number.isInteger(halvings(positionGrid)) && halvings(positionGrid) >= 0, rule },
    {
      field: 'crossBranchAttention',
      holds: cnnBranch !== false || crossBranchAttention === false,
      rule: 'must be false without the CNN branch, whose features it reads',
    },
    {
      field: 'detail',
      holds: config.detail === undefined || cnn !== undefined,
      rule: 'must be left out without cnn: the published CNN branch gives no finer maps',
    },
    {
      field: 'minPresence',
      holds: config.minPresence === undefined || config.objectScore === true,
      rule: 'must be left out without objectScore',
    },
    {
      field: 'cnn',
      holds: cnn === undefined || (cnnBranch !== false && imageSize === CNN_STRIDE * tokenGrid),
      rule: `needs a CNN branch, and an imageSize of ${CNN_STRIDE} times tokenGrid (${CNN_STRIDE * tokenGrid})`,
    },
    {
      field: 'cnnBatchStatistics',
      holds: cnn !== undefined || config.cnnBatchStatistics === undefined,
      rule: 'must be left out without cnn: the published CNN branch has no batch norms',
    },
  ];
}

/** A checkpoint with SAM's parts and a part of SAMUS; one without any of its parts has SAM's names. */
export function recogniseSamus(tensors: Shapes): Omit<SamusSizes, 'architecture'> | undefined {
  const names = [...tensors.keys()];
  const has = (start: string): boolean => names.some((name) => name.startsWith(`image_encoder.${start}`));
  const count = (part: string): number =>
    countOf(tensors, (i) => `image_encoder.${part}.downs.${i}.maxpool_conv.1.weight`);
  const [cnn, adapters, position] = [has('cnn_embed.'), has('input_Adapter.'), has('post_pos_embed.')];
  if (!hasSamParts(tensors) || !(cnn || adapters || position)) return undefined;
  const crossBranch = blocksWith(names, 'Space_Adapter.');
  const { positionGrid, ...sizes } = recogniseSizes(tensors, ({ grid, sides }) => {
    const known = [crossBranch, blocksWith(names, 'refine_Adapter.'), blocksWith(names, 'MLP_Adapter.')];
    const marked = known.find((blocks) => blocks.length > 0);
    const tokenGrid = marked ? sides[marked[0]!]! : grid / 2 ** count('post_pos_embed');
    return { tokenGrid, globalBlocks: marked ?? sides.flatMap((side, i) => (side === tokenGrid ? [i] : [])) };
  });
  const { tokenGrid, patchKernel } = sizes;
  const absent = without([
    ...(cnn ? [] : (['cnnBranch'] as const)),
    ...(crossBranch.length > 0 ? [] : (['crossBranchAttention'] as const)),
    ...(adapters ? [] : (['featureAdapters'] as const)),
    ...(position || positionGrid === tokenGrid ? [] : (['positionAdapter'] as const)),
  ]);
  if (has('cnn_embed.backbone.')) {
    const cnn = { stem: SAMUS_B.stem, positionGrid, cnn: CNN_BRANCHES[0] };
    return { imageSize: CNN_STRIDE * tokenGrid, ...sizes, ...cnn, ...absent };
  }
  // The CNN branch shows how often the image is halved; without it, patches overlap by half, as published.
  return cnn
    ? { imageSize: tokenGrid * 2 ** count('cnn_embed'), ...sizes, stem: stemOf(tensors), positionGrid, ...absent }
    : { imageSize: (tokenGrid * patchKernel) / 2, ...sizes, stem: SAMUS_B.stem, positionGrid, ...absent };
}

function stemOf(tensors: Shapes): number {
  return shapeOf(tensors, 'image_encoder.cnn_embed.inc.conv.0.weight', 4)[0]!;
}

export function recognise(tensors: Shapes): SamusConfig | undefined {
  const sizes = recogniseSamus(tensors);
  const objectScore = tensors.has('mask_decoder.obj_score_token.weight');
  const detail = tensors.has(DETAIL_MARK);
  return sizes && { architecture: 'samus', ...sizes, ...(detail && { detail }), ...(objectScore && { objectScore }) };
}
