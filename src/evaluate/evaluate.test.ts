import { describe, expect, it } from 'vitest';
import {
  CLASSES,
  listOf,
  native,
  OPTIONS,
  oracle,
  SIDE,
  squares,
  twoSquares,
} from '../../test/support/evaluationCases.js';
import { TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { makePhantom } from '../data/phantom.js';
import type { Sample } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { Segmenter } from '../predict/segmenter.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { groupDocument } from './document.js';
import { type CaseSource, type EvaluateOptions, evaluate } from './evaluate.js';
import { distinctSamples } from './imageGroups.js';
import { imagesCsv } from './imagesCsv.js';
import { type PromptableModel, promptable } from './promptableModel.js';
import { summariseEvaluation } from './summary.js';

describe('an evaluation', () => {
  it('reads and encodes an image once for all its classes, wherever they stand in the list', async () => {
    const [source, model] = [squares(), oracle(() => 0)];
    const list = listOf('1/Set/0', '1/Set/3', '2/Set/0', '2/Set/3', '1/Other/0');
    const { table, images, failures } = await evaluate(model, source, list, native);
    expect([images, model.looks(), failures]).toEqual([3, 3, []]);
    expect(source.reads.sort()).toEqual(['0', '0', '3']);
    expect([...table.column('dice')]).toEqual([1, 1, 1, 1, 1]);
  });

  it('asks images without the object by a click, counts false positives, and keeps them out of the mean', async () => {
    const list = listOf('1/Set/0', '3/Set/0', '3/Set/2');
    const asked: (readonly number[])[] = [];
    const seeing = oracle(() => 0);
    const model: PromptableModel = {
      name: 'watched',
      look: async (image) => {
        const answer = await seeing.look(image);
        return (prompts, options) => {
          asked.push(...prompts.flatMap(({ points }) => points));
          return answer(prompts, options);
        };
      },
    };
    const source = { ...squares(), classes: () => ({ count: 4, names: [...CLASSES, 'none'] }) };
    const evaluation = await evaluate(model, source, list, native);
    expect(seeing.looks()).toBe(2);
    // The centre of 64 pixels; the published click of class 1; again the centre.
    expect(asked.map(String).toSorted()).toEqual(['32,32,1', '32,32,1', '8,30,1']);
    const { groups, overall } = summariseEvaluation(evaluation, list, source, 1);
    expect(groupDocument(groups[1]!)).toMatchObject({ images: 0, absent: { images: 2, false_positive_images: 2 } });
    expect(groupDocument(groups[0]!)).not.toHaveProperty('absent');
    expect(overall.get('dice')).toMatchObject({ n: 1, mean: 1 });
    const lines = [...imagesCsv([evaluation], list, false)];
    expect(lines[0]).toMatch(/,false_positive,error,hd95_max_px,hd95_max_mm$/);
    const ends = lines.slice(1).map((line) => line.split(',').slice(-4).join());
    expect(ends).toEqual([',,0,0', '1,,,', '1,,,']);

    const beside = await evaluate(model, source, list, { ...native, absentPrompt: 'beside' });
    const again = asked.slice(3).filter(([x]) => x !== 8);
    for (const [x, y] of again) expect(twoSquares(2).label[y! * SIDE + x!]).toBe(0);
    expect(beside.table.falsePositive(0)).toBeUndefined();
    const mute: PromptableModel = {
      name: 'mute',
      look:
        async ({ data }) =>
        async (prompts) =>
          prompts.map(() => ({ mask: new Uint8Array(data.length), score: 0, lowResLogits: new Float32Array(1) })),
    };
    const silent = await evaluate(mute, source, listOf('3/Set/0'), native);
    expect(silent.table.falsePositive(0)).toBe(false);
    expect(silent.failures).toEqual([]);
  });

  it('counts failures and missed objects, and gives the Dice of all images where some lack the object', async () => {
    // Classes of the squares are 1 and 2; images from x10 on lack the class.
    const source: CaseSource = {
      ...squares(),
      read: async ({ name }) => {
        const { label, patient, ...rest } = twoSquares(Number(name) % 8);
        return { ...rest, label: Number(name) < 10 ? label : label.map((value) => (value === 1 ? 0 : value)) };
      },
    };
    // Image 0: all rows missing, 1: three quarters, else none. Without the object it answers with the background.
    const model = oracle((x) => ({ 8: 20, 9: 15 })[x] ?? 0);
    const list = listOf(...[0, 1, 2, 3, 4, 5].map((name) => `1/Set/${name}`), '1/Set/10', '1/Set/11');
    const { groups, reliability } = summariseEvaluation(await evaluate(model, source, list, native), list, source, 1);
    const document = groupDocument(groups[0]!);
    expect(document).toMatchObject({
      images: 6,
      absent: { images: 2, false_positive_images: 2 },
      failure_rate: { dice_below: 0.5, images: 2, mean: 1 / 3, ci95: [expect.any(Number), expect.any(Number)] },
      missed_images: 1,
      risk_coverage: { aurc: expect.any(Number), excess_aurc: expect.any(Number) },
    });
    const mean = groups[0]!.metrics.get('dice')!.mean;
    expect(document.dice_all).toMatchObject({ n: 8, mean: expect.closeTo((6 * mean) / 8, 12) });
    expect(reliability.missed).toBe(1);
  });

  it('measures at 256 pixels by default and at the stored size if asked to', async () => {
    const list = listOf('1/Set/0');
    const [published, stored] = [
      await evaluate(
        oracle(() => 0),
        squares(),
        list,
        OPTIONS,
      ),
      await evaluate(
        oracle(() => 0),
        squares(),
        list,
        native,
      ),
    ];
    expect(published.table.column('truthArea')[0]).toBe(80 * 80);
    expect(stored.table.column('truthArea')[0]).toBe(400);
    // 0.5 mm of 64 pixels are 0.125 mm of 256: areas in millimetres stay what they are.
    expect(published.table.column('truthArea')[0]! * published.table.pixelMm2[0]!).toBe(100);
    expect(stored.table.column('truthArea')[0]! * stored.table.pixelMm2[0]!).toBe(100);
  });

  it('resolves overlaps of classes in one map', async () => {
    const list = listOf('1/Set/0', '2/Set/0');
    const { table, confusions } = await evaluate(
      oracle((x) => (x < 32 ? 4 : 0)),
      squares(),
      list,
      native,
    );
    expect(table.column('combinedDice')[0]).toBeCloseTo((2 * 320) / 720, 6);
    expect(table.column('combinedDice')[1]).toBeCloseTo(1, 6);
    expect(confusions.get('Set')!.rows()).toEqual([
      [SIDE * SIDE - 800, 0, 0],
      [80, 320, 0],
      [0, 0, 400],
    ]);
  });

  it('continues after a failed image, and reports it', async () => {
    const list = listOf('1/Set/bad1', '1/Set/0', '2/Set/bad1');
    const evaluation = await evaluate(
      oracle(() => 0),
      squares(),
      list,
      native,
    );
    expect(evaluation.failures.map(({ sample, error }) => [sample.line, error.code])).toEqual([
      [1, 'IMAGE_CORRUPT'],
      [3, 'IMAGE_CORRUPT'],
    ]);
    const { groups } = summariseEvaluation(evaluation, list, squares(), 1);
    expect(groups.map(({ classId, images, failed }) => [classId, images, failed])).toEqual([
      [1, 1, 1],
      [2, 0, 1],
    ]);
    expect(groupDocument(groups[1]!)).toEqual({ dataset: 'Set', class: 2, className: 'right', images: 0, failed: 1 });
    const lines = [...imagesCsv([evaluation], list, false)];
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^oracle,Set,1,bad1,test,1,,.*,IMAGE_CORRUPT,,$/);
    expect(lines[2]).toMatch(/^oracle,Set,1,0,test,2,,1,1,1,1,1,0,0,0,1,0,0,0,0,1,,0\.75,400,400,100,100,,,0,0$/);
  });

  it('fails where every image does, and where this machine or the caller ends it', async () => {
    await expect(
      evaluate(
        oracle(() => 0),
        squares(),
        listOf('1/Set/bad1'),
        native,
      ),
    ).rejects.toMatchObject({
      kind: 'input',
      code: 'EVALUATE_ALL_FAILED',
    });
    const full: PromptableModel = {
      name: 'full',
      look: () => Promise.reject(new SamusError('RUNTIME_OUT_OF_MEMORY', 'no memory', 'buy some')),
    };
    await expect(evaluate(full, squares(), listOf('1/Set/0', '1/Set/1'), native)).rejects.toMatchObject({
      code: 'RUNTIME_OUT_OF_MEMORY',
    });
    const signal = AbortSignal.abort();
    await expect(
      evaluate(
        oracle(() => 0),
        squares(),
        listOf('1/Set/0'),
        { ...native, signal },
      ),
    ).rejects.toMatchObject({ kind: 'interrupted' });
    const none = listOf('1/Set/0').select([]);
    await expect(
      evaluate(
        oracle(() => 0),
        squares(),
        none,
        native,
      ),
    ).rejects.toMatchObject({ code: 'EVALUATE_EMPTY' });
  });

  it('resamples patients where they are known, and pools their pixels', async () => {
    const list = listOf('1/Set/0', '1/Set/1', '1/Set/4', '1/Set/5');
    const model = oracle((x) => x % 5);
    const evaluation = await evaluate(model, squares(), list, native);
    const [group] = summariseEvaluation(evaluation, list, squares(), 1).groups;
    expect(group).toMatchObject({ resampled: 'patient', patientDice: { n: 3 } });
    const without = await evaluate(model, squares(false), list, native);
    expect(summariseEvaluation(without, list, squares(), 1).groups[0]).toMatchObject({ resampled: 'image' });
  });

  it('resamples patients also where one image has none, and an image without one with all its classes', async () => {
    // Images 0 to 3 are of one patient; 12 has none.
    const list = listOf(...[0, 1, 2, 3, 4, 5, 12].flatMap((name) => [`1/Set/${name}`, `2/Set/${name}`]));
    const [partly, none] = [squares(), squares(false)];
    const read = async (sample: Sample) => (sample.name === '12' ? none : partly).read(sample);
    const model = oracle((x) => x % 5);
    const { table } = await evaluate(model, { ...partly, read }, list, native);
    const ofOneClass = Uint32Array.from([0, 2, 4, 6, 8, 10, 12]);
    expect(table.clustersOf(ofOneClass)).toEqual({ numbers: Int32Array.from([0, 0, 0, 0, 1, 2, 3]), patients: 'some' });
    expect(table.clustersOf(Uint32Array.from([8, 10, 12]))).toBeUndefined();

    const without = await evaluate(model, none, list, native);
    const all = Uint32Array.from({ length: 14 }, (_, i) => i);
    const images = Int32Array.from(all, (i) => Math.floor(i / 2));
    expect(without.table.clustersOf(all)).toEqual({ numbers: images, patients: 'none' });
    expect(summariseEvaluation(without, list, none, 1).resampled).toBe('image');
  });

  it('measures masks as the model gives them unless they are to be cleaned', async () => {
    const list = listOf('1/Set/0', '3/Set/0');
    const source = { ...squares(), classes: () => ({ count: 4, names: [...CLASSES, 'none'] }) };
    const asked: boolean[] = [];
    const seeing = oracle(() => 0);
    const model: PromptableModel = {
      name: 'watched',
      look: async (image) => {
        const answer = await seeing.look(image);
        return (prompts, options) => {
          asked.push(options.clean);
          return answer(prompts, options);
        };
      },
    };
    await evaluate(model, source, list, native);
    await evaluate(model, source, list, { ...native, clean: true });
    expect(asked).toEqual([false, false, true, true]);
  });

  it('counts what is named twice once', () => {
    const list = listOf('1/Set/0', '2/Set/0', '1/Set/1', '1/Set/0', '1/Other/0', '1/Set/1');
    const { distinct, repeated } = distinctSamples(list);
    expect([...distinct].map(({ line }) => line)).toEqual([1, 2, 3, 5]);
    expect([...repeated].map(({ line }) => line)).toEqual([4, 6]);
  });
});

