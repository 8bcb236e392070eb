/**
 * The whole command line: its commands, and what applies to all of them.
 */
import { Command } from 'commander';
import { dataCommand } from './data.js';
import { evaluateCommand } from './evaluate.js';
import { machineInfoCommand } from './info.js';
import { modelsCommand } from './models.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { phantomCommand } from './phantom.js';
import { segmentCommand } from './segment.js';
import { serveCommand } from './serve.js';
import { trainCommand } from './train.js';

const EXAMPLES = `
Examples:
  samus phantom phantoms --seed 1
  samus segment scan.png --point 120,88 --format png,overlay
  samus serve --port 8000
  samus models convert sam_vit_b_01ec64.pth models/sam-b

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 bad input, 4 not possible on this machine, 130 interrupted.
${NOTICE}.`;

/** A new command line. It collects prompts while parsing, so use it once. */
export function createProgram(): Command {
  const program = new Command('samus')
    .description('Promptable ultrasound segmentation')
    .version(packageVersion())
    .addHelpText('after', EXAMPLES);
  for (const command of [
    segmentCommand(),
    serveCommand(),
    trainCommand(),
    evaluateCommand(),
    dataCommand(),
    modelsCommand(),
    phantomCommand(),
    machineInfoCommand(),
  ])
    program.addCommand(command);
  forAll(program, (command) => {
    // run.ts prints the errors of all commands in one form.
    command.exitOverride().configureOutput({ outputError: () => undefined });
    command.helpCommand(command.commands.length > 0);
  });
  return program;
}

function forAll(command: Command, apply: (command: Command) => void): void {
  apply(command);
  for (const child of command.commands) forAll(child, apply);
}
