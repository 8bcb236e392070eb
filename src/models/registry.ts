/**
 * The registry of architectures, one line each, and look-ups by configuration or checkpoint.
 */
import { type Json, SamusError } from '../errors.js';
import type { Shapes } from '../graph/tensorData.js';
import { AAUNET } from './aaunet/index.js';
import type { Architecture, ClassArchitecture, ModelConfig, PromptedArchitecture, PromptKind } from './architecture.js';
import { AUTOSAMUS } from './autosamus/index.js';
import { CANET } from './canet/index.js';
import { CENET } from './cenet/index.js';
import { CPFNET } from './cpfnet/index.js';
import { FATNET } from './fatnet/index.js';
import { H2FORMER } from './h2former/index.js';
import { MEDSAM } from './medsam/index.js';
import { MISSFORMER } from './missformer/index.js';
import { MSA } from './msa/index.js';
import { type Preprocessing, plainResizing } from './preprocessing.js';
import { withPromptChannel } from './promptChannel.js';
import { SAM } from './sam/index.js';
import { SAM_ADAPTER } from './samadapter/index.js';
import { SAMED } from './samed/index.js';
import { SAMUS } from './samus/index.js';
import { SETR } from './setr/index.js';
import { SWINUNET } from './swinunet/index.js';
import { TRANSFUSE } from './transfuse/index.js';
import { TRANSUNET } from './transunet/index.js';
import { UNET } from './unet/index.js';
import { UNSUPPORTED } from './unsupported.js';

/** In order of recognition: the first match wins, so an architecture must precede the one it extends. */
const ARCHITECTURES: Architecture[] = [
  AUTOSAMUS,
  SAMUS,
  SAMED,
  MSA,
  SAM,
  MEDSAM,
  SAM_ADAPTER,
  UNET,
  CPFNET,
  CANET,
  CENET,
  AAUNET,
  SWINUNET,
  SETR,
  MISSFORMER,
  TRANSUNET,
  TRANSFUSE,
  FATNET,
  H2FORMER,
];

/**
 * Registers another architecture, before the existing ones.
 * @throws SamusError ARCHITECTURE_TWICE if its id or the name of one of its presets is taken
 */
export function registerArchitecture(architecture: Architecture): void {
  const taken = ARCHITECTURES.find(
    ({ id, presets }) => id === architecture.id || Object.keys(presets).some((name) => name in architecture.presets),
  );
  if (taken) {
    const message = `expected an unused id and preset names, got ${architecture.id}, which collides with ${taken.id}`;
    throw new SamusError('ARCHITECTURE_TWICE', message, 'choose other names, or register it only once');
  }
  ARCHITECTURES.unshift(architecture);
}

/** All architectures, in order of recognition. */
export function architectures(): readonly Architecture[] {
  return ARCHITECTURES;
}

/** The fields that determine the architecture of a configuration. */
type ArchitectureFields = { readonly architecture?: Json | undefined } & Pick<ModelConfig, 'promptChannel'>;

/** Networks with a prompt channel, made once each. */
const CHANNELLED = new WeakMap<ClassArchitecture, Map<string, PromptedArchitecture>>();

/** @throws SamusError CONFIG_ARCHITECTURE for a configuration of none */
export function architectureOf({ architecture: id, promptChannel }: ArchitectureFields): Architecture {
  const found = ARCHITECTURES.find((architecture) => architecture.id === id);
  if (found?.task === 'classes' && promptChannel !== undefined) {
    const known = CHANNELLED.get(found) ?? new Map<string, PromptedArchitecture>();
    CHANNELLED.set(found, known);
    const channelled = known.get(promptChannel) ?? withPromptChannel(found, promptChannel);
    known.set(promptChannel, channelled);
    return channelled;
  }
  if (found) return found;
  const ids = ARCHITECTURES.map((architecture) => `"${architecture.id}"`).sort();
  throw new SamusError(
    'CONFIG_ARCHITECTURE',
    `expected the architecture in config.json to be one of ${ids.join(', ')}, got ${JSON.stringify(id) ?? 'nothing'}`,
    'use a model of these architectures, or a newer version of this program',
    { architecture: id ?? null },
  );
}

/** The preprocessing of a model. */
export function preprocessingOf(config: ModelConfig): Preprocessing {
  const published = architectureOf(config).preprocessing(config);
  return config.resizing === 'plain' ? plainResizing(published) : published;
}

