/**
 * Prints the outcome or error of a command and sets the exit code, the same way for every command. With `--json`,
 * stdout gets one document and nothing else.
 */
import { CommanderError } from 'commander';
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import { isInterrupted } from './interrupt.js';

/** What a command returns. */
export interface Outcome {
  /** For `--json`. */
  readonly document: Json;
  /** For people. */
  readonly lines: readonly string[];
  /** 0 unless something failed. */
  readonly exitCode?: number;
}

/** Prints an outcome and sets the exit code. */
export function finish(outcome: Outcome, json = false): void {
  if (isInterrupted()) return;
  process.stdout.write(json ? `${JSON.stringify(outcome.document)}\n` : printable(outcome.lines.map(endLine).join('')));
  process.exitCode = outcome.exitCode ?? 0;
}

/** Reports what ended a command, and sets the exit code. */
export function failed(error: unknown, json: boolean): void {
  // Commander throws after it has printed help or the version.
  if ((error instanceof CommanderError && error.exitCode === 0) || isInterrupted()) return;
  const known = error instanceof CommanderError ? usageError(error) : asSamusError(error);
  reportError(known ?? error, json);
  process.exitCode = known?.exitCode ?? 1;
}

/** Prints an error: the document with `--json`, two lines for a person, the stack for a bug. Ctrl-C is none. */
export function reportError(error: unknown, json: boolean): void {
  const known = asSamusError(error);
  if (!known) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`error: this is a bug, please report it together with the command\n${stack}\n`);
  } else if (!json && known.kind === 'interrupted') {
    process.stderr.write(`${known.message}; ${known.hint}\n`);
  } else if (!json) {
    process.stderr.write(printable(`error: ${known.message}\nhint: ${known.hint}\n`));
  }
  if (!json) return;
  const message = error instanceof Error ? error.message : String(error);
  const bug = { code: 'INTERNAL', message, hint: 'this is a bug: report it with the command', details: {} };
  process.stdout.write(`${JSON.stringify(known ? known.toJSON() : { error: bug })}\n`);
}

/** Whether `--json` is among the options; arguments after `--` are not options. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** Prints a warning to stderr, so that stdout stays readable for programs. */
export function warn(message: string): void {
  process.stderr.write(printable(`warning: ${message}\n`));
}

const MACHINE: Readonly<Record<string, readonly [code: ErrorCode, reason: string]>> = {
  ENOSPC: ['DISK_FULL', 'the disk is full'],
  EDQUOT: ['DISK_FULL', 'the disk quota is exceeded'],
  EFBIG: ['DISK_FULL', 'a file would exceed the size limit'],
  ENOMEM: ['MACHINE_LIMIT', 'not enough memory'],
  EMFILE: ['MACHINE_LIMIT', 'too many files are open'],
};

/** Converts operating system errors that no closer code has handled. */
function asSamusError(error: unknown): SamusError | undefined {
  if (error instanceof SamusError) return error;
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const limit = MACHINE[code];
  if (limit) return new SamusError(limit[0], `${limit[1]} (${code})`, 'free some and run it again');
  if (error instanceof RangeError && /allocation|array buffer|array length/i.test(error.message)) {
    const hint = 'use a smaller image or model, or close other programs';
    return new SamusError('MACHINE_LIMIT', `not enough memory (${error.message})`, hint);
  }
  if (/^E[A-Z]+$/.test(code)) {
    return new SamusError('FILE_SYSTEM', `cannot use a file: ${error.message}`, 'check its path and permissions');
  }
  return undefined;
}

const USAGE: Readonly<Record<string, ErrorCode>> = {
  'commander.unknownOption': 'USAGE_UNKNOWN_OPTION',
  'commander.unknownCommand': 'USAGE_UNKNOWN_COMMAND',
  'commander.missingArgument': 'USAGE_MISSING_ARGUMENT',
  'commander.optionMissingArgument': 'USAGE_MISSING_VALUE',
  'commander.missingMandatoryOptionValue': 'USAGE_MISSING_OPTION',
  'commander.invalidArgument': 'USAGE_VALUE',
  'commander.excessArguments': 'USAGE_EXCESS_ARGUMENTS',
  'commander.help': 'USAGE_MISSING_COMMAND',
};

/** Converts commander's errors. For a missing command, commander has printed the help already. */
function usageError(error: CommanderError): SamusError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .trim()
    .replace(/^\((.*)\)$/, '$1');
  const message = error.code === 'commander.help' ? 'the command is missing' : first;
  const hint = suggestion || 'add --help to the command to see its usage';
  return new SamusError(USAGE[error.code] ?? 'USAGE', message, hint);
}

function endLine(line: string): string {
  return `${line}\n`;
}

/** Text of a file or of a server can hold codes that a terminal obeys. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

/** Text whose line breaks would end the line of an output. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n\v\f\u0085\u2028\u2029]+/g, ' ');
}

/** Two options that exclude each other. */
export function conflict(one: string, other: string): SamusError {
  return new SamusError('USAGE_CONFLICT', `expected one of ${one} and ${other}, got both`, 'leave one out');
}
