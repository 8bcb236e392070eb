/**
 * Writes a result of a reproduction: Markdown, CSV, LaTeX, SVG and PNG.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import type { Sample, SampleList } from '../data/sampleList.js';
import type { Json } from '../errors.js';
import { type CaseSource, readCase } from '../evaluate/evaluate.js';
import { promptable } from '../evaluate/promptableModel.js';
import { parseFirstPrompt } from '../evaluate/promptPlan.js';
import { makeGallery } from '../evaluate/report/gallery.node.js';
import { replaceFile } from '../formats/fileWrite.node.js';
import { sizeOf } from '../graph/tensorData.js';
import { multiplyAdds } from '../models/cost.js';
import { parametersOf, partsOf } from '../models/graphs.js';
import { Random } from '../nn/random.js';
import { Segmenter } from '../predict/segmenter.js';
import { datasetChart, diceChart, drawChart, drawPng, efficiencyChart, seenUnseenChart } from '../reproduce/charts.js';
import type { Experiment } from '../reproduce/experiments.js';
import { type PanelRow, panelsSvg } from '../reproduce/panels.js';
import type { Training } from '../reproduce/plan.js';
import type { Measured, Row } from '../reproduce/results.js';
import { datasetTable, diceTables, type Efficiency, efficiencyTable, meanDice } from '../reproduce/resultTables.js';
import type { Survey } from '../reproduce/survey.js';
import { csvTable, latexTable, markdownTable, type Table } from '../reproduce/tables.js';
import { openAnyModel } from './openModel.js';
import { writeText } from './output.js';
import { commandText, NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import { trainedModel, trainingRecord } from './reproduceSteps.js';

/** An experiment with everything measured. */
export interface Finished {
  readonly experiment: Experiment;
  readonly survey: Survey;
  readonly results: readonly Measured[];
  readonly rows: readonly Row[];
  readonly settings: { readonly [key: string]: Json };
}

/** What a figure shows besides the rows. */
interface Drawn {
  readonly tables: readonly Table[];
  readonly svg: string;
  readonly records: readonly Readonly<Record<string, string | number | boolean | null>>[];
  readonly document: { readonly [key: string]: Json };
}

/** Images of each dataset in a qualitative figure. */
const PANELS_EACH = 1;
const DRAWING_SEED = 1;
/** Answers that are timed. */
const TIMED = 5;

/** Writes DIR/NAME.md, .csv, .tex, .svg and .png. @returns the document for results.json, and the paths */
export async function writeResult(
  out: string,
  data: Dataset,
  finished: Finished,
): Promise<{ readonly document: { [key: string]: Json }; readonly files: string[] }> {
  const { experiment, rows, settings } = finished;
  const drawn = await drawnOf(out, data, finished);
  const path = (ending: string): string => join(out, `${experiment.name}.${ending}`);
  const png = await drawPng(drawn.svg);
  await writeText(path('md'), await markdownOf(out, finished, drawn.tables));
  await writeText(path('csv'), csvTable(drawn.records));
  await writeText(path('tex'), `${drawn.tables.map(latexTable).join('\n\n')}\n`);
  await writeText(path('svg'), drawn.svg);
  await replaceFile(path('png'), (temporary) => writeFile(temporary, png));
  const { name, title, source } = experiment;
  const document = { name, title, source, ...settings, rows: rows.map((row) => ({ ...row })), ...drawn.document };
  return { document: JSON.parse(JSON.stringify(document)), files: ['md', 'csv', 'tex', 'svg', 'png'].map(path) };
}

