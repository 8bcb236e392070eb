/**
 * Options of `samus segment`. Imports little, so that help and usage errors are instant; the work is in segmentRun.ts.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { fileFormats, readFormats, titles } from '../formats/imageFormat.js';
import { DICOM_FORMATS, type DicomFormat, type JobOutputs, OUTPUT_FORMATS } from '../jobs/segmentJob.js';
import { AUTOMATIC_DEFAULTS, type AutomaticSettings, automaticSettings } from '../predict/automaticOptions.js';
import { addFlipOptions, addModelOptions, minPresenceOption } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import {
  type FrameRanges,
  PromptList,
  parseBox,
  parseCount,
  parseFrames,
  parsePoint,
  parseShare,
} from './promptOptions.js';
import { conflict, finish } from './run.js';
import { planJobs, planWithoutPrompts } from './segmentJobs.js';
import type { SegmentRunOptions } from './segmentRun.js';

type Formats = readonly (JobOutputs['formats'][number] | DicomFormat)[];

const EXAMPLES = `
Points are x,y in pixels of the stored image, 0,0 at the top left; x,y,bg marks a point outside the object.

Examples:
  samus segment scan.png --point 120,88
  samus segment scan.png --point 120,88 --point 40,52,bg --multimask
  samus segment scan.png --object lesion --box 90,60,160,130 --object vessel --point 30,200 --format png,overlay
  samus segment *.png --prompts prompts.csv --out masks --json
  samus segment scan.png --everything --min-area 100 --format overlay
  samus segment scan.png --classes --model runs/unet/best
  samus segment scans --auto --model runs/autosamus/best --out masks --json
  samus segment clip.tif --point 120,88 --frames all --format overlay
  samus segment clip.dcm --object lesion --box 90,60,160,130 --frames all --format dcmseg,dcmsr

prompts.csv:
  image,object,kind,values
  scan.png,lesion,point,120,88
  scan.png,lesion,point,40,52,bg
  scan.png,vessel,box,90,60,160,130

${NOTICE}.`;

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

/** Options that need `--everything`. */
const FLAGS = {
  pointsPerSide: '--points-per-side',
  scoreThreshold: '--score-threshold',
  stabilityThreshold: '--stability-threshold',
  overlapThreshold: '--overlap-threshold',
  minArea: '--min-area',
} as const;

const OPTIONS = ['pointsPerSide', 'scoreThreshold', 'stabilityThreshold', 'overlapThreshold', 'minArea'] as const;

export function segmentCommand(): Command {
  const prompts = new PromptList();
  const volumes = fileFormats().filter(({ kind }) => kind === 'volume');
  const command = new Command('segment')
    .description('Segment prompted objects in ultrasound images, or everything')
    .argument('[images...]', `image files: ${titles([...readFormats('node'), ...volumes], 'or')}`)
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
    )
    .addOption(
      new Option(
        '--frame <number>',
        'segment this frame of a file with several, counted from 1; results are named NAME.FRAME',
      ).argParser(parseCount('--frame', 1)),
    )
    .addOption(
      new Option('--frames <frames>', 'segment these frames: all, or numbers and ranges like 1,5-8')
        .argParser(parseFrames)
        .conflicts('frame'),
    )
    .option('--multimask', 'predict three masks for an ambiguous prompt and keep the one with the best score')
    .addOption(minPresenceOption())
    .option('--clean', 'fill holes and keep only the prompted part (default, unless --save-tensors)')
    .option('--no-clean', 'keep masks as the model predicts them')
    .option('--out <folder>', 'output folder', 'out')
    .option(
      '--format <formats>',
      'png (one mask for each object), overlay, json; of DICOM images also dcmseg, dcmsr (with dcmseg) and dcmsc, one file for all frames; repeatable (default: png)',
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
    )
    .option('--save-tensors <file>', 'also write the embedding and logits of one image as safetensors')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
  command
    .option('--classes', 'segment every class of a model without prompts, one object per class')
    .option('--auto', 'the same as --classes, for a model that prompts itself (AutoSAMUS)')
    .option('--class-names <names>', 'names of the classes after the background, separated by commas', parseNames);
  addEverythingOptions(command);
  addModelOptions(addFlipOptions(command));
  type Options = SegmentRunOptions &
    EverythingOptions & { readonly classes?: boolean; readonly frame?: number; readonly frames?: FrameRanges };
  return command.action(async (images: string[], options: Options) => {
    const hasPrompts = !prompts.isEmpty || options.prompts !== undefined;
    const auto = Boolean(options.auto || options.classes);
    if (auto) checkAlone(options, hasPrompts);
    const everything = everythingSettings(options, { ...options, hasPrompts });
    const plan =
      everything || auto ? await planWithoutPrompts(images) : await planJobs(images, prompts, options.prompts);
    const { frame, frames = frame === undefined ? undefined : [[frame, frame] as const], ...others } = options;
    const { segmentAll } = await import('./segmentRun.js');
    const settings = { ...others, auto, ...(everything && { everything }), ...(frames && { frames }) };
    finish(await segmentAll(plan, settings), options.json);
  });
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
  { auto, everything, multimask, minPresence, saveTensors }: SegmentRunOptions & EverythingOptions,
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
