/**
 * The configuration of a training, as stored in `RUN/config.json`: everything that determines its result. Two runs of one
 * configuration on one machine give the same weights, bit for bit. settings.ts defines the settings.
 */
import { listed, SamusError } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';
import type { ModelConfig } from '../models/architecture.js';
import { parseConfig } from '../models/configFile.js';
import { isSet, SETTING_ROWS, type TrainingSettings } from './settings.js';

export type TrainingConfig = TrainingSettings & {
  readonly model: ModelConfig;
  /** The checkpoint to start from, or null for random weights. */
  readonly from: string | null;
};

/** Unchecked settings by row name; {@link trainingConfig} checks them. */
export type SettingValues = Readonly<Record<string, unknown>>;

/** The configuration in a parsed `config.json`. @throws SamusError TRAIN_CONFIG_INVALID, CONFIG_FIELD */
export function parseTrainingConfig(json: unknown): TrainingConfig {
  const { values, model, from } = readSettings(json, 'ignore');
  if (model === undefined) throw invalid('model', 'the configuration of a model');
  const older = SETTING_ROWS.flatMap(([name, row]) => (row.older === undefined ? [] : [[name, row.older] as const]));
  return trainingConfig({ ...Object.fromEntries(older), ...values }, parseConfig(model).config, from);
}

/** The settings in a `config.json`, which may be incomplete. */
export interface GivenSettings {
  readonly values: SettingValues;
  /** As in the file, if present. */
  readonly model: unknown;
  readonly from: string | null;
}

/**
 * The settings in a parsed `config.json`.
 * @param others whether to reject unknown fields, which in a handwritten file are typos
 * @throws SamusError TRAIN_CONFIG_INVALID for invalid values
 */
export function readSettings(json: unknown, others: 'ignore' | 'refuse'): GivenSettings {
  const fields = object(json, 'config.json');
  if (others === 'refuse') checkNames(fields);
  const values = flat(fields);
  for (const [name, { kind }] of SETTING_ROWS) {
    if (values[name] !== undefined && !kind.accepts(values[name])) throw invalid(name, kind.expected);
  }
  const { model, from = null } = fields;
  if (from !== null && typeof from !== 'string') throw invalid('from', 'a string or null');
  return { values, model, from };
}

function checkNames(fields: Readonly<Record<string, unknown>>): void {
  const known = new Set(['model', 'from', ...SETTING_ROWS.map(([name]) => name)]);
  const names = Object.entries(fields).flatMap(([name, value]) => {
    const isGroup = [...known].some((setting) => setting.startsWith(`${name}.`));
    return isGroup && isFields(value) ? Object.keys(value).map((field) => `${name}.${field}`) : [name];
  });
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const message = `expected the settings of a training, got ${listed(unknown)}`;
  throw new SamusError('TRAIN_CONFIG_INVALID', message, 'compare with the table in docs/train.md', {
    fields: unknown.slice(0, 100),
  });
}

/**
 * The configuration of complete settings.
 * @throws SamusError TRAIN_CONFIG_INVALID for invalid values
 */
export function trainingConfig(values: SettingValues, model: ModelConfig, from: string | null): TrainingConfig {
  const nested: Record<string, Record<string, unknown> | unknown> = {};
  for (const [name, { within }] of SETTING_ROWS) {
    if (within && values[within.setting] !== within.is) continue;
    const [group, field] = name.split('.');
    const inside = nested[group!];
    nested[group!] = field === undefined ? values[name] : { ...(isFields(inside) && inside), [field]: values[name] };
  }
  checkSettings(nested);
  return { ...nested, model, from };
}

function checkSettings(nested: Readonly<Record<string, unknown>>): asserts nested is TrainingSettings {
  const values = flat(nested);
  for (const [name, { kind, within, insteadOf }] of SETTING_ROWS) {
    if (within && values[within.setting] !== within.is) continue;
    if (!kind.accepts(values[name])) throw invalid(name, kind.expected);
    if (insteadOf !== undefined && isSet(name, values) && isSet(insteadOf, values)) {
      throw invalid(insteadOf, `nothing beside ${name}`);
    }
  }
}

/** The settings of a configuration by row name. */
export function settingValues(config: TrainingSettings): SettingValues {
  return flat({ ...config });
}

/** The text of `config.json`. */
export function serialiseTrainingConfig(config: TrainingConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Names of the differing settings that a resumed run must not change. */
export function differences(a: TrainingConfig, b: TrainingConfig): string[] {
  const all = ({ model, from, ...settings }: TrainingConfig): SettingValues => ({ ...flat(settings), model, from });
  const [left, right] = [all(a), all(b)];
  const names = SETTING_ROWS.filter(([, { movable }]) => !movable).map(([name]) => name);
  return [...names, 'model', 'from'].filter((name) => canonical(left[name]) !== canonical(right[name]));
}

/** JSON with sorted names, for comparison. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** The settings in nested fields, by row name. */
function flat(fields: Readonly<Record<string, unknown>>): SettingValues {
  const entries = SETTING_ROWS.map(([name]) => {
    const [group, field] = name.split('.');
    const value = fields[group!];
    if (field === undefined || value === undefined) return [name, value] as const;
    return [name, object(value, group!)[field]] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function object(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (isFields(value)) return value;
  throw invalid(name, 'an object');
}

function invalid(name: string, expected: string): SamusError {
  const message = `expected ${expected} as ${name} in the training configuration`;
  return new SamusError('TRAIN_CONFIG_INVALID', message, 'correct it, or start a new run', { field: name });
}