describe('a real segmenter', () => {
  const phantom = makePhantom({ seed: 3, width: 96, height: 72, kind: 'organ' });
  const source: CaseSource = {
    classes: () => ({ count: 2, names: ['background', 'organ'] }),
    read: async () => ({ image: phantom.image, label: phantom.objects[0]!.mask, width: 96, height: 72 }),
  };

  it.each([
    ['a point', { ...OPTIONS, clicks: 2 }],
    ['several points', { ...OPTIONS, prompt: { kind: 'points', count: 5 } }],
    ['a box', { ...native, prompt: { kind: 'box' }, draws: 2 }],
    ['nothing', { ...OPTIONS, prompt: { kind: 'none' }, clicks: 1 }],
  ] satisfies [string, EvaluateOptions][])('is measured with %s', async (_, options) => {
    const segmenter = Segmenter.create(tinyModel(TINY_SAMUS), nodeRuntime({ worker: false }), { threads: 1 });
    try {
      const { table } = await evaluate(promptable(segmenter), source, listOf('1/Set/a'), options);
      expect(table.column('dice')[0]).toBeGreaterThanOrEqual(0);
      expect(table.column('dice')[0]).toBeLessThanOrEqual(1);
      expect(table.column('score')[0]).not.toBeNaN();
    } finally {
      await segmenter.dispose();
    }
  });
});
