/**
 * The work of `samus adapt`: reads a few samples of a dataset folder, adapts the model to them, and writes it.
 */
import { basename } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/dataset.node.js';
import { type SampleList, sampleOrigin } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { inputShape } from '../models/graphs.js';
import { takesColour } from '../models/preprocessing.js';
import { promptedOf } from '../models/registry.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { type Adaptation, type AdaptExample, type AdaptProgress, adaptModel } from '../train/adapt.js';
import { SampleOrder } from '../train/trainingSample.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import type { ModelOptions } from './modelOptions.js';
import { halved } from './modelsConvert.js';
import { readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import { Progress, withProgress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface AdaptCommandOptions extends ModelOptions {
  readonly data: string;
  readonly trainList: readonly string[];
  readonly valList?: readonly string[];
  readonly out: string;
  readonly examples?: number;
  readonly train: 'all' | 'published';
  readonly steps: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** All images are in memory. */
const MOST_EXAMPLES = 1000;

/**
 * @throws SamusError OUTPUT_IS_INPUT, MODEL_PROMPTS for a network that takes no prompts, DATA_…, ADAPT_TOO_FEW,
 *   ADAPT_TOO_MANY, and what adaptModel, reading and writing a model throw
 */
export async function adapt(options: AdaptCommandOptions): Promise<Outcome> {
  const { model: name, out, train: trained, steps, seed, threads } = options;
  await checkModelOutput(out, [name]);
  const model = await readModel(name);
  promptedOf(model.config);
  const { train, val } = await withProgress('reading the examples', () => readLists(options, model));
  const stages = new Stages();
  const result = await adaptModel(model.config, model.tensors, train.examples, nodeRuntime(), {
    ...(val && { validation: val.examples }),
    trained,
    steps,
    seed,
    ...(threads !== undefined && { threads }),
    progress: (progress) => stages.show(progress),
  }).finally(() => stages.end());
  const { tensors, heldOut, before, after, gain, share, better } = result;
  if (!better) warn('the adapted model is not better than before; more examples may help');
  const adapted = { ...model, name: basename(out), tensors };
  const float16 = [...model.tensors.values()].some(({ dtype }) => dtype === 'float16');
  const text = `${scoreText(result)}${val ? '' : ', held out from the examples'}`;
  const saved = await saveModel(out, float16 ? halved(adapted) : adapted, card(options, train.names.length, text));
  return {
    document: {
      folder: out,
      from: name,
      examples: [...train.names],
      trained: result.trained,
      held_out: heldOut,
      before: { held_out: before.heldOut, phantoms: before.phantoms },
      after: { held_out: after.heldOut, phantoms: after.phantoms },
      gain: { mean: gain.mean, ci95: gain.ci95 && [...gain.ci95] },
      share,
      better,
      notice: NOTICE,
    },
    lines: [...saved.lines, text],
  };
}

interface Examples {
  readonly examples: readonly AdaptExample[];
  /** `class/dataset/image` of each, as in lists. */
  readonly names: readonly string[];
}

async function readLists(options: AdaptCommandOptions, model: Model) {
  const dataset = await openDataset(options.data);
  const colour = takesColour(inputShape(model.config).preprocessing);
  const { trainList, valList, examples: wanted, seed } = options;
  const train = await readExamples(dataset, await dataset.lists(trainList), { colour, wanted, seed });
  const val = valList && (await readExamples(dataset, await dataset.lists(valList), { colour }));
  return { train, ...(val && { val }) };
}

/** The first `wanted` samples of a seeded shuffle; all of the list in its order without that number. */
async function readExamples(
  dataset: Dataset,
  list: SampleList,
  {
    colour,
    wanted,
    seed = 1,
  }: { readonly colour: boolean; readonly wanted?: number | undefined; readonly seed?: number },
): Promise<Examples> {
  const order = wanted === undefined ? undefined : new SampleOrder(list.length, seed).batch(0, list.length);
  const most = wanted ?? list.length;
  if (most > MOST_EXAMPLES) {
    const message = `expected at most ${MOST_EXAMPLES} examples, got ${most}`;
    throw new SamusError('ADAPT_TOO_MANY', message, 'draw some with --examples, or use samus train');
  }
  const examples: AdaptExample[] = [];
  const names: string[] = [];
  const without: string[] = [];
  for (let i = 0; i < list.length && examples.length < most; i++) {
    const sample = list.at(order ? order[i]!.index : i);
    const { image, label } = await dataset.read(sample, { colour });
    const mask = label.map((value) => (value === sample.classId ? 1 : 0));
    if (!mask.includes(1)) {
      without.push(sampleOrigin(sample));
      continue;
    }
    examples.push({ image, mask });
    names.push(`${sample.classId}/${sample.dataset}/${sample.name}`);
  }
  if (without.length > 0) warn(`left out ${without.length} image(s) without the object, the first ${without[0]}`);
  if (wanted !== undefined && examples.length < wanted) {
    const message = `expected ${wanted} examples, got ${examples.length} from the lists`;
    throw new SamusError('ADAPT_TOO_FEW', message, 'ask for fewer with --examples');
  }
  return { examples, names };
}

const STAGES: Readonly<Record<AdaptProgress['stage'], string>> = {
  before: 'evaluating the model',
  preparing: 'preparing the training',
  training: 'training',
  after: 'evaluating the adapted model',
};

/** Progress on stderr, a line for each stage. */
class Stages {
  #stage: AdaptProgress['stage'] | undefined;
  #progress: Progress | undefined;

  show({ stage, done, total, loss }: AdaptProgress): void {
    if (stage !== this.#stage) {
      this.end();
      this.#progress = new Progress(STAGES[stage], total);
      this.#stage = stage;
    }
    this.#progress?.update(done, loss === undefined ? '' : `(loss ${loss.toFixed(4)})`);
  }

  end(): void {
    this.#progress?.end();
  }
}

function scoreText({ before, after, gain, heldOut }: Adaptation): string {
  const interval = gain.ci95 ? ` (95 % interval ${gain.ci95.map(signed).join(' to ')})` : '';
  const phantoms = `on phantoms ${before.phantoms.toFixed(3)}, then ${after.phantoms.toFixed(3)}`;
  return `Dice of one click on ${heldOut} image${heldOut === 1 ? '' : 's'}: ${before.heldOut.toFixed(3)}, then ${after.heldOut.toFixed(3)}, gain ${signed(gain.mean)}${interval}; ${phantoms}`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function card({ model, out, trainList, steps, seed }: AdaptCommandOptions, examples: number, scores: string): string {
  return `# ${basename(out)}

${NOTICE}.

\`${basename(model)}\`, adapted to ${examples} example${examples === 1 ? '' : 's'} of ${trainList.join(', ')} (\`samus adapt\`, ${steps} steps, seed ${seed}).
${scores}.

Its licence: that of the examples and that of \`${basename(model)}\`.
`;
}
