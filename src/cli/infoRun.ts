/**
 * The work of `samus info`.
 */
import { availableParallelism } from 'node:os';
import type { Json } from '../errors.js';
import { bundledModels } from '../predict/loadModel.node.js';
import { listProviders } from '../runtime/providers.node.js';
import { packageVersion } from './packageInfo.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

/** Describes this machine and this installation. */
export async function describeMachine(): Promise<Outcome> {
  const found = await withProgress('trying the providers', listProviders);
  const providers = found.map(({ name, available, reason }) => ({ name, available, reason }));
  const models = await bundledModels();
  const [version, node, cpus] = [packageVersion(), process.version, availableParallelism()];
  // Nothing is cached on disk yet; programs may rely on the field.
  const document: Json = { version, node, cpus, providers, models, cache: null };
  const lines = [
    `samus ${version}, Node ${node}, ${cpus} cores`,
    ...providers.map(({ name, available, reason }) => `${name}: ${available ? 'yes' : 'no'} (${reason})`),
    `bundled models: ${models.length > 0 ? models.join(', ') : 'none'}`,
  ];
  return { document, lines };
}
