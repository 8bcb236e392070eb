/**
 * Starts a model from the weights of another architecture, or a part of it from a public file of pretrained weights, and
 * completes a checkpoint of trained weights, if the architecture defines how.
 */
import { listed, SamusError } from '../errors.js';
import { toFloat32 } from '../formats/halfFloat.js';
import type { CheckpointChoice, CheckpointDict } from '../formats/torchCheckpoint.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { Random } from '../nn/random.js';
import type { Architecture, Backbone, ModelConfig } from './architecture.js';
import { checkConfig } from './configFile.js';
import { parametersOf } from './graphs.js';
import { checkStateDict } from './model.js';
import { requireFloat32Weights } from './quantise.js';
import { architectureOf, architectures } from './registry.js';

/** A model of another architecture as the start of one. */
export interface Start {
  /**
   * The sizes that belong to those of the other model.
   * @throws SamusError CONFIG_FIELD if there are none, MODEL_QUANTISED for weights in 8 bits
   */
  config(): ModelConfig;
  /**
   * All weights of the new model.
   * @param tensors of the other model
   * @param random draws missing weights
   * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE as {@link checkStateDict}; and what the
   *   architecture throws where the sizes do not fit, such as SAMUS_FROM_SAM
   */
  weights(tensors: StateDict, config: ModelConfig, random: Random): Map<string, TensorData>;
}

/** How a model of `target` starts from one of another architecture; undefined if it cannot. */
export function startOf(target: Architecture, from: ModelConfig): Start | undefined {
  const transfer = target.startFrom?.[from.architecture];
  if (!transfer) return undefined;
  return {
    config() {
      requireFloat32Weights(from);
      const config = transfer.config(from);
      checkConfig(config);
      return config;
    },
    weights(tensors, config, random) {
      return transfer.weights(checkStateDict(from, tensors).tensors, config, parametersOf(config), random);
    },
  };
}

/** The architectures that can start from a model of another. */
export function startableFrom(from: ModelConfig): readonly Architecture[] {
  return architectures().filter((target) => startOf(target, from) !== undefined);
}

/** The architecture that a training from a model of another has, unless it names one. */
export function defaultStart(from: ModelConfig): Architecture | undefined {
  return architectures().find(({ startFrom }) => startFrom?.[from.architecture]?.byDefault);
}

/** Chooses the dict with the trained weights of an architecture; undefined if there is none. */
export function findPartial(dicts: readonly CheckpointDict[]): CheckpointChoice | undefined {
  for (const { key, tensors } of dicts) {
    const names = new Map([...tensors.keys()].map((name) => [name, name.replace(/^module\./, '')]));
    if (partialOf([...names.values()])) return { key, names };
  }
  return undefined;
}

function partialOf(names: readonly string[]): Architecture | undefined {
  return architectures().find(({ partial }) => partial && names.includes(partial.mark));
}

/**
 * A whole model of a checkpoint of trained weights and the model that they were trained from.
 * @param tensors of the checkpoint
 * @param sizes of the model, such as its image size; default: those that a start from the base has
 * @throws SamusError MODEL_ARCHITECTURE_UNKNOWN for any other checkpoint, INIT_FROM for another base,
 *   CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE, CONFIG_FIELD
 */
export function completedFrom(
  base: { readonly config: ModelConfig; readonly tensors: StateDict },
  tensors: StateDict,
  random: Random,
  sizes?: ModelConfig,
): { readonly config: ModelConfig; readonly tensors: StateDict } {
  const target = partialOf([...tensors.keys()]);
  if (!target?.partial) {
    const titles = architectures().flatMap(({ partial, title }) => (partial ? [title] : []));
    const message = `expected the trained weights of ${titles.join(' or ')}, got ${listed([...tensors.keys()].slice(0, 3))}`;
    throw new SamusError('MODEL_ARCHITECTURE_UNKNOWN', message, 'leave out --base for a whole model');
  }
  const { partial, title, published } = target;
  const start = startOf(target, base.config);
  if (!start) {
    const message = `expected a model that ${title} is trained from as the base, got ${architectureOf(base.config).title}`;
    throw new SamusError('INIT_FROM', message, 'name the checkpoint that the training started from');
  }
  const config = partial.config(sizes?.architecture === target.id ? sizes : start.config(), tensors);
  checkConfig(config);
  const trained = new Map([...tensors].map(([name, tensor]) => [partial.nameOf(name), tensor]));
  const missing = parametersOf(config).flatMap(({ name, buffer, unused }) =>
    buffer || unused || trained.has(name) || !published.isTrained(config, name) ? [] : [name],
  );
  if (missing.length > 0) {
    const message = `missing tensors in the checkpoint: ${listed(missing)}`;
    throw new SamusError('CHECKPOINT_TENSOR_MISSING', message, 'save all trained weights again', { missing });
  }
  const all = new Map([...start.weights(base.tensors, config, random), ...trained]);
  return { config, tensors: checkStateDict(config, all).tensors };
}

