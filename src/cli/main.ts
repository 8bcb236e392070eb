#!/usr/bin/env node
/**
 * The program `samus`: starts the command line and ends it as its documentation says, whatever happens.
 */
import { SamusError } from '../errors.js';
import { isInterrupted, onInterrupt } from './interrupt.js';
import { createProgram } from './program.js';
import { asksForJson, reportError, runProgram } from './run.js';

const args = process.argv.slice(2);
const json = asksForJson(args);

process.stdout.on('error', (error) => {
  const code = 'code' in error ? String(error.code) : error.message;
  // Whoever reads the output may stop early (`samus … | head`); that is no error.
  if (code === 'EPIPE') process.exit(0);
  const hint = 'make room, or send the output elsewhere';
  const failure = new SamusError('STDOUT_UNWRITABLE', `the output cannot be written (${code})`, hint);
  reportError(failure, false);
  process.exit(failure.exitCode);
});

onInterrupt((error, exitCode) => {
  reportError(error, json);
  process.exit(exitCode);
});

// A bug that no command waits for, in a timer or a worker, still gets the documented form.
process.on('uncaughtException', (error) => {
  if (isInterrupted()) return;
  reportError(error, json);
  process.exit(1);
});

await runProgram(createProgram(), args);
