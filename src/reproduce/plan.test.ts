import { expect, it } from 'vitest';
import { EXPERIMENTS } from './experiments.js';
import { type PlanOptions, planOf, samplesOf } from './plan.js';
import type { Survey, SurveyedDataset } from './survey.js';
import { SYSTEMS } from './systems.js';

const dataset = (name: string, seen: boolean, classes = 2): SurveyedDataset => ({
  name,
  classes,
  classNames: ['background', 'lesion', 'cyst'].slice(0, classes),
  seen,
  samples: { train: seen ? 10 : 0, val: 4, test: 0 },
  measuredOn: `val-${name}`,
});
const SURVEY: Survey = {
  root: 'data',
  trainList: 'train',
  valList: 'val-Breast-A',
  datasets: [dataset('Breast-A', true), dataset('Heart-B', true, 3), dataset('Breast-C', false)],
};
const OPTIONS: PlanOptions = { scale: 'smoke', samples: 80, seed: 1, seeds: 1, each: false };

it('gives every system the same number of samples, those of its start included', () => {
  const { trainings } = planOf(EXPERIMENTS, SURVEY, OPTIONS);
  const samples = new Map(trainings.map((training) => [training.system.id, samplesOf(training)]));
  // The start itself has seen half; what starts from SAMUS has seen half as much again.
  expect(samples.get('sam')).toBe(40);
  for (const [id, seen] of samples) if (id !== 'sam') expect(seen).toBe(id.startsWith('autosamus') ? 120 : 80);
});

it('plans a training that several results need once, and its start before it', () => {
  const { trainings, measurements } = planOf(EXPERIMENTS, SURVEY, OPTIONS);
  const ids = trainings.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(measurements.map(({ id }) => id)).size).toBe(measurements.length);
  for (const { id, from } of trainings) if (from) expect(ids.indexOf(from.id)).toBeLessThan(ids.indexOf(id));
});

it('keeps unseen datasets out of the training', () => {
  const seen = {
    ...SURVEY,
    datasets: SURVEY.datasets.map((one) => ({ ...one, samples: { train: 10, val: 4, test: 0 } })),
  };
  const [training] = planOf(EXPERIMENTS.slice(1, 2), seen, OPTIONS).trainings;
  expect(training!.args.join(' ')).toContain('--repeat Breast-C=0');
  expect(training!.args.join(' ')).not.toContain('Breast-A=0');
});

it('trains on each dataset by itself, and measures there and on unseen ones of the organ', () => {
  const { trainings, measurements } = planOf(EXPERIMENTS.slice(1, 2), SURVEY, { ...OPTIONS, each: true });
  const unets = trainings.filter(({ system }) => system.id === 'unet');
  expect(unets.map((training) => training.dataset)).toEqual(['Breast-A', 'Heart-B']);
  expect(unets.map(({ config }) => 'classes' in config && config.classes)).toEqual([2, 3]);
  const lists = measurements.filter(({ training }) => training.system.id === 'unet').map(({ args }) => args[3]);
  expect(lists).toEqual(['val-Breast-A,val-Breast-C', 'val-Heart-B']);
});

it('leaves the lengths of the full budget to what is published', () => {
  const { trainings } = planOf(EXPERIMENTS.slice(1, 2), SURVEY, {
    scale: 'full',
    samples: undefined,
    seed: 1,
    seeds: 1,
    each: false,
  });
  for (const { args, system } of trainings) {
    expect(args).not.toContain('--steps');
    expect(args, system.id).not.toContain('--lr');
  }
});

it.each(['smoke', 'small', 'full'] as const)('has every system in the scale %s', (scale) => {
  const { trainings } = planOf(EXPERIMENTS, SURVEY, { ...OPTIONS, scale });
  expect(trainings.map(({ system }) => system.id).sort()).toEqual(SYSTEMS.map(({ id }) => id).sort());
});
