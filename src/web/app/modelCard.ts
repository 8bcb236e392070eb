/** The README.md of an adapted model: what it is made of, what it is good for, and that it is nothing more. */
import type { AdaptedModel } from '../storage/adaptedStore.js';

export function modelCard({ name, from, made, steps, trained, heldOut, before, after, better }: AdaptedModel): string {
  const row = (what: string, count: string, a: number, b: number): string =>
    `| ${what} | ${count} | ${a.toFixed(3)} | ${b.toFixed(3)} |`;
  return [
    `# ${name}`,
    '',
    '**Research use only, not for diagnosis.** This is no medical device.',
    '',
    ...(better
      ? []
      : [
          `**This adaptation was not better than ${from}.** By the rule of the page it was not put to use; it is kept for study.`,
          '',
        ]),
    `${from}, adapted in the annotator of samus to the masks of one person on ${made.slice(0, 10)}: adapters, CNN branch and`,
    'position adapter were trained further, all other weights are as they were. `config.json` has all sizes,',
    '`model.safetensors` the weights in 16 bits.',
    '',
    '## Use',
    '',
    '```',
    `samus segment --model ${name} IMAGE.png --point X,Y`,
    '```',
    '',
    '## What it learned from',
    '',
    `${trained} images with one mask each (the largest that was marked as done), ${steps} steps. ${heldOut} further images were held out`,
    'to judge by. None of the images is in this folder; weights can still carry traces of what they were trained on, so treat',
    'the file as you treat the images.',
    '',
    '## Scores',
    '',
    'Mean Dice of the mask that one click gives:',
    '',
    '| judged by | images | before | after |',
    '|---|---|---|---|',
    row('images held out', String(heldOut), before.heldOut, after.heldOut),
    row('phantoms', 'fixed', before.phantoms, after.phantoms),
    '',
    'The images held out are few, from the same source, and they also decided whether the model is better: the score after is',
    'a hint and no measurement. `samus evaluate` on images that nobody trained on is one.',
    '',
    '## Limits',
    '',
    `Those of ${from}, and: what is not like the images above may have become worse.`,
    '',
  ].join('\n');
}