async function drawnOf(out: string, data: Dataset, finished: Finished): Promise<Drawn> {
  const { experiment, survey, rows } = finished;
  switch (experiment.drawn) {
    case 'datasets': {
      const records = survey.datasets.map(({ samples, classNames, ...one }) => ({
        ...one,
        classNames: classNames.slice(1).join(' '),
        ...samples,
        measuredOn: one.measuredOn ?? null,
      }));
      const svg = await drawChart(datasetChart(survey.datasets));
      return { tables: [datasetTable(experiment, survey)], svg, records, document: { datasets: records } };
    }
    case 'dice':
    case 'seen-unseen': {
      const chart = experiment.drawn === 'dice' ? diceChart(rows) : seenUnseenChart(rows);
      return {
        tables: diceTables(experiment, rows),
        svg: await drawChart(chart),
        records: rows.map(recordOf),
        document: {},
      };
    }
    case 'efficiency': {
      const systems = await withProgress('timing answers', () => efficiencyOf(out, data, finished));
      return {
        tables: [efficiencyTable(experiment, systems)],
        svg: await drawChart(efficiencyChart(systems)),
        records: systems.map((one) => ({ ...one })),
        document: { systems: systems.map((one) => ({ ...one })) },
      };
    }
    case 'panels': {
      const panels = await withProgress('drawing segmentations', () => panelsOf(out, data, finished));
      const records = panels.flatMap(({ title, panels: answers }) =>
        answers.map((answer) => ({ image: title, system: answer.title, dice: answer.dice })),
      );
      const table: Table = {
        caption: `${experiment.title}: Dice of the images shown`,
        header: ['image', ...(panels[0]?.panels.map(({ title }) => title) ?? [])],
        rows: panels.map((row) => [row.title, ...row.panels.map(({ dice }) => dice.toFixed(3))]),
      };
      return { tables: [table], svg: panelsSvg(panels), records, document: { images: records } };
    }
  }
}

function recordOf({ dice, hd95_px, paper, seeds, ...row }: Row) {
  return {
    ...row,
    dice: dice.mean,
    dice_std: dice.std,
    dice_low: dice.ci95?.[0] ?? null,
    dice_high: dice.ci95?.[1] ?? null,
    hd95_px: hd95_px?.mean ?? null,
    seeds: seeds.join(' '),
    paper_dice: paper?.dice ?? null,
    paper_hd_rows: paper?.hd_rows ?? null,
  };
}

/** The trainings of an experiment, one for each system: that of the first seed and dataset. */
function trainingsOf({ results }: Finished): Training[] {
  const first = new Map<string, Training>();
  for (const { measurement } of results) {
    const { training } = measurement;
    if (!first.has(training.system.id)) first.set(training.system.id, training);
  }
  return [...first.values()];
}

async function efficiencyOf(out: string, data: Dataset, finished: Finished): Promise<Efficiency[]> {
  const { rows, survey } = finished;
  const [sample] = await drawnSamples(data, survey);
  const systems: Efficiency[] = [];
  for (const training of trainingsOf(finished)) {
    const { system, config } = training;
    // The encoder of a promptable model, which does nearly all of the work, or the whole network.
    const [[, graph]] = partsOf(config);
    const record = await trainingRecord(out, training);
    systems.push({
      model: system.id,
      title: system.title,
      parameters: parametersOf(config).reduce((sum, { shape, buffer }) => sum + (buffer ? 0 : sizeOf(shape)), 0),
      gflop: (2 * multiplyAdds(Object.values(graph().outputs))) / 1e9,
      train_peak_mb: record?.peakMb ?? null,
      answer_ms: sample ? await answerTime(trainedModel(out, training), data, sample) : Number.NaN,
      dice_seen: meanDice(rows, system.id, true),
      dice_unseen: meanDice(rows, system.id, false),
    });
  }
  return systems;
}

/** Median milliseconds from the decoded image to the mask; the first answer loads the model and does not count. */
async function answerTime(model: string, source: CaseSource, sample: Sample): Promise<number> {
  const opened = await openAnyModel({ model });
  try {
    const asked = opened instanceof Segmenter ? promptable(opened) : promptable(opened);
    const { image, width, height } = await readCase(asked, source, sample, false);
    const points = opened instanceof Segmenter ? [[width >> 1, height >> 1, 1] as const] : [];
    const times: number[] = [];
    for (let i = 0; i <= TIMED; i++) {
      const started = performance.now();
      const answer = await asked.look(image);
      await answer([{ points, classId: sample.classId }], { logits: false, clean: false });
      times.push(performance.now() - started);
    }
    return times.slice(1).sort((a, b) => a - b)[TIMED >> 1]!;
  } finally {
    await opened.dispose();
  }
}

