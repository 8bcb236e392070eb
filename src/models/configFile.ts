/**
 * Parses configurations: from `config.json` of a model folder, strictly, because a graph is built from it, and from the
 * tensors of a checkpoint. Each architecture defines its fields, limits and rules. formats/modelFolder.node.ts reads and
 * writes the file itself.
 */
import { type Json, SamusError } from '../errors.js';
import type { Shapes } from '../graph/tensorData.js';
import type { Architecture, ModelConfig } from './architecture.js';
import type { FieldReader } from './configFields.js';
import { preprocessingJson, statesPreprocessing } from './preprocessing.js';
import { PROMPT_CHANNELS } from './promptChannel.js';
import { architectureOf, architectures, preprocessingOf, recognise } from './registry.js';

export interface ParsedConfig {
  readonly config: ModelConfig;
  /** Unknown fields, unchanged; {@link serialiseConfig} writes them back. */
  readonly extra: Readonly<Record<string, Json>>;
  /** One sentence for each unknown field. */
  readonly warnings: readonly string[];
}

/**
 * The sizes in a parsed `config.json`.
 * @throws SamusError CONFIG_INVALID if it is not an object, CONFIG_ARCHITECTURE for an unknown one,
 *   CONFIG_FIELD for a field that is missing, of the wrong type, out of range or in contradiction to another
 */
export function parseConfig(json: unknown): ParsedConfig {
  if (!isObject(json)) {
    throw new SamusError(
      'CONFIG_INVALID',
      `expected an object in config.json, got ${Array.isArray(json) ? 'a list' : typeof json}`,
      'write it with samus models convert',
    );
  }
  const fields = new Map(Object.entries(json));
  const take = (name: string): Json | undefined => {
    const value = fields.get(name);
    fields.delete(name);
    return value;
  };
  const architecture = architectureOf({ architecture: take('architecture') });
  const sizes = architecture.readConfig(fieldReader(take));
  const quantisation = takeQuantisation(take('quantisation'));
  if (quantisation && !architecture.isQuantisable) {
    const rule = `must be left out for ${architecture.title}, which has no weights that can be held in 8 bits`;
    throw fieldError('quantisation', rule, quantisation);
  }
  const promptChannel = takePromptChannel(take('promptChannel'), architecture, sizes);
  const classes = architecture.task === 'classes' ? takeClasses(take, architecture.classes(sizes)) : {};
  const given: ModelConfig = {
    ...sizes,
    ...(quantisation && { quantisation }),
    ...(promptChannel && { promptChannel }),
    ...classes,
  };
  const stated = take('preprocessing');
  const config = withResizing(given, take('resizing'), stated);
  const known = preprocessingOf(config);
  if (stated !== undefined && !statesPreprocessing(stated, known, architecture.preprocessingSentence)) {
    throw fieldError('preprocessing', `must be ${JSON.stringify(preprocessingJson(known))}`, stated);
  }
  checkConfig(config);
  const warnings = [...fields.keys()].map((name) => `unknown field in config.json: ${name}`);
  return { config, extra: Object.fromEntries(fields), warnings };
}

/** The text of `config.json`. @param extra further fields, written after the known ones */
export function serialiseConfig(config: ModelConfig, extra: Readonly<Record<string, Json>> = {}): string {
  const { architecture, ...sizes } = config;
  const preprocessing = preprocessingJson(preprocessingOf(config));
  const known = { architecture, preprocessing, ...sizes };
  return `${JSON.stringify({ ...known, ...withoutKnown(extra, known) }, null, 2)}\n`;
}

/**
 * The sizes of the model in a checkpoint, from its names and shapes; model.ts checks that all weights are there.
 * @throws SamusError what {@link recognise} throws, CONFIG_FIELD if the sizes contradict each other
 */
export function detectConfig(tensors: Shapes): ModelConfig {
  const config = recognise(tensors);
  checkConfig(config);
  return config;
}

/** A configuration as JSON, for printing. */
export function configJson(config: ModelConfig): Record<string, Json> {
  return JSON.parse(JSON.stringify(config));
}

/**
 * Checks that the sizes match, as the graphs require.
 * @throws SamusError CONFIG_FIELD for the first that does not
 */
export function checkConfig(config: ModelConfig): void {
  const broken = architectureOf(config)
    .rules(config)
    .find(({ holds }) => !holds);
  if (broken) throw fieldError(broken.field, broken.rule, new Map(Object.entries(config)).get(broken.field));
}

/** Folders from before the authors' resizing was known specify plain resizing. */
function withResizing(config: ModelConfig, value: Json | undefined, stated: Json | undefined): ModelConfig {
  if (value !== undefined && value !== 'plain') throw fieldError('resizing', 'must be "plain", or be left out', value);
  const plain: ModelConfig = { ...config, resizing: 'plain' };
  const published = preprocessingJson(preprocessingOf(config));
  const differs = 'resize' in published || 'percentiles' in published;
  if (value === 'plain') return differs ? plain : config;
  return differs && stated !== undefined && statesPreprocessing(stated, preprocessingOf(plain)) ? plain : config;
}

function takeQuantisation(value: Json | undefined): 'int8' | undefined {
  if (value === 'int8' || value === undefined) return value;
  throw fieldError('quantisation', 'must be "int8", or be left out', value);
}

