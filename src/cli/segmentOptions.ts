/**
 * The options that commands which segment share: prompts, frames, ways without prompts, answers and formats.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { DICOM_FORMATS, type DicomFormat, type JobOutputs, OUTPUT_FORMATS } from '../jobs/segmentJob.js';
import { AUTOMATIC_DEFAULTS, type AutomaticSettings, automaticSettings } from '../predict/automaticOptions.js';
import { minPresenceOption } from './modelOptions.js';
import { type PromptList, parseBox, parseCount, parseFrames, parsePoint, parseShare } from './promptOptions.js';
import { conflict } from './run.js';

type Formats = readonly (JobOutputs['formats'][number] | DicomFormat)[];

/** The options of `--everything`, as commander passes them. */
interface EverythingOptions {
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

/** The options that say whether and how to segment without prompts, and those that exclude it. */
export interface AutomaticChoice extends EverythingOptions {
  readonly auto?: boolean;
  readonly classes?: boolean;
  readonly multimask?: boolean;
  readonly minPresence?: number;
  readonly saveTensors?: string;
}

/** The options of {@link addFormatOptions}. */
interface FormatChoice {
  readonly format?: Formats | undefined;
  readonly dicomGeometry?: string | undefined;
  readonly dicomSeg?: string | undefined;
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

/** Prompts of the command line go to `prompts`. */
export function addPromptOptions(command: Command, prompts: PromptList): Command {
  return command
    .option('--point <x,y[,bg]>', 'a point on the object, or outside it with bg; repeatable', (text) =>
      prompts.point(parsePoint(text)),
    )
    .option('--box <x0,y0,x1,y1>', 'a box around the object', (text) => prompts.box(parseBox(text)))
    .option(
      '--mask <file>',
      'a first guess: an image of the same size, black outside the object, or a DICOM segmentation',
      (text) => prompts.mask(text),
    )
    .option('--object <name>', 'start an object; the prompts after it belong to it; repeatable', (text) =>
      prompts.object(text),
    )
    .option(
      '--prompts <file>',
      'prompts for many images: CSV, JSON from --json or the annotator, or a DICOM segmentation of the images',
    );
}

export function framesOption(): Option {
  return new Option('--frames <frames>', 'segment these frames: all, or numbers and ranges like 1,5-8').argParser(
    parseFrames,
  );
}

/** @param exception when masks are not cleaned by default */
export function addAnswerOptions(command: Command, exception = ''): Command {
  return command
    .option('--multimask', 'predict three masks for an ambiguous prompt and keep the one with the best score')
    .addOption(minPresenceOption())
    .option('--clean', `fill holes and keep only the prompted part (default${exception})`)
    .option('--no-clean', 'keep masks as the model predicts them');
}

export function addFormatOptions(command: Command): Command {
  return command
    .option(
      '--format <formats>',
      'png (one mask for each object), overlay, json; for DICOM images also dcmseg, dcmsr (includes dcmseg) and dcmsc, each one file for all frames; repeatable (default: png)',
      addFormats,
    )
    .addOption(
      new Option(
        '--dicom-geometry <geometry>',
        'with --format dcmseg: auto adds what viewers need to load masks of ultrasound, none adds nothing (default: auto)',
      ).choices(['auto', 'none']),
    )
    .addOption(
      new Option(
        '--dicom-seg <kind>',
        'with --format dcmseg: binary, or labelmap for objects that do not overlap (default: binary)',
      ).choices(['binary', 'labelmap']),
    );
}

/** @throws SamusError USAGE_MISSING_OPTION for options about segmentations without one */
export function checkDicomOptions({ dicomGeometry, dicomSeg, format = [] }: FormatChoice): void {
  if (format.includes('dcmseg') || format.includes('dcmsr')) return;
  if (dicomGeometry === undefined && dicomSeg === undefined) return;
  const option = dicomGeometry === undefined ? '--dicom-seg' : '--dicom-geometry';
  const message = `expected --format dcmseg with ${option}, got ${format.join(',') || 'none'}`;
  throw usage('USAGE_MISSING_OPTION', message, `add --format dcmseg, or leave ${option} out`);
}

/** Ways to segment without prompts. */
export function addAutomaticOptions(command: Command): Command {
  command
    .option('--classes', 'segment every class of a model without prompts, one object per class')
    .option('--auto', 'the same as --classes, for a model that prompts itself (AutoSAMUS)')
    .option('--class-names <names>', 'names of the classes after the background, separated by commas', parseNames);
  return addEverythingOptions(command);
}

/**
 * How to segment without prompts, if so.
 * @throws SamusError USAGE_CONFLICT, EVERYTHING_PROMPTS, EVERYTHING_OPTION for options that exclude each other,
 *   AUTOMATIC_OPTION
 */
export function automaticWay(
  options: AutomaticChoice,
  hasPrompts: boolean,
): { readonly auto: boolean; readonly everything: AutomaticSettings | undefined } {
  const auto = Boolean(options.auto || options.classes);
  if (auto) checkAlone(options, hasPrompts);
  return { auto, everything: everythingSettings(options, { ...options, hasPrompts }) };
}

function addEverythingOptions(command: Command): Command {
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
function everythingSettings(options: EverythingOptions, others: Others): AutomaticSettings | undefined {
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

/** @throws SamusError USAGE_CONFLICT for options that need a model that answers prompts */
function checkAlone(
  { auto, everything, multimask, minPresence, saveTensors }: AutomaticChoice,
  prompts: boolean,
): void {
  const others = {
    'a prompt': prompts,
    '--everything': everything,
    '--multimask': multimask,
    '--min-presence': minPresence,
    '--save-tensors': saveTensors,
  };
  const other = Object.entries(others).find(([, given]) => given !== undefined && given !== false);
  if (!other) return;
  throw conflict(auto ? '--auto' : '--classes', other[0]);
}

/** @throws InvalidArgumentError for an empty name */
function parseNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return names;
  throw new InvalidArgumentError(`expected names separated by commas, got "${text}"`);
}

const ALL_FORMATS = [...OUTPUT_FORMATS, ...DICOM_FORMATS];

/** `--format png,overlay` and `--format png --format overlay` are the same. */
function addFormats(text: string, before: Formats = []): Formats {
  const formats = text.split(',').map((name) => {
    const format = ALL_FORMATS.find((known) => known === name.trim());
    if (!format) throw new InvalidArgumentError(`expected one of ${ALL_FORMATS.join(', ')}, got "${name}"`);
    return format;
  });
  return [...new Set([...before, ...formats])];
}

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}
