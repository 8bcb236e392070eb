/**
 * The systems that the paper compares, as data: which architecture, in which size, from which start, and what each is asked.
 */
import { SamusError } from '../errors.js';
import type { ModelConfig } from '../models/architecture.js';
import { checkConfig } from '../models/configFile.js';
import { architectureOf, architectures, presets } from '../models/registry.js';
import { startOf } from '../models/startFrom.js';

/** `smoke` shows that everything runs, `small` trains on a laptop, `full` has the published sizes. */
export type Scale = 'smoke' | 'small' | 'full';

export interface System {
  readonly id: string;
  readonly title: string;
  readonly architecture: string;
  /** The system whose trained weights it starts from; random weights without. */
  readonly from?: 'sam' | 'samus';
  /** Fields of its configuration that differ from those of its size. */
  readonly fields?: Readonly<Record<string, boolean>>;
  /** The prompt that a network without prompts gets as a further input channel. */
  readonly promptChannel?: PromptChannel;
}

export type PromptChannel = NonNullable<ModelConfig['promptChannel']>;

/** The networks for one task: those that may get a prompt as a further channel. In the order of the registry, the paper's. */
const SPECIALISTS: readonly System[] = architectures()
  .filter((network) => network.task === 'classes' && network.promptChannel)
  .map(({ id, title }) => ({ id, title, architecture: id }));

const SAM: System = { id: 'sam', title: 'SAM', architecture: 'sam' };
const SAMUS: System = { id: 'samus', title: 'SAMUS', architecture: 'samus', from: 'sam' };

const FOUNDATION: readonly System[] = [
  SAM,
  { id: 'medsam', title: 'MedSAM', architecture: 'medsam', from: 'sam' },
  { id: 'samed', title: 'SAMed', architecture: 'samed', from: 'sam' },
  { id: 'msa', title: 'MSA', architecture: 'msa', from: 'sam' },
  { id: 'samadapter', title: 'SAM-Adapter', architecture: 'samadapter', from: 'sam' },
  SAMUS,
];

const PARTS = { cnnBranch: true, crossBranchAttention: true, featureAdapters: true, positionAdapter: true };

/** SAMUS with some of its parts only. */
function ablated(id: string, title: string, parts: Partial<typeof PARTS>): System {
  const absent = Object.keys(PARTS).filter((part) => !(part in parts));
  return { ...SAMUS, id, title, fields: Object.fromEntries(absent.map((part) => [part, false])) };
}

const ABLATIONS: readonly System[] = [
  SAM,
  ablated('samus-cnn', 'CNN branch', { cnnBranch: true }),
  ablated('samus-cnn-cba', 'CNN branch + cross-branch attention', { cnnBranch: true, crossBranchAttention: true }),
  ablated('samus-features', 'feature adapters', { featureAdapters: true }),
  ablated('samus-position', 'position adapter', { positionAdapter: true }),
  SAMUS,
];

const AUTOMATIC: readonly System[] = [
  ...SPECIALISTS.filter(({ id }) => /^(unet|cpfnet|canet|aaunet|missformer|transunet|h2former)$/.test(id)),
  {
    id: 'autosamus-minus',
    title: 'AutoSAMUS⁻',
    architecture: 'autosamus',
    from: 'samus',
    fields: { trainsSamus: false },
  },
  { id: 'autosamus', title: 'AutoSAMUS', architecture: 'autosamus', from: 'samus', fields: { trainsSamus: true } },
];

/** The comparisons of the paper. */
export const GROUPS = {
  specialists: [SAMUS, ...SPECIALISTS],
  foundation: FOUNDATION,
  ablations: ABLATIONS,
  prompts: [SAMUS],
  automatic: AUTOMATIC,
} as const;

const WITH: Readonly<Record<PromptChannel, string>> = { point: 'click', box: 'box' };

/** A network and the same with a prompt as a further channel, so that the difference shows what prompting is worth. */
export function systemsWithChannel(system: System, promptChannel: PromptChannel): readonly System[] {
  if (!SPECIALISTS.includes(system)) return [system];
  const title = `${system.title} + ${WITH[promptChannel]}`;
  return [system, { ...system, id: `${system.id}-${promptChannel}`, title, promptChannel }];
}

/** Every system once. */
export const SYSTEMS: readonly System[] = [
  ...new Map(Object.values(GROUPS).flatMap((group) => group.map((system) => [system.id, system] as const))).values(),
];

/** @throws SamusError REPRODUCE_SYSTEM */
export function systemOf(id: string): System {
  const found = SYSTEMS.find((system) => system.id === id);
  if (found) return found;
  const message = `expected systems of the comparison, got ${id}`;
  throw new SamusError('REPRODUCE_SYSTEM', message, `choose from ${SYSTEMS.map((system) => system.id).join(', ')}`);
}

/** Sizes of the smoke test: large enough for every part, and nothing more. */
const SMOKE_SAM = {
  imageSize: 128,
  tokenGrid: 16,
  patchKernel: 8,
  dim: 32,
  depth: 2,
  heads: 2,
  globalBlocks: [1],
  window: 4,
  mlp: 64,
  promptDim: 32,
  decoderHeads: 8,
  decoderMlp: 64,
  iouHidden: 32,
};
/** Image sizes that the smoke test tries: the first that a network can take. */
const SMOKE_SIDES = [64, 96, 128, 192];

/**
 * The configuration of a system.
 * @param classes classes to predict, background included, for a network without prompts
 */
export function configOf(system: System, scale: Scale, classes: number): ModelConfig {
  const { promptChannel, fields } = system;
  const config = { ...sized(system, scale), ...fields, ...(promptChannel && { promptChannel }) };
  const wanted = 'classes' in config && classes > 2 && !promptChannel ? { ...config, classes } : config;
  checkConfig(wanted);
  return wanted;
}

function sized({ architecture, from }: System, scale: Scale): ModelConfig {
  if (from === undefined) return scale === 'smoke' ? smokeSize(architecture) : presetOf(architecture, scale);
  const start = sized(systemOf(from), scale);
  const target = architectureOf({ architecture });
  return startOf(target, start)?.config() ?? presetOf(architecture, scale);
}

function presetOf(architecture: string, scale: Scale): ModelConfig {
  const name = `${architecture}-${scale === 'full' ? 'b' : 's'}`;
  const preset = presets().get(name);
  if (preset) return preset;
  const message = `expected a preset ${name}, there is none`;
  throw new SamusError('REPRODUCE_SYSTEM', message, 'choose another budget, or leave this system out with --systems');
}

function smokeSize(architecture: string): ModelConfig {
  const small = presetOf(architecture, 'small');
  if ('tokenGrid' in small) return { ...small, ...SMOKE_SAM };
  const fitting = SMOKE_SIDES.map((imageSize) => ({ ...small, imageSize })).find(isConsistent);
  return fitting ?? small;
}

function isConsistent(config: ModelConfig): boolean {
  try {
    checkConfig(config);
    return true;
  } catch (error) {
    if (error instanceof SamusError) return false;
    throw error;
  }
}
