#!/usr/bin/env node
/**
 * The program `samus`: starts the command line and ends it as interfaces.md says.
 */
import { onInterrupt } from './interrupt.js';
import { createProgram } from './program.js';
import { asksForJson, reportError, runProgram } from './run.js';

const args = process.argv.slice(2);

// Whoever reads the output may stop early (`samus … | head`); that is no error.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

onInterrupt((error, exitCode) => {
  reportError(error, asksForJson(args));
  process.exit(exitCode);
});

await runProgram(createProgram(), args);
