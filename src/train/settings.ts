/**
 * All settings of a training. This table is the source of the type and the reader of `config.json`, the options of
 * `samus train`, the checks on resuming and the table in docs/train.md; a new setting is one more row.
 */
import { OPTIMIZERS, SCHEDULES } from '../models/architecture.js';
import { NODE_PROVIDERS } from '../runtime/session.js';
import { AUGMENTATIONS } from './augmentations.js';
import type { LossRecipe } from './gradientGraph.js';
import {
  ascending,
  byName,
  choice,
  number,
  orOff,
  type Setting,
  setting,
  shareOrFold,
  text,
  texts,
  whole,
} from './settingKinds.js';
import { TRAINING_PROMPTS } from './trainingSample.js';

export const DEFAULT_SEED = 1234;

const PUBLISHED = 'as published for the model';

/** By the path of the field in `config.json`. A default may depend on rows above it. */
export const SETTINGS = {
  'data.root': setting({
    kind: text,
    option: '--data <folder>',
    help: 'folder of the datasets',
    required: true,
    movable: true,
  }),
  'data.train': setting({
    kind: texts,
    option: '--train-list <names>',
    help: 'lists to train on, separated by commas',
    required: true,
  }),
  'data.val': setting({
    kind: texts,
    option: '--val-list <names>',
    help: 'lists to validate on, separated by commas; they choose the best checkpoint',
    initial: [],
    required: true,
  }),
  'data.holdOut': setting({
    kind: shareOrFold,
    option: '--hold-out <share>',
    help: 'instead of --val-list: hold out this share of the training lists by patient, or a fold such as 2/5, and validate on it',
    initial: 0,
    insteadOf: 'data.val',
  }),
  seed: setting({
    kind: whole(0),
    option: '--seed <number>',
    help: 'seed of everything random',
    initial: DEFAULT_SEED,
  }),
  backbone: setting({
    kind: texts,
    option: '--backbone <files>',
    help: 'files of pretrained weights that parts of the network start from, such as resnet34.pth, separated by commas',
    initial: [],
    older: [],
  }),
  batch: setting({
    kind: whole(1, 1024),
    option: '--batch <count>',
    help: 'images per batch',
    initial: (s) => s.published.batch,
    initially: PUBLISHED,
  }),
  accumulate: setting({
    kind: whole(1, 4096),
    option: '--accumulate <count>',
    help: 'batches whose gradients are averaged for one step; the published Dice sums over one batch only',
    initial: 1,
  }),
  steps: setting({
    kind: whole(1),
    option: '--steps <count>',
    help: 'optimizer steps of the whole training',
    initial: (s) => s.stepsIn(s.published.epochs),
    initially: 'as many epochs as published for the model',
  }),
  'recipe.kind': setting({
    kind: choice(['published', 'multi-prompt']),
    option: '--recipe <name>',
    help: "loss and prompts: as published for the model, or with several prompts like SAM's training",
    initial: 'published',
  }),
  'recipe.rounds': setting({
    kind: whole(1, 16),
    option: '--rounds <count>',
    help: 'prompts per image in the multi-prompt recipe',
    initial: 3,
    prompted: true,
    within: { setting: 'recipe.kind', is: 'multi-prompt' },
    only: { with: '--recipe multi-prompt', holds: (s) => s.recipe === 'multi-prompt' },
  }),
  prompts: setting({
    kind: choice(TRAINING_PROMPTS),
    option: '--prompts <kind>',
    help: 'the first prompt: a random click, several clicks, a box, or a click or a box',
    initial: ({ recipe, takes }) => {
      if (takes.length > 0 && !takes.includes('points')) return 'box';
      return recipe === 'multi-prompt' && takes.includes('box') ? 'mixed' : 'point';
    },
    initially: 'point; mixed with --recipe multi-prompt; what the model takes of them',
    prompted: true,
  }),
  middleClicks: setting({
    kind: number({ from: 0, to: 1 }),
    option: '--middle-clicks <share>',
    help: "share of single clicks in the middle of the object's pixels, like evaluation clicks",
    initial: 0,
    older: 0,
    prompted: true,
    only: { with: '--prompts point or mixed', holds: (s) => s.prompts === 'point' || s.prompts === 'mixed' },
  }),
  beside: setting({
    kind: number({ from: 0, to: 1 }),
    option: '--beside <share>',
    help: 'share of samples with a click beside all labelled objects, where a model with an object score learns that there is none',
    initial: 0,
    older: 0,
    prompted: true,
    only: { with: 'a model with "objectScore" in its configuration', holds: (s) => s.objectScore },
  }),
  boxGrowth: setting({
    kind: orOff(whole(0, 4096)),
    option: '--box-growth <pixels>',
    help: "training boxes that grow by up to this many pixels of the model's input on each side, in place of SAMUS's jitter of 5 %",
    initial: (s) => s.published.boxGrowth ?? null,
    initially: 'off; 20 for MedSAM',
    older: null,
    prompted: true,
    only: { with: '--prompts box or mixed', holds: (s) => s.prompts === 'box' || s.prompts === 'mixed' },
  }),
  augment: setting({
    kind: choice(AUGMENTATIONS),
    option: '--augment <kind>',
    help: 'random changes to the training images; published is what the network is published with',
    initial: 'published',
  }),
  optimizer: setting({
    kind: choice(OPTIMIZERS),
    option: '--optimizer <name>',
    help: 'optimizer',
    initial: (s) => s.published.optimizer ?? 'adam',
    initially: PUBLISHED,
  }),
  weightDecay: setting({
    kind: number({ from: 0, to: 1 }),
    option: '--weight-decay <share>',
    help: 'weight decay of AdamW, SGD and RMSprop',
    initial: (s) => (s.optimizer === (s.published.optimizer ?? 'adamw') ? s.published.weightDecay : 0),
    initially: 'as published for the model; 0 with any other optimizer',
    only: { with: '--optimizer adamw, sgd or rmsprop', holds: (s) => s.optimizer !== 'adam' },
  }),
  momentum: setting({
    kind: number({ from: 0, below: 1 }),
    option: '--momentum <share>',
    help: 'momentum of SGD and RMSprop, first beta of Adam and AdamW',
    initial: (s) => (s.optimizer === (s.published.optimizer ?? 'adam') ? (s.published.momentum ?? 0.9) : 0.9),
    initially: 'as published for the model; 0.9 with any other optimizer',
    older: 0.9,
  }),
  learningRate: setting({
    kind: number({ above: 0, to: 1 }),
    option: '--lr <rate>',
    help: 'highest learning rate',
    initial: (s) => s.published.learningRate,
    initially: PUBLISHED,
  }),
  schedule: setting({
    kind: choice(SCHEDULES),
    option: '--schedule <name>',
    help: 'learning rate schedule',
    initial: (s) => s.published.schedule ?? 'constant',
    initially: PUBLISHED,
  }),
  warmup: setting({
    kind: whole(0),
    option: '--warmup <steps>',
    help: 'steps over which the learning rate rises',
    initial: (s) => s.published.warmup ?? 0,
    initially: '0, or what the network is published with',
  }),
  lowestRate: setting({
    kind: number({ from: 0, to: 1 }),
    option: '--lowest-lr <rate>',
    help: 'lowest learning rate of the schedules polynomial, cosine and plateau',
    initial: (s) => (s.schedule === (s.published.schedule ?? 'constant') ? (s.published.lowestRate ?? 0) : 0),
    initially: 'as published for the model, mostly 0',
    older: 0,
    only: { with: '--schedule polynomial, cosine or plateau', holds: (s) => /^(poly|cos|plat)/.test(s.schedule) },
  }),
  drops: setting({
    kind: ascending(number({ from: 0, to: 1 })),
    option: '--drops <shares>',
    help: 'shares of the training after which the schedule step drops the learning rate, separated by commas',
    initial: (s) => s.published.drops ?? [],
    initially: 'as published for the model',
    older: [],
    only: { with: '--schedule step', holds: (s) => s.schedule === 'step' },
  }),
  dropFactor: setting({
    kind: number({ above: 0, below: 1 }),
    option: '--drop-factor <share>',
    help: 'factor applied to the learning rate at each drop (step, plateau)',
    initial: (s) => s.published.dropFactor ?? 0.1,
    initially: 'as published for the model, mostly 0.1',
    older: 0.1,
    only: { with: '--schedule step or plateau', holds: (s) => s.schedule === 'step' || s.schedule === 'plateau' },
  }),
  dropPatience: setting({
    kind: whole(0),
    option: '--drop-patience <count>',
    help: 'validations without improvement that the schedule plateau waits before a drop',
    initial: 5,
    older: 5,
    only: { with: '--schedule plateau', holds: (s) => s.schedule === 'plateau' },
  }),
  clip: setting({
    kind: orOff(number({ above: 0 })),
    option: '--clip <norm>',
    help: 'maximum norm of all gradients together; above it they are scaled down',
    initial: (s) => s.published.clip ?? null,
    initially: 'as published for the model, mostly off',
  }),
  ema: setting({
    // Below 1: with decay 1 the average would never change.
    kind: orOff(number({ from: 0, below: 1 })),
    option: '--ema <share>',
    help: 'validate and save an exponential moving average of the weights with this decay, such as 0.999',
    initial: null,
  }),
  trained: setting({
    kind: choice(['published', 'all']),
    option: '--train <what>',
    help: 'weights to train: those trained in the publication, or all',
    initial: (s) => (s.fromScratch ? 'all' : 'published'),
    initially: 'published with a checkpoint, else all',
  }),
  freeze: setting({
    kind: texts,
    option: '--freeze <names>',
    help: 'name prefixes of weights to freeze, separated by commas',
    initial: [],
  }),
  rates: setting({
    kind: byName(number({ from: 0, to: 1000 })),
    option: '--lr-scale <name=factor>',
    help: 'learning rate factor for weights with this name prefix; the longest match applies; repeatable',
    initial: (s) => s.published.rates ?? {},
    initially: 'as published for the model, mostly none',
  }),
  validateSteps: setting({
    kind: whole(1),
    option: '--validate-steps <count>',
    help: 'steps between validations',
    initial: (s) => s.stepsIn(1),
    initially: 'one epoch',
  }),
  checkpointSteps: setting({
    kind: whole(0),
    option: '--checkpoint-steps <count>',
    help: 'steps between checkpoints; 0: only at validations and at the end',
    initial: 500,
  }),
  patience: setting({
    kind: whole(0),
    option: '--patience <count>',
    help: 'stop after this many validations without improvement; 0: never',
    initial: 0,
  }),
  choose: setting({
    kind: choice(['samples', 'classes']),
    option: '--choose <by>',
    help: 'select the best checkpoint by mean Dice over all samples, or over the class means',
    initial: 'samples',
  }),
  logSteps: setting({
    kind: whole(1),
    help: 'steps between lines of metrics.jsonl',
    initial: 10,
  }),
  threads: setting({
    kind: whole(1),
    option: '--threads <count>',
    help: 'threads of one operation; the order of sums may depend on them',
    initial: (s) => s.cores,
    initially: 'one per core',
  }),
  provider: setting({
    kind: choice(NODE_PROVIDERS),
    option: '--provider <name>',
    help: 'compute provider; samus info lists those of this machine',
    initial: 'cpu',
    older: 'cpu',
  }),
  repeat: setting({
    kind: byName(whole(0)),
    option: '--repeat <dataset=times>',
    help: 'how often the samples of a dataset appear in an epoch; repeatable',
    initial: {},
  }),
} satisfies Record<string, Setting<unknown>>;

