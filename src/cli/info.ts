/**
 * `samus info`: what this machine has, for choosing a provider and for reports of problems.
 */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import type { Json } from '../errors.js';
import { bundledModels } from '../predict/loadModel.node.js';
import { listProviders } from '../runtime/providers.node.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { withProgress } from './progress.js';
import { finish, type Outcome } from './run.js';

const EXAMPLES = `
Examples:
  samus info
  samus info --json

${NOTICE}.`;

export function machineInfoCommand(): Command {
  return new Command('info')
    .description('Tell the version, and what this machine can compute on')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: boolean }) => finish(await describe(), json));
}

async function describe(): Promise<Outcome> {
  const found = await withProgress('trying the providers', listProviders);
  const providers = found.map(({ name, available, reason }) => ({ name, available, reason }));
  const models = await bundledModels();
  const [version, node, cpus] = [packageVersion(), process.version, availableParallelism()];
  // Nothing is cached on disk yet; the field is there because programs may rely on it.
  const document: Json = { version, node, cpus, providers, models, cache: null };
  const lines = [
    `samus ${version}, Node ${node}, ${cpus} cores`,
    ...providers.map(({ name, available, reason }) => `${name}: ${available ? 'yes' : 'no'} (${reason})`),
    `bundled models: ${models.length > 0 ? models.join(', ') : 'none'}`,
  ];
  return { document, lines };
}
