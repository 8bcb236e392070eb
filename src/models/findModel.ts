/**
 * Finds the model in a checkpoint: in which of its dicts it lies, and what programs put in front of its names
 * (DataParallel, torch.compile, Lightning, a module around it). Names and shapes decide, by what the architectures
 * recognise.
 */
import { SamusError } from '../errors.js';
import type { CheckpointChoice, CheckpointDict } from '../formats/torchCheckpoint.js';
import { architectures, recognise } from './registry.js';

/** Parts of names that wrappers of PyTorch add, wherever in the model they wrap: in front, or around one module. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'module',
  '_orig_mod',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
]);

/** Where training scripts keep the model, and what Lightning calls it: these are taken where several are there. */
const USUAL: readonly string[] = ['state_dict', 'model_state_dict', 'model', '', 'state_dict.model'];

/** Parts of a name that may stand in front of the model's. */
const MAX_PREFIX = 4;

/** A prefix with a smaller share of a dict's tensors holds a part of a model that happens to look like another. */
const MIN_SHARE = 0.25;

/**
 * The tensors of the model, with the names that it gives them; undefined if no model is there.
 * @param key which to take where there are several: the dict, the prefix of its names, or both joined by a dot
 * @throws SamusError CHECKPOINT_AMBIGUOUS for several models of which none has a usual name; CHECKPOINT_KEY if none lies
 *   under `key`
 */
export function findModel(dicts: readonly CheckpointDict[], key?: string): CheckpointChoice | undefined {
  const found = dicts.flatMap((dict) => candidates(dict)).map((way) => ({ ...way, state: stateOf(way) }));
  // Those that lack a tensor, or are of an architecture that is not supported, count where no other is: their error is
  // the right one.
  const whole = found.filter(({ state }) => state === 'whole');
  const models = whole.length > 0 ? whole : found.filter(({ state }) => state === 'broken');
  const places = [...new Set(models.map(({ place }) => place))];
  if (key !== undefined) {
    const named = models.find(({ place }) => place === key || place.endsWith(`.${key}`));
    if (named) return { key: named.from.key, names: named.names };
    const got = places.length > 0 ? `models under ${places.map((place) => `"${place}"`).join(', ')}` : 'no model';
    const message = `expected a model under "${key}" in the checkpoint, got ${got}`;
    throw new SamusError('CHECKPOINT_KEY', message, 'name one of those, or leave the key out', { keys: places });
  }
  const usual = USUAL.find((place) => places.includes(place));
  if (usual === undefined && places.length > 1) {
    throw new SamusError(
      'CHECKPOINT_AMBIGUOUS',
      `expected one model in the checkpoint, got ${places.length}: ${places.join(', ')}`,
      `convert the one that you want: samus models convert CHECKPOINT FOLDER --key ${places[0]}`,
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
  /** By the names in the file. */
  readonly names: ReadonlyMap<string, string>;
}

/** Ways to read a dict: as it is, without wrappers, and without or with a prefix that all of its names share. */
function candidates(from: CheckpointDict): Candidate[] {
  const plain = [...from.tensors.keys()].map((name) => ({ name, to: name }));
  const unwrapped = plain.map(({ name }) => ({ name, to: withoutWrappers(name) }));
  // Where that makes one of two names, the wrappers are all that keeps two models apart.
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

/** Whether what a candidate names is a model, or would be one but for what it lacks. */
function stateOf({ from, names }: Candidate): 'whole' | 'broken' | 'none' {
  try {
    recognise(new Map([...names].map(([name, to]) => [to, from.tensors.get(name)!])));
    return 'whole';
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    return error.code === 'MODEL_ARCHITECTURE_UNKNOWN' ? 'none' : 'broken';
  }
}