type SettingName = keyof typeof SETTINGS;

/** The rows in their order. */
export const SETTING_ROWS: readonly (readonly [name: string, setting: Setting<unknown>])[] = Object.entries(SETTINGS);

type Values = { readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T> ? T : never };
type Group<G extends string> = {
  readonly [N in SettingName as N extends `${G}.${infer Field}` ? Field : never]: Values[N];
};

/** The settings as `config.json` nests them. */
export type TrainingSettings = {
  readonly [N in SettingName as N extends `${string}.${string}` ? never : N]: Values[N];
} & {
  readonly data: Group<'data'>;
  readonly recipe: LossRecipe;
};

/** The option that sets a field of `config.json`; the name of the field if none does. */
export function flagOf(name: string): string {
  const row = SETTING_ROWS.find(([setting]) => setting === name)?.[1];
  if (row) return row.option?.split(' ')[0] ?? name;
  return `--${name}`;
}

/** Pairs of settings of which a training has one. */
const ALTERNATIVES: ReadonlyMap<string, string> = new Map(
  SETTING_ROWS.flatMap(([name, { insteadOf }]): [string, string][] =>
    insteadOf === undefined
      ? []
      : [
          [name, insteadOf],
          [insteadOf, name],
        ],
  ),
);

/** The setting that a training can have instead of this one, and its value where it does not have it. */
export function alternativeOf(name: string): { readonly name: string; readonly unset: unknown } | undefined {
  const other = SETTING_ROWS.find(([row]) => row === ALTERNATIVES.get(name));
  return other && { name: other[0], unset: other[1].initial };
}

/** Whether a setting has a value other than a fixed default. */
export function isSet(name: string, values: Readonly<Record<string, unknown>>): boolean {
  const initial = SETTING_ROWS.find(([row]) => row === name)?.[1].initial;
  return values[name] !== undefined && JSON.stringify(values[name]) !== JSON.stringify(initial);
}
