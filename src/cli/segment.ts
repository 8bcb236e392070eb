/**
 * Options of `samus segment`. Imports little, so that help and usage errors are instant; the work is in segmentRun.ts.
 */
import { Command, Option } from 'commander';
import { fileFormats, readFormats, titles } from '../formats/imageFormat.js';
import type { FrameRanges } from '../jobs/frames.js';
import { addFlipOptions, addModelOptions } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { PromptList, parseCount } from './promptOptions.js';
import { finish } from './run.js';
import { planJobs, planWithoutPrompts } from './segmentJobs.js';
import {
  type AutomaticChoice,
  addAnswerOptions,
  addAutomaticOptions,
  addFormatOptions,
  addPromptOptions,
  automaticWay,
  checkDicomOptions,
  framesOption,
} from './segmentOptions.js';
import type { SegmentRunOptions } from './segmentRun.js';

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

export function segmentCommand(): Command {
  const prompts = new PromptList();
  const volumes = fileFormats().filter(({ kind }) => kind === 'volume');
  const command = new Command('segment')
    .description('Segment prompted objects in ultrasound images, or everything')
    .argument('[images...]', `image files: ${titles([...readFormats('node'), ...volumes], 'or')}`);
  addPromptOptions(command, prompts).addOption(
    new Option(
      '--frame <number>',
      'segment this frame of a file with several, counted from 1; results are named NAME.FRAME',
    ).argParser(parseCount('--frame', 1)),
  );
  addAnswerOptions(command.addOption(framesOption().conflicts('frame')), ', unless --save-tensors').option(
    '--out <folder>',
    'output folder',
    'out',
  );
  addFormatOptions(command)
    .option('--save-tensors <file>', 'also write the embedding and logits of one image as safetensors')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
  addAutomaticOptions(command);
  addModelOptions(addFlipOptions(command));
  type Options = SegmentRunOptions & AutomaticChoice & { readonly frame?: number; readonly frames?: FrameRanges };
  return command.action(async (images: string[], options: Options) => {
    const hasPrompts = !prompts.isEmpty || options.prompts !== undefined;
    const { auto, everything } = automaticWay(options, hasPrompts);
    checkDicomOptions(options);
    const plan =
      everything || auto ? await planWithoutPrompts(images) : await planJobs(images, prompts, options.prompts);
    const { frame, frames = frame === undefined ? undefined : [[frame, frame] as const], ...others } = options;
    const { segmentAll } = await import('./segmentRun.js');
    const settings = { ...others, auto, ...(everything && { everything }), ...(frames && { frames }) };
    finish(await segmentAll(plan, settings), options.json);
  });
}
