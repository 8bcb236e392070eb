/**
 * The work of `samus models init`: creates a model to start training from.
 */
import { basename } from 'node:path';
import { SamusError } from '../errors.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import type { CheckpointDict } from '../formats/torchCheckpoint.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { Architecture, ModelConfig } from '../models/architecture.js';
import { parametersOf } from '../models/graphs.js';
import { extendedByChannel } from '../models/promptChannel.js';
import { architectureOf, architectures, presets } from '../models/registry.js';
import { backboneWeights, findBackbone, startOf } from '../models/startFrom.js';
import { initialise } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import { readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import { conflict, type Outcome } from './run.js';

export interface InitOptions {
  readonly from?: string;
  /** Files of pretrained weights of parts of the network. */
  readonly backbone?: readonly string[];
  readonly seed: number;
}

/**
 * Writes a model that starts from the weights of another architecture, or a network of which parts start from pretrained weights.
 * @param id the architecture to create; or the preset of the network
 * @throws SamusError USAGE_VALUE, USAGE_CONFLICT, USAGE_MISSING_OPTION, OUTPUT_IS_INPUT, INIT_FROM if it cannot start from `from`,
 *   BACKBONE_…, and what reading, checking and writing throw
 */
export async function initModel(id: string, out: string, { from, backbone, seed }: InitOptions): Promise<Outcome> {
  if (from !== undefined && backbone !== undefined) throw conflict('--from', '--backbone');
  if (backbone !== undefined) {
    // Training takes a list with commas.
    const files = backbone.flatMap((names) => names.split(','));
    return initNetwork(id, out, files, seed);
  }
  if (from === undefined) {
    const hint = 'name a checkpoint of another architecture, or files of pretrained weights for a network';
    throw new SamusError('USAGE_MISSING_OPTION', 'missing required option --from or --backbone', hint);
  }
  const target = startable(id);
  await checkModelOutput(out, [from]);
  const source = await readModel(from);
  const start = startOf(target, source.config);
  if (!start) {
    const possible = Object.keys(target.startFrom ?? {}).map((other) => architectureOf({ architecture: other }).title);
    const message = `expected a checkpoint of ${possible.join(' or ')}, got ${architectureOf(source.config).title} in ${from}`;
    throw new SamusError('INIT_FROM', message, 'name a checkpoint of that architecture', { from });
  }
  const config = start.config();
  const tensors = await withProgress('initialising', async () =>
    start.weights(source.tensors, config, Random.seeded(seed)),
  );
  return saveModel(out, { name: basename(out), config, tensors }, card(target.title, from, seed));
}

async function initNetwork(id: string, out: string, files: readonly string[], seed: number): Promise<Outcome> {
  const named = architectures().find((architecture) => architecture.id === id);
  const config = presets().get(id) ?? Object.values(named?.presets ?? {})[0];
  if (!config) {
    const message = `expected a preset (${[...presets().keys()].join(', ')}), got "${id}"`;
    throw new SamusError('USAGE_VALUE', message, 'correct the name');
  }
  await checkModelOutput(out, files);
  const tensors = await pretrained(config, files, seed);
  const { title } = architectureOf(config);
  const names = files.map((file) => basename(file)).join(', ');
  return saveModel(out, { name: basename(out), config, tensors }, card(title, names, seed));
}

/** @throws SamusError USAGE_VALUE */
function startable(id: string): Architecture {
  const possible = architectures().filter(({ startFrom }) => startFrom !== undefined);
  const found = possible.find((architecture) => architecture.id === id);
  if (found) return found;
  const ids = possible.map((architecture) => architecture.id).join(', ');
  const message = `expected an architecture that can start from a checkpoint of another (${ids}), got "${id}"`;
  throw new SamusError('USAGE_VALUE', message, 'correct the name');
}

function card(title: string, from: string, seed: number): string {
  return `# ${title}, not trained yet

${NOTICE}.

Started from \`${basename(from)}\`; weights missing there were drawn with seed ${seed}. Train it before use. The licence
of that checkpoint applies.
`;
}

/**
 * The weights of a new model: random ones, and in their place those of files of pretrained weights; a later file counts.
 * @throws SamusError BACKBONE_NONE, BACKBONE_FILE, and what reading throws
 */
export async function pretrained(config: ModelConfig, files: readonly string[], seed: number): Promise<StateDict> {
  const taken = new Map<string, TensorData>();
  // Such files know of no prompt channel, whose weights start at 0.
  const { promptChannel: _, ...plain } = config;
  const parameters = parametersOf(config);
  for (const file of files) {
    const choose = (dicts: readonly CheckpointDict[]) => findBackbone(plain, dicts);
    const { tensors } = await withProgress(`reading ${file}`, () => readCheckpointFile(file, { choose }));
    const found = extendedByChannel(parameters, backboneWeights(plain, tensors));
    for (const [name, tensor] of found) taken.set(name, tensor);
  }
  return initialise(parameters, Random.seeded(seed), taken);
}
