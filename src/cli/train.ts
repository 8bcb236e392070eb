/**
 * `samus train`: its options. Light, so that help and mistakes are answered at once; the work is in trainRun.ts.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { NODE_PROVIDERS } from '../runtime/session.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';
import type { TrainOptions } from './trainOptions.js';

const EXAMPLES = `
Without a checkpoint to start from everything is trained, from random weights; with one, what the publication trains.
RUN holds config.json, metrics.jsonl and TensorBoard events, curves.svg, samples/, and the model folders last/ and best/.
Interrupted in whatever way, --resume RUN goes on as if nothing had happened.

Examples:
  samus train --data US30K --train-list train --val-list val --model samus-b --from sam_vit_b_01ec64.pth --out runs/a
  samus train --data US30K --train-list train --hold-out 0.05 --model samus-s --recipe multi-prompt --out runs/b
  samus train --resume runs/a

${NOTICE}.`;

export function trainCommand(): Command {
  const count = (name: string, least: number, most?: number) => parseCount(name, least, most);
  return new Command('train')
    .description('Train a model on a folder of ultrasound datasets')
    .option('--data <root>', 'the folder of the datasets')
    .option('--train-list <names>', 'lists to train on, with commas', split)
    .option('--val-list <names>', 'lists to validate on, with commas; the best checkpoint is chosen by them', split)
    .option(
      '--hold-out <share>',
      'instead: validate on this share of the training lists, by patients',
      number('--hold-out', 0, 0.5),
    )
    .option('--model <model>', 'samus-b, samus-s, sam-b, a model folder, or a config.json')
    .option('--from <checkpoint>', 'what to start from: a model folder, a .pth or .safetensors file of SAMUS or SAM')
    .option('--out <run>', 'the folder of the run; a new one')
    .option('--resume <run>', 'go on with an interrupted run')
    .addOption(new Option('--epochs <count>', 'how long (default: 200)').argParser(count('--epochs', 1)))
    .addOption(new Option('--steps <count>', 'how long, in steps of the optimiser').argParser(count('--steps', 1)))
    .addOption(new Option('--seed <number>', 'of all that is random (default: 1234)').argParser(count('--seed', 0)))
    .addOption(new Option('--batch <count>', 'images of one run (default: 8)').argParser(count('--batch', 1, 1024)))
    .addOption(
      new Option('--accumulate <count>', 'runs of one step (default: 1); Dice is summed over one run only').argParser(
        count('--accumulate', 1, 4096),
      ),
    )
    .addOption(
      new Option('--recipe <name>', 'published (default) or multi-prompt').choices(['published', 'multi-prompt']),
    )
    .addOption(
      new Option('--rounds <count>', 'prompts for each image (multi-prompt; default: 3)').argParser(
        count('--rounds', 1, 16),
      ),
    )
    .addOption(
      new Option('--prompts <kind>', 'the first prompt (default: point, or mixed)').choices([
        'point',
        'points',
        'box',
        'mixed',
      ]),
    )
    .option(
      '--middle-clicks <share>',
      'of the single clicks, those in the middle of the object, as evaluation has them (default: 0)',
      number('--middle-clicks', 0, 1),
    )
    .addOption(new Option('--augment <kind>', '(default: published)').choices(['none', 'published', 'flip', 'strong']))
    .addOption(new Option('--optimizer <name>', '(default: adam)').choices(['adam', 'adamw']))
    .option('--weight-decay <share>', 'of AdamW (default: 0.1, as published)', number('--weight-decay', 0, 1))
    .option('--lr <rate>', 'learning rate (default: 5e-4)', number('--lr', 0, 1, 'above'))
    .addOption(new Option('--schedule <name>', '(default: constant)').choices(['constant', 'polynomial', 'cosine']))
    .addOption(
      new Option('--warmup <steps>', '(default: 0; published with AdamW: 250)').argParser(count('--warmup', 0)),
    )
    .option('--clip <norm>', 'largest norm of all gradients together', number('--clip', 0, 1e9, 'above'))
    .option(
      '--ema <share>',
      'keep a running mean of the weights, such as 0.999',
      number('--ema', 0, 1, 'from', 'below'),
    )
    .addOption(
      new Option('--train <what>', '(default: published with a checkpoint, else all)').choices(['published', 'all']),
    )
    .option('--freeze <names>', 'beginnings of names of weights that stay, with commas', split)
    .option(
      '--lr-scale <name=factor>',
      'for weights whose names begin so; repeatable',
      pairs('--lr-scale', 'a number from 0 to 1000', (value) => value >= 0 && value <= 1000),
    )
    .option(
      '--repeat <dataset=times>',
      'times that its samples come in an epoch; repeatable',
      pairs('--repeat', 'a whole number from 0 on', (value) => Number.isSafeInteger(value) && value >= 0),
    )
    .addOption(new Option('--validate-steps <count>', '(default: each epoch)').argParser(count('--validate-steps', 1)))
    .addOption(
      new Option('--checkpoint-steps <count>', 'steps between checkpoints (default: 500)').argParser(
        count('--checkpoint-steps', 0),
      ),
    )
    .addOption(
      new Option('--patience <count>', 'end after so many validations without a better one').argParser(
        count('--patience', 0),
      ),
    )
    .addOption(
      new Option('--choose <by>', 'the best by Dice of all samples (default) or of the means of classes').choices([
        'samples',
        'classes',
      ]),
    )
    .addOption(
      new Option('--profile <memory>', 'batch and accumulation that fit, by measured models').choices([
        '8gb',
        '16gb',
        '24gb',
      ]),
    )
    .addOption(
      new Option(
        '--provider <name>',
        'what computes; `samus info` tells which of them this machine has (default: cpu)',
      ).choices(NODE_PROVIDERS),
    )
    .addOption(
      new Option('--threads <count>', 'of one operation (default: one per core)').argParser(count('--threads', 1)),
    )
    .addOption(
      new Option('--readers <count>', 'threads that read images (default: 1)').argParser(count('--readers', 1)),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: TrainOptions) => {
      const { train } = await import('./trainRun.js');
      finish(await train(options), options.json);
    });
}

function split(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

/** @param least, most whether the lowest and the highest number themselves are allowed */
function number(
  name: string,
  low: number,
  high: number,
  least: 'from' | 'above' = 'from',
  most: 'to' | 'below' = 'to',
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = (least === 'from' ? value >= low : value > low) && (most === 'to' ? value <= high : value < high);
    if (text.trim() !== '' && fits) return value;
    throw new InvalidArgumentError(`${name} takes a number ${least} ${low} ${most} ${high}.`);
  };
}

function pairs(
  name: string,
  what: string,
  allowed: (value: number) => boolean,
): (text: string, before?: Record<string, number>) => Record<string, number> {
  return (text, before = {}) => {
    const equals = text.lastIndexOf('=');
    const value = Number(text.slice(equals + 1));
    if (equals > 0 && text.slice(equals + 1).trim() !== '' && allowed(value))
      return { ...before, [text.slice(0, equals)]: value };
    throw new InvalidArgumentError(`${name} takes a name and ${what}, with = between them.`);
  };
}
