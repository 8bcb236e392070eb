/**
 * The models of `samus evaluate`: which ones a name stands for, how each is asked, whether it can answer, and several as
 * one.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { SampleList } from '../data/sampleList.js';
import { listed, SamusError } from '../errors.js';
import { checkMembers, ensemble } from '../evaluate/ensemble.js';
import type { CaseSource, EvaluateOptions } from '../evaluate/evaluate.js';
import { type PromptableModel, promptable } from '../evaluate/promptableModel.js';
import { promptName } from '../evaluate/promptPlan.js';
import { exists } from '../formats/fileSystem.node.js';
import { isModelFolder } from '../formats/modelFolder.node.js';
import type { ModelConfig } from '../models/architecture.js';
import { requirePresence } from '../models/presence.js';
import { architectureOf, requirePrompts } from '../models/registry.js';
import type { ClassNetwork } from '../predict/classNetwork.js';
import { loadModel } from '../predict/loadModel.node.js';
import { Segmenter } from '../predict/segmenter.js';
import { RUN_FILES } from '../train/runFolder.node.js';
import type { FlipOptions, ModelOptions } from './modelOptions.js';
import { openAnyModel } from './openModel.js';
import { warn } from './run.js';

/**
 * The models that a name stands for: of a training run its best one; of a folder of runs or models all of them, in the
 * order of their names. Any other name stands for itself.
 */
export async function modelMembers(name: string): Promise<readonly string[]> {
  const own = await modelAt(name);
  if (own !== undefined) return [own];
  const entries = await readdir(name).catch((): string[] => []);
  const members = await Promise.all(entries.sort().map((entry) => modelAt(join(name, entry))));
  const found = members.filter((member) => member !== undefined);
  return found.length > 0 ? found : [name];
}

/** Runs in a folder of models that have no best model yet. */
async function unfinishedRuns(name: string): Promise<string[]> {
  const entries = await readdir(name).catch((): string[] => []);
  const paths = entries.sort().map((entry) => join(name, entry));
  const isUnfinished = async (path: string) => (await exists(join(path, RUN_FILES.config))) && !(await modelAt(path));
  const unfinished = await Promise.all(paths.map(isUnfinished));
  return paths.filter((_, i) => unfinished[i]);
}

/** The model folder at a path: the folder itself, or the best model of the run that it holds. */
async function modelAt(path: string): Promise<string | undefined> {
  if (await isModelFolder(path)) return path;
  const best = join(path, RUN_FILES.best);
  return (await isModelFolder(best)) ? best : undefined;
}

/**
 * Opens what a name stands for; the caller disposes of it.
 * @param models all that are evaluated
 * @throws SamusError MODEL_PROMPTS, EVALUATE_PROMPT_AUTO, EVALUATE_MEMBERS, MODEL_CLASSES, MODEL_PRESENCE, and as loadModel
 */
export async function openEvaluated(
  model: string,
  models: readonly string[],
  protocol: EvaluateOptions,
  list: SampleList,
  source: CaseSource,
  { minPresence, ...compute }: Omit<ModelOptions, 'model'> & FlipOptions & { readonly minPresence?: number },
): Promise<{ readonly evaluated: PromptableModel; readonly dispose: () => Promise<void> }> {
  const members = await modelMembers(model);
  const unfinished = members[0] === model ? [] : await unfinishedRuns(model);
  if (unfinished.length > 0) warn(`left out runs without a best model yet: ${listed(unfinished)}`);
  const opened: (Segmenter | ClassNetwork)[] = [];
  const dispose = async (): Promise<void> => {
    for (const member of opened) await member.dispose();
  };
  for (const member of members) opened.push(await openAnyModel({ model: member, ...compute }));
  // Two runs both have a folder `best`, so several models go by their paths.
  const name = models.length > 1 ? model : members[0] === model ? opened[0]!.name : basename(resolve(model));
  const configs = opened.map(({ config }) => config);
  checkMembers(name, configs);
  for (const config of configs) {
    requireAnswers(config, name, protocol, list, source);
    requirePresence(config, minPresence);
  }
  const adapted = opened.map((one) =>
    one instanceof Segmenter ? promptable(one, name, minPresence) : promptable(one, name),
  );
  return { evaluated: adapted.length === 1 ? adapted[0]! : ensemble(name, adapted), dispose };
}

/**
 * The protocol of each of several models, all of which can be read and can answer it.
 * @throws SamusError as {@link openEvaluated}
 */