/** Images of each dataset, drawn by a seed rather than chosen. */
async function drawnSamples(data: Dataset, { datasets }: Survey): Promise<SampleList> {
  const lists = [...new Set(datasets.flatMap(({ measuredOn }) => measuredOn ?? []))];
  const list = await data.lists(lists);
  const chosen = datasets.flatMap(({ name, measuredOn }) => {
    const own = Array.from({ length: list.length }, (_, i) => i).filter((i) => {
      const sample = list.at(i);
      return sample.dataset === name && sample.list === measuredOn;
    });
    const random = Random.seeded(DRAWING_SEED);
    return Array.from(
      { length: Math.min(PANELS_EACH, own.length) },
      () => own.splice(random.int(0, own.length), 1)[0]!,
    );
  });
  return list.select(chosen);
}

async function panelsOf(out: string, data: Dataset, finished: Finished): Promise<PanelRow[]> {
  const list = await drawnSamples(data, finished.survey);
  const examples = Array.from(list, (_, index) => ({ index, rank: 'median' as const, dice: Number.NaN }));
  const rows: PanelRow[] = [];
  for (const training of trainingsOf(finished)) {
    const opened = await openAnyModel({ model: trainedModel(out, training) });
    try {
      const { promptChannel } = opened.config;
      const prompt = parseFirstPrompt(opened instanceof Segmenter ? 'point' : (promptChannel ?? 'none'));
      const asked = opened instanceof Segmenter ? promptable(opened) : promptable(opened);
      const gallery = await makeGallery(asked, data, list, examples, {
        prompt,
        clicks: 0,
        draws: 0,
        seed: 1,
        native: false,
      });
      for (const [i, { sample, dice, prediction, width, height, picture, truth, prompt: given }] of gallery.entries()) {
        const known = rows[i];
        const panel = { title: training.system.title, dice, prediction };
        rows[i] = {
          title: `${sample.dataset} ${sample.classId}, ${sample.name}`,
          width,
          height,
          picture,
          truth,
          clicks: known?.clicks.length ? known.clicks : given.points.map(([x, y]) => [x, y] as const),
          panels: [...(known?.panels ?? []), panel],
        };
      }
    } finally {
      await opened.dispose();
    }
  }
  return rows;
}

async function markdownOf(out: string, { experiment, results, settings, survey }: Finished, tables: readonly Table[]) {
  const { name, title, source } = experiment;
  const trainings = [
    ...new Map(results.map(({ measurement }) => [measurement.training.id, measurement.training])).values(),
  ];
  const starts = trainings.flatMap(({ from }) => [...(from?.from ? [from.from] : []), ...(from ? [from] : [])]);
  const all = [...new Map([...starts, ...trainings].map((training) => [training.id, training])).values()];
  const commands: string[] = [];
  for (const training of all) commands.push((await trainingRecord(out, training))?.command ?? '');
  for (const { measurement } of results) {
    commands.push(commandText(['evaluate', ...measurement.args, '--model', trainedModel(out, measurement.training)]));
  }
  const unseen = survey.datasets.filter(({ seen, measuredOn }) => !seen && measuredOn !== undefined);
  const settingLines = Object.entries(settings).map(
    ([key, value]) => `* ${key}: ${Array.isArray(value) ? value.join(', ') || 'none' : value}`,
  );
  return [
    `# ${title} (${name})`,
    '',
    `The paper's: ${source}. Its numbers are beside ours where they are known; they come from other data, splits and starting weights.`,
    ...(all.some(({ from }) => from) ? ['', STARTS] : []),
    ...(unseen.length > 0
      ? ['', `Unseen, on no list of the training: ${unseen.map((one) => one.name).join(', ')}.`]
      : []),
    '',
    ...tables.flatMap((table) => [markdownTable(table), '']),
    `![${title}](${name}.svg)`,
    '',
    '## Settings',
    '',
    ...settingLines,
    ...(commands.length > 0 ? ['', '## Commands', '', '```sh', ...commands, '```'] : []),
    '',
    `${NOTICE}.`,
    '',
  ].join('\n');
}

const STARTS =
  'No pretrained SAM is used. Systems built on SAM start from the SAM of this comparison, which was trained on the same images from random weights; its samples count for each of them. Rows of the paper that start from the pretrained SAM are not comparable.';
