#!/usr/bin/env node
/**
 * Entry point of `samus`: runs the command line and ends with the documented exit code, whatever happens.
 */
import { SamusError } from '../errors.js';
import { isInterrupted, onInterrupt } from './interrupt.js';
import { createProgram } from './program.js';
import { asksForJson, reportError, runProgram } from './run.js';

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

await runProgram(await createProgram(args), args);