export async function checkedProtocols(
  models: readonly string[],
  protocol: EvaluateOptions,
  list: SampleList,
  source: CaseSource,
): Promise<ReadonlyMap<string, EvaluateOptions>> {
  const configs = new Map<string, readonly ModelConfig[]>();
  for (const model of models) {
    const members: ModelConfig[] = [];
    for (const member of await modelMembers(model)) members.push((await loadModel(member)).config);
    checkMembers(model, members);
    configs.set(model, members);
  }
  const protocols = protocolsOf(configs, protocol);
  for (const [model, members] of configs) {
    for (const config of members) requireAnswers(config, model, protocols.get(model)!, list, source);
  }
  return protocols;
}

/**
 * How each of several models is asked: those that take no prompts get none, if they are compared with one that does. All see
 * the same images, so comparisons stay paired.
 */
function protocolsOf(
  models: ReadonlyMap<string, readonly ModelConfig[]>,
  protocol: EvaluateOptions,
): Map<string, EvaluateOptions> {
  const takesPrompts = (configs: readonly ModelConfig[]): boolean =>
    configs.some((config) => architectureOf(config).task === 'prompted');
  const prompted = protocol.prompt.kind !== 'none' && protocol.prompt.kind !== 'auto';
  const mixed = prompted && [...models.values()].some(takesPrompts);
  const { clickMode, noise, ...rest } = protocol;
  const unprompted: EvaluateOptions = { ...rest, prompt: { kind: 'auto' }, clicks: 0, draws: 0 };
  const protocols = new Map(
    [...models].map(([model, configs]) => [model, mixed && !takesPrompts(configs) ? unprompted : protocol]),
  );
  const without = [...protocols].flatMap(([model, own]) => (own === unprompted ? [model] : []));
  if (without.length > 0) {
    const asked = `--prompt ${promptName(protocol.prompt)}${protocol.clicks > 0 ? ` and --clicks ${protocol.clicks}` : ''}`;
    warn(`${listed(without)}: takes no prompts and gets none; ${asked} is for the other models only`);
  }
  return protocols;
}

/**
 * Checks that a model answers the prompts and has the classes of the list.
 * @throws SamusError MODEL_PROMPTS, EVALUATE_PROMPT_AUTO, MODEL_CLASSES
 */
function requireAnswers(
  config: ModelConfig,
  name: string,
  { prompt, clicks, absentPrompt }: EvaluateOptions,
  list: SampleList,
  source: CaseSource,
): void {
  const architecture = architectureOf(config);
  if (architecture.task === 'prompted') {
    if (prompt.kind === 'auto' || absentPrompt === 'auto') {
      const option = prompt.kind === 'auto' ? '--prompt' : '--absent-prompt';
      const message = `expected a model without prompts for ${option} auto, got ${name}, which takes prompts`;
      throw new SamusError('EVALUATE_PROMPT_AUTO', message, 'give another prompt, or evaluate AutoSAMUS or a network');
    }
    const first = prompt.kind === 'none' ? [] : [prompt.kind];
    requirePrompts(config, clicks > 0 ? [...first, 'points'] : first);
    return;
  }
  if ((prompt.kind !== 'none' && prompt.kind !== 'auto') || clicks > 0) {
    const asked = `--prompt ${promptName(prompt)}${clicks > 0 ? ` --clicks ${clicks}` : ''}`;
    const message = `expected --prompt auto without --clicks for ${name}, which takes no prompts, got ${asked}`;
    throw new SamusError('MODEL_PROMPTS', message, 'give --prompt auto, or evaluate a promptable model');
  }
  const classes = architecture.classes(config);
  // A network for two classes has one object, whichever class of the dataset it is.
  const strange = classes > 2 ? [...list].find(({ classId }) => classId >= classes) : undefined;
  if (!strange) return;
  const { names } = source.classes(strange.dataset);
  const message = `expected a model with class ${strange.classId} (${names[strange.classId]}) of ${strange.dataset}, got ${name} with ${classes} classes, the background included`;
  throw new SamusError('MODEL_CLASSES', message, 'evaluate a model that was trained on these classes');
}

/** @throws SamusError EVALUATE_MODEL_TWICE */
export function checkModels(models: readonly string[]): void {
  const twice = models.find((model, i) => models.indexOf(model) !== i);
  if (twice === undefined) return;
  const message = `expected different models, got ${twice} twice`;
  throw new SamusError('EVALUATE_MODEL_TWICE', message, 'name each model once');
}
