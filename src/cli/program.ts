/**
 * The whole command line: its commands, and what applies to all of them.
 */
import { Command } from 'commander';
import { NOTICE, packageVersion } from './packageInfo.js';

const EXAMPLES = `
Examples:
  samus phantom phantoms --seed 1
  samus segment scan.png --point 120,88 --format png,overlay
  samus serve --port 8000
  samus models convert sam_vit_b_01ec64.pth models/sam-b

Exit codes: 0 success, 1 failure, 2 wrong usage, 3 bad input, 4 not possible on this machine, 130 interrupted.
${NOTICE}.`;

/** Makes each command. One command need not load the options of the others. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  segment: async () => (await import('./segment.js')).segmentCommand(),
  serve: async () => (await import('./serve.js')).serveCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
  evaluate: async () => (await import('./evaluate.js')).evaluateCommand(),
  reproduce: async () => (await import('./reproduce.js')).reproduceCommand(),
  data: async () => (await import('./data.js')).dataCommand(),
  models: async () => (await import('./models.js')).modelsCommand(),
  dicom: async () => (await import('./dicom.js')).dicomCommand(),
  pacs: async () => (await import('./pacs.js')).pacsCommand(),
  phantom: async () => (await import('./phantom.js')).phantomCommand(),
  info: async () => (await import('./info.js')).machineInfoCommand(),
};

/**
 * A new command line with the command that comes first in `args`, or with all of them for help and suggestions. It
 * collects prompts while parsing, so use it once.
 */
export async function createProgram([first = '']: readonly string[]): Promise<Command> {
  const program = new Command('samus')
    .description('Promptable ultrasound segmentation')
    .version(packageVersion())
    .addHelpText('after', EXAMPLES);
  const named = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  for (const make of named ? [named] : Object.values(COMMANDS)) program.addCommand(await make());
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
