/**
 * `samus segment --everything`: its options, and what may not stand beside them. Light, like all option parsing.
 */
import { type Command, Option } from 'commander';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { AUTOMATIC_DEFAULTS, type AutomaticSettings, automaticSettings } from '../predict/automaticOptions.js';
import { parseCount } from './promptOptions.js';

/** As commander hands them over. */
export interface EverythingOptions {
  readonly everything?: boolean;
  readonly pointsPerSide?: number;
  readonly scoreThreshold?: number;
  readonly stabilityThreshold?: number;
  readonly overlapThreshold?: number;
  readonly minArea?: number;
}

/** What says which object is meant, or is about one, and so goes with no `--everything`. */
interface Others {
  readonly hasPrompts: boolean;
  readonly multimask?: boolean;
  readonly saveTensors?: string;
}

/** Options that mean something with `--everything` only. */
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
    .option('--everything', 'segment all that is found in the image, without prompts, from a grid of clicks')
    .addOption(count(FLAGS.pointsPerSide, 'clicks across, and as many down', pointsPerSide, 1))
    .addOption(share(FLAGS.scoreThreshold, 'least predicted IoU of a mask', scoreThreshold))
    .addOption(share(FLAGS.stabilityThreshold, 'least stability of a mask', stabilityThreshold))
    .addOption(share(FLAGS.overlapThreshold, 'most that the boxes of two masks overlap', overlapThreshold))
    .addOption(count(FLAGS.minArea, 'least pixels of a mask, of its parts and of its holes', minArea, 0));
}

/**
 * The settings of `--everything`, or undefined without it.
 * @throws SamusError EVERYTHING_PROMPTS, EVERYTHING_OPTION for options that do not go together, AUTOMATIC_OPTION
 */
export function everythingSettings(options: EverythingOptions, others: Others): AutomaticSettings | undefined {
  const { pointsPerSide, scoreThreshold, stabilityThreshold, overlapThreshold, minArea } = options;
  const all = { pointsPerSide, scoreThreshold, stabilityThreshold, overlapThreshold, minArea };
  const given = OPTIONS.filter((name) => all[name] !== undefined);
  if (!options.everything) {
    if (given[0] === undefined) return undefined;
    const flag = FLAGS[given[0]];
    throw usage('EVERYTHING_OPTION', `${flag} came without --everything`, 'add --everything, or leave it out');
  }
  if (others.hasPrompts) {
    const message = 'either prompts or --everything was expected, both came';
    throw usage('EVERYTHING_PROMPTS', message, 'leave out --everything to segment what is pointed at');
  }
  const misplaced = others.multimask ? '--multimask' : others.saveTensors === undefined ? undefined : '--save-tensors';
  if (misplaced !== undefined) {
    const hint = `leave out ${misplaced}: of every click all three masks are looked at`;
    throw usage('EVERYTHING_OPTION', `${misplaced} came with --everything, it goes with prompts`, hint);
  }
  return automaticSettings(Object.fromEntries(given.map((name) => [name, all[name]])));
}

/** A number from 0 to 1. @throws SamusError USAGE_NUMBER */
function parseShare(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
    throw usage('USAGE_NUMBER', `${flag} expects a number from 0 to 1, "${text}" came`, 'correct the number');
  };
}

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}
