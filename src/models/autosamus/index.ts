/**
 * AutoSAMUS (Lin et al., arXiv:2309.06824): a SAMUS that prompts itself. As released only the prompt generator and the feature adapter
 * are trained, on a SAMUS that stays.
 */
import { div } from '../../graph/ops/elementwise.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, reshape, slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import type { Shapes } from '../../graph/tensorData.js';
import { embedding } from '../../nn/layers.js';
import { maskLoss } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { ClassArchitecture, ClassOutputs, Losses } from '../architecture.js';
import { type FieldReader, shapeOf } from '../configFields.js';
import { GREY_STRETCHED } from '../preprocessing.js';
import { fromSam } from '../sam/fromSam.js';
import { ONE_MASK_TRAINING } from '../sam/index.js';
import { MASKS, maskDecoder, SAM_DECODING } from '../sam/maskDecoder.js';
import { declarePrompts, densePositions } from '../sam/promptEncoder.js';
import {
  readSamusSizes,
  recogniseSamus,
  rules,
  SAMUS_B,
  SAMUS_S,
  type SamusConfig,
  type SamusSizes,
} from '../samus/config.js';
import { samusEncoder } from '../samus/imageEncoder.js';
import { isTrainedBySamus, SAMUS } from '../samus/index.js';
import { featureAdapter, GENERATOR_HEADS, type GeneratorSizes, promptGenerator } from './promptGenerator.js';

export interface AutoSamusConfig extends SamusSizes, GeneratorSizes {
  readonly architecture: 'autosamus';
  /** Whether what SAMUS trains is trained too, as for the paper's AutoSAMUS; without it is what the paper calls AutoSAMUS⁻. */
  readonly trainsSamus: boolean;
}

const GENERATOR = { objectTokens: 50, generatorWidth: 512, generatorMlp: 1024, adapterChannels: 64 };

function autoSamus({ objectScore, minPresence, detail, ...samus }: SamusConfig): AutoSamusConfig {
  return { ...samus, architecture: 'autosamus', ...GENERATOR, trainsSamus: false };
}

export const AUTOSAMUS_B: AutoSamusConfig = autoSamus(SAMUS_B);

export const AUTOSAMUS: ClassArchitecture<AutoSamusConfig> = {
  id: 'autosamus',
  title: 'AutoSAMUS',
  presets: { 'autosamus-b': AUTOSAMUS_B, 'autosamus-s': autoSamus(SAMUS_S) },

  readConfig(fields) {
    const sizes = { ...readSamusSizes(fields), ...readGenerator(fields) };
    return { architecture: 'autosamus', ...sizes, trainsSamus: fields.flag('trainsSamus', false) };
  },

  rules: (config) => [
    ...rules(config),
    {
      field: 'generatorWidth',
      holds: config.generatorWidth % GENERATOR_HEADS === 0,
      rule: `must be a multiple of ${GENERATOR_HEADS}`,
    },
  ],

  recognise(tensors) {
    const sizes = tensors.has('prompt_generator.object_token') ? recogniseSamus(tensors) : undefined;
    return sizes && { architecture: 'autosamus', ...sizes, ...generatorOf(tensors), trainsSamus: false };
  },

  preprocessing: () => GREY_STRETCHED,
  describe: (config) => SAM_DECODING.describe(config),

  task: 'classes',
  classes: () => 2,
  forward: prompted,

  published: {
    isTrained: (config, name) =>
      /^(prompt_generator|feature_adapter)\./.test(name) || (config.trainsSamus && isTrainedBySamus(config, name)),
    targetSide: ONE_MASK_TRAINING.targetSide,
    loss: autoSamusLoss,
    settings: ONE_MASK_TRAINING.settings,
  },

  isQuantisable: (name) => SAMUS.isQuantisable?.(name) === true,

  startFrom: { samus: fromSam<AutoSamusConfig, SamusConfig>({ config: autoSamus }) },

  reference: {
    models: ['autosamus'],
    config: (_, tensors) => AUTOSAMUS.recognise(weightsOf(tensors)) ?? AUTOSAMUS_B,
    outputs(p, config, given) {
      const { logits: masks, lowRes, ...parts } = prompted(p, config, greyOf(given('image_u8')));
      return { output: lowRes, low_res_logits: lowRes, masks, ...parts };
    },
    losses: (p, config, given) => autoSamusLoss(prompted(p, config, greyOf(given('image_u8'))), given('target')),
  },
};

