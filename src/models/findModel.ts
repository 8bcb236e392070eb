/**
 * Finds the model in a checkpoint: its dict, and the prefix that wrappers add to its names (DataParallel, torch.compile,
 * Lightning, an outer module). The architectures recognise it by names and shapes.
 */
import { listed, SamusError } from '../errors.js';
import type { CheckpointChoice, CheckpointDict } from '../formats/torchCheckpoint.js';
import { architectures, recognise } from './registry.js';

/** Name parts that PyTorch wrappers add, at the front or around an inner module. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
]);

/** Usual keys in training scripts and Lightning, preferred if there are several models. */
const USUAL: readonly string[] = ['state_dict', 'model_state_dict', 'model', '', 'state_dict.model'];

/** Most name parts of a prefix. */
const MAX_PREFIX = 4;

/** A prefix with a smaller share of a dict's tensors is part of a model that resembles another. */
const MIN_SHARE = 0.25;

/**
 * The tensors of the model, with the model's own names; undefined without a model.
 * @param key selects one of several models: the dict, the prefix of its names, or both joined by a dot
 * @throws SamusError CHECKPOINT_AMBIGUOUS for several models without a usual name; CHECKPOINT_KEY if there is none under
 *   `key`
 */
export function findModel(dicts: readonly CheckpointDict[], key?: string): CheckpointChoice | undefined {
  const found = dicts.flatMap((dict) => candidates(dict)).map((way) => ({ ...way, state: stateOf(way) }));
  // Incomplete models and unsupported architectures count if there is no other, so that their error is reported.
  const whole = found.filter(({ state }) => state === 'whole');
  const models = whole.length > 0 ? whole : found.filter(({ state }) => state === 'broken');
  const places = [...new Set(models.map(({ place }) => place))];
  if (key !== undefined) {
    const named = models.find(({ place }) => place === key || place.endsWith(`.${key}`));
    if (named) return { key: named.from.key, names: named.names };
    const got = places.length > 0 ? `models under ${listed(places.map((place) => `"${place}"`))}` : 'no model';
    const message = `expected a model under "${key}" in the checkpoint, got ${got}`;
    throw new SamusError('CHECKPOINT_KEY', message, 'name one of those, or leave out the key', { keys: places });
  }
  const usual = USUAL.find((place) => places.includes(place));
  if (usual === undefined && places.length > 1) {
    throw new SamusError(
      'CHECKPOINT_AMBIGUOUS',
      `expected one model in the checkpoint, got ${places.length}: ${listed(places)}`,
      `choose one: samus models convert CHECKPOINT FOLDER --key ${places[0]}`,
      { keys: places },
    );
  }
  const model = usual === undefined ? models[0] : models.find(({ place }) => place === usual);
  return model && { key: model.from.key, names: model.names };
}

interface Candidate {
  /** The key of the dict and the prefix. */
  readonly place: string;
  readonly from: CheckpointDict;
  /** By names in the file. */
  readonly names: ReadonlyMap<string, string>;
}

/** Ways to read a dict: unchanged, without wrappers, and without or with a prefix shared by all names. */
function candidates(from: CheckpointDict): Candidate[] {
  const plain = [...from.tensors.keys()].map((name) => ({ name, to: name }));
  const unwrapped = plain.map(({ name }) => ({ name, to: withoutWrappers(name) }));
  // If this merges two names, only the wrappers distinguish two models.
  const clash = new Set(unwrapped.map(({ to }) => to)).size < plain.length;
  const named = clash ? plain : unwrapped;
  const ways = [{ place: from.key, from, names: mapOf(plain) }];
  if (!clash) ways.push({ place: from.key, from, names: mapOf(unwrapped) });
  for (const { namePrefix } of architectures()) {
    if (namePrefix === undefined) continue;
    const under = named.map(({ name, to }) => ({ name, to: namePrefix + to }));
    ways.push({ place: from.key, from, names: mapOf(under) });
  }
  for (const prefix of commonPrefixes(named.map(({ to }) => to))) {
    const under = named.flatMap(({ name, to }) =>
      to.startsWith(prefix) ? [{ name, to: to.slice(prefix.length) }] : [],
    );
    const place = [from.key, prefix.slice(0, -1)].filter((part) => part !== '').join('.');
    ways.push({ place, from, names: mapOf(under) });
  }
  return ways;
}

function mapOf(names: readonly { readonly name: string; readonly to: string }[]): ReadonlyMap<string, string> {
  return new Map(names.map(({ name, to }) => [name, to]));
}

function withoutWrappers(name: string): string {
  return name
    .split('.')
    .filter((part) => !WRAPPERS.has(part))
    .join('.');
}

/** Each with its dot. */
function commonPrefixes(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const parts = name.split('.').slice(0, -1);
    for (let length = 1; length <= Math.min(MAX_PREFIX, parts.length); length++) {
      const prefix = `${parts.slice(0, length).join('.')}.`;
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  return [...counts].filter(([, count]) => count >= MIN_SHARE * names.length).map(([prefix]) => prefix);
}

/** Whether a candidate is a model, possibly an incomplete one. */
function stateOf({ from, names }: Candidate): 'whole' | 'broken' | 'none' {
  try {
    recognise(new Map([...names].map(([name, to]) => [to, from.tensors.get(name)!])));
    return 'whole';
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    return error.code === 'MODEL_ARCHITECTURE_UNKNOWN' ? 'none' : 'broken';
  }
}