/** Chooses the dict of a backbone in a checkpoint; undefined if it has none. @throws SamusError BACKBONE_NONE */
export function findBackbone(config: ModelConfig, dicts: readonly CheckpointDict[]): CheckpointChoice | undefined {
  const kinds = backbonesOf(config);
  for (const { key, tensors } of dicts) {
    const names = new Map([...tensors.keys()].map((name) => [name, name.replace(/^module\./, '')]));
    if (kinds.some((kind) => isOfKind(kind, new Set(names.values())))) return { key, names };
  }
  return undefined;
}

/**
 * The weights that a network takes from a file of pretrained weights.
 * @param tensors of the file
 * @throws SamusError BACKBONE_NONE, BACKBONE_FILE for a file of another kind or of other sizes
 */
export function backboneWeights(config: ModelConfig, tensors: StateDict): Map<string, TensorData> {
  const { title } = architectureOf(config);
  const kinds = backbonesOf(config);
  const kind = kinds.find((known) => isOfKind(known, tensors));
  if (!kind) {
    const expected = kinds.map((known) => known.title).join(' or ');
    const got = tensors.size === 0 ? 'no tensors' : `tensors such as ${listed([...tensors.keys()].slice(0, 3))}`;
    throw wrongFile(`expected ${expected} for ${title}, got ${got}`, 'give the file that the network starts from');
  }
  const taken = new Map<string, TensorData>();
  for (const weight of parametersOf(config)) {
    const name = weight.dtype === 'float32' ? kind.nameOf(weight.name) : undefined;
    if (name === undefined) continue;
    const fitting = fitted(kind, config, weight, name, tensors.get(name));
    if (fitting) taken.set(weight.name, fitting);
  }
  return taken;
}

function isOfKind({ mark, unlike }: Backbone, names: { has(name: string): boolean }): boolean {
  return names.has(mark) && (unlike === undefined || !names.has(unlike));
}

function fitted(
  { title, shaped }: Backbone,
  config: ModelConfig,
  weight: ParameterInfo,
  name: string,
  found: TensorData | undefined,
): TensorData | undefined {
  const size = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  const hint = 'use the published size of the network, or the file that belongs to it';
  if (!found) {
    if (weight.unused) return undefined;
    throw wrongFile(`expected ${name} of shape ${size(weight.shape)} in a file of ${title}, got none`, hint);
  }
  const tensor = toFloat32(found);
  const result = shaped ? shaped(tensor, weight, config) : tensor;
  if (!result || result.shape.join() === weight.shape.join()) return result;
  throw wrongFile(
    `expected ${name} of shape ${size(weight.shape)} in a file of ${title}, got ${size(tensor.shape)}`,
    hint,
  );
}

function backbonesOf(config: ModelConfig): readonly Backbone[] {
  const { title, backbones = [] } = architectureOf(config);
  const suitable = backbones.filter((kind) => kind.suits?.(config) ?? true);
  if (suitable.length > 0) return suitable;
  throw new SamusError(
    'BACKBONE_NONE',
    `expected a network that starts from a file of pretrained weights, got ${title}`,
    'leave out --backbone; --from names a checkpoint of a whole model',
  );
}

function wrongFile(message: string, hint: string): SamusError {
  return new SamusError('BACKBONE_FILE', message, hint);
}