interface AutoSamusOutputs extends ClassOutputs {
  /** Logits [B, 1, 4·tokenGrid, 4·tokenGrid] */
  readonly lowRes: Tensor;
  /** [B, promptDim, tokenGrid, tokenGrid], before and after the generator */
  readonly image_embedding: Tensor;
  readonly new_image_embedding: Tensor;
  /** The prompts: [B, 1, promptDim] and [B, promptDim, tokenGrid, tokenGrid] */
  readonly sparse: Tensor;
  readonly dense: Tensor;
}

function prompted(p: Parameters, config: AutoSamusConfig, image: Tensor): AutoSamusOutputs {
  const { promptDim: width, imageSize } = config;
  const decoder = p.at('mask_decoder');
  const own = concat(
    [embedding(decoder.at('iou_token'), 1, width), embedding(decoder.at('mask_tokens'), MASKS, width)],
    0,
  );
  const encoded = samusEncoder(p.at('image_encoder'), config, image);
  const tokens = reshape(own, [1, MASKS + 1, width]);
  const [changed, sparse] = promptGenerator(p.at('prompt_generator'), config, encoded, tokens);
  const dense = featureAdapter(p.at('feature_adapter'), changed, config.adapterChannels);
  const { lowResLogits } = maskDecoder(decoder, config, {
    embedding: changed,
    positions: densePositions(p.at('prompt_encoder'), config),
    sparse,
    dense,
    scored: false,
  });
  declarePrompts(p.unused('prompt_encoder'), config);
  const lowRes = slice(lowResLogits, 1, 0, 1);
  const logits = resizeBilinear(lowRes, imageSize, imageSize);
  return { logits, lowRes, image_embedding: encoded, new_image_embedding: changed, sparse, dense };
}

/** SAMUS's. @param target 0 or 1, [B, 4·tokenGrid, 4·tokenGrid] */
function autoSamusLoss({ lowRes, logits }: ClassOutputs, target: Tensor): Losses {
  const low = lowRes ?? logits;
  return maskLoss(low, reshape(target, low.shape));
}

function readGenerator(fields: FieldReader): GeneratorSizes {
  return {
    objectTokens: fields.whole('objectTokens', 4096),
    generatorWidth: fields.whole('generatorWidth', 8192),
    generatorMlp: fields.whole('generatorMlp', 65_536),
    adapterChannels: fields.whole('adapterChannels', 8192),
  };
}

function generatorOf(tensors: Shapes): GeneratorSizes {
  const first = 'prompt_generator.cross_token_token.layers.0';
  return {
    objectTokens: shapeOf(tensors, 'prompt_generator.object_token', 3)[1]!,
    generatorWidth: shapeOf(tensors, `${first}.0.fn.to_q.weight`, 2)[0]!,
    generatorMlp: shapeOf(tensors, `${first}.2.fn.net.0.weight`, 2)[0]!,
    adapterChannels: shapeOf(tensors, 'feature_adapter.0.weight', 4)[0]!,
  };
}

/** The weights of a reference file. */
function weightsOf(tensors: Shapes): Shapes {
  const prefix = 'weights.';
  return new Map(
    [...tensors].flatMap(([name, tensor]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [])),
  );
}

/** Grey levels 0 to 255, [B, H, W] or [H, W], as the model's input. */
function greyOf(levels: Tensor): Tensor {
  return div(reshape(levels, [levels.rank === 3 ? levels.size(0) : 1, 1, levels.size(-2), levels.size(-1)]), 255);
}
