#!/usr/bin/env node
/**
 * Entry point of `samus`: runs the first command on the command line and ends with the documented exit code,
 * whatever happens.
 */
import { Command } from 'commander';
import { SamusError } from '../errors.js';
import { isInterrupted, onInterrupt } from './interrupt.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { asksForJson, failed, reportError } from './run.js';

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
  batch: async () => (await import('./batch.js')).batchCommand(),
  serve: async () => (await import('./serve.js')).serveCommand(),
  train: async () => (await import('./train.js')).trainCommand(),
  adapt: async () => (await import('./adapt.js')).adaptCommand(),
  evaluate: async () => (await import('./evaluate.js')).evaluateCommand(),
  reproduce: async () => (await import('./reproduce.js')).reproduceCommand(),
  data: async () => (await import('./data.js')).dataCommand(),
  models: async () => (await import('./models.js')).modelsCommand(),
  dicom: async () => (await import('./dicom.js')).dicomCommand(),
  pacs: async () => (await import('./pacs.js')).pacsCommand(),
  worker: async () => (await import('./worker.js')).workerCommand(),
  phantom: async () => (await import('./phantom.js')).phantomCommand(),
  info: async () => (await import('./info.js')).machineInfoCommand(),
};

const args = process.argv.slice(2);
const json = asksForJson(args);

process.stdout.on('error', (error) => {
  const code = 'code' in error ? String(error.code) : error.message;
  // The reader may stop early (`samus … | head`); that is not an error.
  if (code === 'EPIPE') process.exit(0);
  const hint = 'free disk space, or send the output elsewhere';
  const failure = new SamusError('STDOUT_UNWRITABLE', `cannot write to stdout: ${code}`, hint);
  reportError(failure, false);
  process.exit(failure.exitCode);
});

onInterrupt((error, exitCode) => {
  reportError(error, json);
  process.exit(exitCode);
});

// A bug outside any command, in a timer or a worker, is still printed in the documented form.
process.on('uncaughtException', (error) => {
  if (isInterrupted()) return;
  reportError(error, json);
  process.exit(1);
});

try {
  await (await commandLine(args[0])).parseAsync(args, { from: 'user' });
} catch (error) {
  failed(error, json);
}

/** The command line with one command, or with all of them for help and suggestions. */
async function commandLine(first = ''): Promise<Command> {
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