function takePromptChannel(
  value: Json | undefined,
  architecture: Architecture,
  sizes: ModelConfig,
): ModelConfig['promptChannel'] {
  if (value === undefined) return undefined;
  const kind = PROMPT_CHANNELS.find((known) => known === value);
  if (!kind) throw fieldError('promptChannel', 'must be "point" or "box", or be left out', value);
  checkPromptChannel(architecture, sizes, kind);
  return kind;
}

/** That a model can have a prompt channel. @throws SamusError CONFIG_FIELD */
function checkPromptChannel(architecture: Architecture, sizes: ModelConfig, kind: string): void {
  if (architecture.task !== 'classes' || !architecture.promptChannel) {
    const networks = architectures().filter((one) => one.task === 'classes' && one.promptChannel);
    const titles = networks.map(({ title }) => title).sort();
    throw fieldError('promptChannel', `is only for ${titles.join(', ')}, not for ${architecture.title}`, kind);
  }
  const classes = architecture.classes(sizes);
  if (classes > 2) throw fieldError('promptChannel', `needs a network for 2 classes, this one has ${classes}`, kind);
}

/** The same model with a prompt channel. @throws SamusError CONFIG_FIELD if it can have none */
export function channelledConfig(
  config: ModelConfig,
  promptChannel: NonNullable<ModelConfig['promptChannel']>,
): ModelConfig {
  checkPromptChannel(architectureOf({ architecture: config.architecture }), config, promptChannel);
  const { classNames, classColors, ...sizes } = config;
  return { ...sizes, promptChannel };
}

/** Names and colours of the classes, if the file contains them. @param count of the model, the background included */
function takeClasses(
  take: (name: string) => Json | undefined,
  count: number,
): Pick<ModelConfig, 'classNames' | 'classColors'> {
  const [classNames, classColors] = (['classNames', 'classColors'] as const).map((name) => {
    const value = take(name);
    if (value === undefined) return undefined;
    const form = name === 'classNames' ? /^[^\p{C}]{1,80}$/u : /^#[0-9a-f]{6}$/i;
    const texts = Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
    if (texts.length === count && Array.isArray(value) && value.length === count && texts.every((t) => form.test(t)))
      return texts;
    const what = name === 'classNames' ? 'names of at most 80 characters' : 'colours like "#e4572e"';
    throw fieldError(name, `must be a list of ${count} ${what}, the background first`, value);
  });
  return { ...(classNames && { classNames }), ...(classColors && { classColors }) };
}

function isObject(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutKnown(extra: Readonly<Record<string, Json>>, known: object): Record<string, Json> {
  return Object.fromEntries(Object.entries(extra).filter(([name]) => !Object.hasOwn(known, name)));
}

/** Reads checked values. @param take the value of a field */
export function fieldReader(take: (name: string) => Json | undefined): FieldReader {
  const whole = (value: Json, from: number, most: number): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= from && value <= most;
  return {
    whole(name, most, otherwise, least = 1) {
      const found = take(name);
      const value = found === undefined ? otherwise : found;
      if (value !== undefined && whole(value, least, most)) return value;
      throw fieldError(name, `must be a whole number from ${least} to ${most}`, value);
    },
    ascending(name, most) {
      const value = take(name);
      const list = Array.isArray(value) ? value : undefined;
      const whole = list?.filter((entry) => typeof entry === 'number' && Number.isInteger(entry) && entry >= 0) ?? [];
      const ascending = whole.every((entry, i) => i === 0 || entry > whole[i - 1]!);
      if (list && whole.length === list.length && whole.length <= most && ascending) return whole;
      throw fieldError(name, 'must be a list of numbers from 0 on, each larger than the one before', value);
    },
    wholes(name, length, most) {
      const value = take(name);
      if (Array.isArray(value) && value.length === length) {
        const list = value.filter((entry) => whole(entry, 1, most));
        if (list.length === length) return list;
      }
      throw fieldError(name, `must be a list of ${length} whole numbers from 1 to ${most}`, value);
    },
    flag(name, otherwise) {
      const value = take(name) ?? otherwise;
      if (typeof value === 'boolean') return value;
      throw fieldError(name, 'must be true or false', value);
    },
    share(name) {
      const value = take(name);
      if (value === undefined || (typeof value === 'number' && value >= 0 && value <= 1)) return value;
      throw fieldError(name, 'must be a number from 0 to 1, or be left out', value);
    },
    choice(name, choices) {
      const value = take(name);
      const found = choices.find((known) => known === value);
      if (found !== undefined || value === undefined) return found;
      const texts = choices.map((known) => JSON.stringify(known)).join(' or ');
      throw fieldError(name, `must be ${texts}, or be left out`, value);
    },
  };
}

function fieldError(field: string, rule: string, value: Json | undefined): SamusError {
  return new SamusError(
    'CONFIG_FIELD',
    `${field} of the model ${rule}, ${value === undefined ? 'it is missing' : `not ${shown(value)}`}`,
    'correct it in config.json, or import the checkpoint again with samus models convert',
    { field, value: value ?? null },
  );
}

function shown(value: Json | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
