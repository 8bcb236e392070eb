/**
 * Writes the measured part of a model card: Dice of each dataset and class on a list after one, three and five clicks and
 * from a box, and how well the predicted IoU is calibrated. What stands between the two marks in the card's README.md
 * is replaced, the rest stays.
 *
 * Usage: node scripts/model-card.mjs MODEL_FOLDER DATA_ROOT LIST
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BEGIN = '<!-- measured: begin -->';
const END = '<!-- measured: end -->';

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const [folder, root, list] = process.argv.slice(2);
if (!list) {
  console.error('usage: node scripts/model-card.mjs MODEL_FOLDER DATA_ROOT LIST');
  process.exit(2);
}

const RUNS = {
  published: [],
  random: ['--draws', '5', '--seed', '1'],
  clicks: ['--draws', '5', '--seed', '1', '--clicks', '4'],
  box: ['--draws', '5', '--seed', '1', '--prompt', 'box'],
};

function evaluate(options) {
  const args = [program, 'evaluate', '--data', root, '--list', list, '--model', folder, ...options, '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const figure = (value) => value.toFixed(3);
const withInterval = ({ mean, ci95 }) =>
  ci95 ? `${figure(mean)} (${figure(ci95[0])}–${figure(ci95[1])})` : figure(mean);

/** The range of the draws, where images are too few for an interval. */
const withSpread = (summary, { min, max }) =>
  summary.ci95 ? withInterval(summary) : `${figure(summary.mean)} (draws ${figure(min)}–${figure(max)})`;

const results = Object.fromEntries(Object.entries(RUNS).map(([name, options]) => [name, evaluate(options)]));
const rows = results.published.datasets.map((group, i) => {
  const [random, clicks, box] = ['random', 'clicks', 'box'].map((name) => results[name].datasets[i]);
  const after = (count) => clicks.interactions.find((interaction) => interaction.count === count).dice;
  const cells = [
    `${group.dataset} ${group.class} (${group.className})`,
    group.images,
    figure(group.dice.mean),
    withSpread(random.dice, random.draws.dice),
    figure(after(3).mean),
    figure(after(5).mean),
    figure(box.dice.mean),
  ];
  return `| ${cells.join(' | ')} |`;
});
const { n, mae, bias, ece, pearson } = results.published.calibration;
const scores = results.published.datasets.map(
  ({ dataset, class: id, className, calibration: { mae, bias, pearson } }) => {
    return `| ${dataset} ${id} (${className}) | ${figure(mae)} | ${figure(bias)} | ${pearson.toFixed(2)} |`;
  },
);
const commands = Object.values(RUNS).map((options) =>
  ['samus evaluate --data ultrasound --list', list, '--model samus-s', ...options].join(' '),
);
const measured = `${BEGIN}
| dataset, class | images | published click | one random click | three clicks | five clicks | box |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Dice at 256×256 pixels, mask 0, list \`${list}\`. The published click is the middle one of the object's pixels. Random clicks
and boxes (5 % jitter): mean over five seeded draws, with the 95 % interval over images, over patients where
names tell them (of fewer than five the range of the draws); the clicks after the first are simulated corrections. The predicted IoU against the measured one, published click, ${n} masks: mean absolute error
${figure(mae)}, bias ${figure(bias)}, calibration error ${figure(ece)}, correlation ${figure(pearson)}; of each class:

| dataset, class | mean absolute error | bias | correlation |
|---|---|---|---|
${scores.join('\n')}

Made by

\`\`\`
${commands.join('\n')}
\`\`\`
${END}`;

const path = join(folder, 'README.md');
const card = readFileSync(path, 'utf8');
const [start, stop] = [card.indexOf(BEGIN), card.indexOf(END)];
if (start < 0 || stop < 0) throw new Error(`${path} lacks the marks ${BEGIN} and ${END}`);
writeFileSync(`${path}.tmp`, card.slice(0, start) + measured + card.slice(stop + END.length));
renameSync(`${path}.tmp`, path);
console.log(measured);
