/**
 * `samus info`: the version, the compute providers of this machine and the bundled models.
 */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import type { Json } from '../errors.js';
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
    .description('Print the version and the compute providers of this machine')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: boolean }) => {
      finish(await describeMachine(), json);
    });
}

/** Describes this machine and this installation. */
async function describeMachine(): Promise<Outcome> {
  // Loaded here, so that the help of all commands is instant.
  const { listProviders } = await import('../runtime/providers.node.js');
  const { bundledModels } = await import('../predict/loadModel.node.js');
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
