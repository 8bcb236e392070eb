/**
 * The work of `samus models init`: creates a model to start training from.
 */
import { basename } from 'node:path';
import { SamusError } from '../errors.js';
import type { Architecture } from '../models/architecture.js';
import { architectureOf, architectures, presets } from '../models/registry.js';
import { startOf } from '../models/startFrom.js';
import { Random } from '../nn/random.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import { pretrained, readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';
import { conflict } from './trainSettings.js';

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
  if (backbone !== undefined) return initNetwork(id, out, backbone, seed);
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
