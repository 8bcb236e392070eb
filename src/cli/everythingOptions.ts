/**
 * The options of `samus segment --everything`, and the options they exclude.
 */
import { type Command, Option } from 'commander';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { AUTOMATIC_DEFAULTS, type AutomaticSettings, automaticSettings } from '../predict/automaticOptions.js';
import { parseCount } from './promptOptions.js';

/** As commander passes them. */
export interface EverythingOptions {
  readonly everything?: boolean;
  readonly pointsPerSide?: number;
  readonly scoreThreshold?: number;
  readonly stabilityThreshold?: number;
  readonly overlapThreshold?: number;
  readonly minArea?: number;
}

/** Options about a single object, which exclude `--everything`. */
interface Others {
  readonly hasPrompts: boolean;
  readonly multimask?: boolean;
  readonly saveTensors?: string;
}

/** Options that need `--everything`. */
const FLAGS = {
  pointsPerSide: '--points-per-side',
  scoreThreshold: '--score-threshold',
  stabilityThreshold: '--stability-threshold',
  overlapThreshold: '--overlap-threshold',
  minArea: '--min-area',
} as const;

const OPTIONS = ['pointsPerSide', 'scoreThreshold', 'stabilityThreshold', 'overlapThreshold', 'minArea'] as const;

export function addEverythingOptions(command: Command): Command {
  const { pointsPerSide, scoreThreshold, stabilityThreshold, overlapThreshold, minArea } = AUTOMATIC_DEFAULTS;
  const share = (flag: string, what: string, value: number): Option =>
    new Option(`${flag} <share>`, `with --everything: ${what} (default: ${value})`).argParser(parseShare(flag));
  const count = (flag: string, what: string, value: number, least: number): Option =>
    new Option(`${flag} <count>`, `with --everything: ${what} (default: ${value})`).argParser(parseCount(flag, least));
  return command
    .option('--everything', 'segment everything in the image from a grid of clicks, without prompts')
    .addOption(count(FLAGS.pointsPerSide, 'clicks per row and per column', pointsPerSide, 1))
    .addOption(share(FLAGS.scoreThreshold, 'minimum predicted IoU of a mask', scoreThreshold))
    .addOption(share(FLAGS.stabilityThreshold, 'minimum stability of a mask', stabilityThreshold))
    .addOption(share(FLAGS.overlapThreshold, 'maximum overlap of two boxes', overlapThreshold))
    .addOption(count(FLAGS.minArea, 'minimum pixels of a mask, of its parts and of its holes', minArea, 0));
}

/**
 * The settings of `--everything`, or undefined without it.
 * @throws SamusError EVERYTHING_PROMPTS, EVERYTHING_OPTION for options that exclude each other, AUTOMATIC_OPTION
 */
export function everythingSettings(options: EverythingOptions, others: Others): AutomaticSettings | undefined {
  const { pointsPerSide, scoreThreshold, stabilityThreshold, overlapThreshold, minArea } = options;
  const all = { pointsPerSide, scoreThreshold, stabilityThreshold, overlapThreshold, minArea };
  const given = OPTIONS.filter((name) => all[name] !== undefined);
  if (!options.everything) {
    if (given[0] === undefined) return undefined;
    const flag = FLAGS[given[0]];
    throw usage('EVERYTHING_OPTION', `${flag} needs --everything`, 'add --everything, or leave it out');
  }
  if (others.hasPrompts) {
    const message = 'expected prompts or --everything, got both';
    throw usage('EVERYTHING_PROMPTS', message, 'leave out --everything to segment the prompted objects');
  }
  const misplaced = others.multimask ? '--multimask' : others.saveTensors === undefined ? undefined : '--save-tensors';
  if (misplaced !== undefined) {
    const hint = `leave out ${misplaced}: --everything always considers three masks per click`;
    throw usage('EVERYTHING_OPTION', `expected ${misplaced} with prompts only, got it with --everything`, hint);
  }
  return automaticSettings(Object.fromEntries(given.map((name) => [name, all[name]])));
}

/** A number from 0 to 1. @throws SamusError USAGE_NUMBER */
function parseShare(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
    throw usage('USAGE_NUMBER', `expected a number from 0 to 1 as ${flag}, got "${text}"`, 'correct the number');
  };
}

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}