/** @throws SamusError MODEL_PROMPTS for a model that answers no prompts */
export function promptedOf(config: Pick<ModelConfig, 'architecture' | 'promptChannel'>): PromptedArchitecture {
  const architecture = architectureOf(config);
  if (architecture.task === 'prompted') return architecture;
  throw new SamusError(
    'MODEL_PROMPTS',
    `expected a promptable model, got ${architecture.title}, which predicts a class map without prompts`,
    'use a promptable model, or ask this one for its classes: segment --classes, evaluate --prompt auto, or "classes": true in a request',
    { architecture: architecture.id },
  );
}

/** That a model takes these kinds of prompts. @throws SamusError MODEL_PROMPTS */
export function requirePrompts(
  config: Pick<ModelConfig, 'architecture' | 'promptChannel'>,
  given: readonly PromptKind[],
): void {
  const { prompts, title } = promptedOf(config);
  const strange = given.find((kind) => !prompts.includes(kind));
  if (!strange) return;
  const message = `expected ${prompts.join(' or ')} as the prompt of ${title}, got ${strange}`;
  throw new SamusError('MODEL_PROMPTS', message, 'give another prompt, or use another model');
}

/** @throws SamusError MODEL_CLASSES for a model that answers prompts */
export function classesOf(config: Pick<ModelConfig, 'architecture' | 'promptChannel'>): ClassArchitecture {
  const architecture = architectureOf(config);
  if (architecture.task === 'classes') return architecture;
  throw new SamusError(
    'MODEL_CLASSES',
    `expected a model that predicts a class map, got ${architecture.title}, which takes prompts`,
    'give it a prompt, or use a network for classes',
    { architecture: architecture.id },
  );
}

/** Whether the published recipe of a model trains a weight. @param name by the reference's state dict */
export function isTrainable(config: ModelConfig, name: string): boolean {
  return architectureOf(config).published.isTrained(config, name);
}

/** The sizes of all presets, by name. */
export function presets(): ReadonlyMap<string, ModelConfig> {
  return new Map(ARCHITECTURES.flatMap((architecture) => Object.entries(architecture.presets)));
}

/**
 * The sizes of the model in a checkpoint, from its names and shapes; model.ts checks that all weights are there.
 * @throws SamusError CHECKPOINT_PARTIAL for trained weights alone, MODEL_ARCHITECTURE_UNSUPPORTED for a known model that is not supported, MODEL_ARCHITECTURE_UNKNOWN for
 *   anything else that no architecture recognises, CHECKPOINT_TENSOR_MISSING and CHECKPOINT_TENSOR_SHAPE if a tensor
 *   that shows a size is missing or has the wrong number of dimensions
 */
export function recognise(tensors: Shapes): ModelConfig {
  const names = [...tensors.keys()];
  const titles = ARCHITECTURES.map(({ title }) => title).sort();
  const expected = `expected a checkpoint of ${titles.join(' or ')}`;
  for (const { name: architecture, mark, hint } of UNSUPPORTED) {
    const tensor = names.find((name) => mark.test(name));
    if (tensor === undefined) continue;
    throw new SamusError(
      'MODEL_ARCHITECTURE_UNSUPPORTED',
      `${expected}, got ${architecture} (it has ${tensor})`,
      hint,
      { architecture, tensor },
    );
  }
  const half = ARCHITECTURES.find(({ partial }) => partial && tensors.has(partial.mark));
  if (half) {
    throw new SamusError(
      'CHECKPOINT_PARTIAL',
      `expected a whole ${half.title}, got its trained weights only (${half.partial?.mark})`,
      'add the weights that it was trained from: samus models convert CHECKPOINT FOLDER --base sam_vit_b_01ec64.pth',
      { architecture: half.id },
    );
  }
  for (const architecture of ARCHITECTURES) {
    const config = architecture.recognise(tensors);
    if (config) return config;
  }
  const first = names.slice(0, 3);
  const found = names.length === 0 ? 'no tensors' : `${names.length} tensors such as ${first.join(', ')}`;
  throw new SamusError('MODEL_ARCHITECTURE_UNKNOWN', `${expected}, got ${found}`, `use one of ${titles.join(', ')}`, {
    first,
  });
}
