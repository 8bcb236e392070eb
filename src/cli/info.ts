/**
 * Options of `samus info`. The work is in infoRun.ts.
 */
import { Command } from 'commander';
import { NOTICE } from './packageInfo.js';
import { finish } from './run.js';

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
      const { describeMachine } = await import('./infoRun.js');
      finish(await describeMachine(), json);
    });
}
