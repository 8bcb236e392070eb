import { describe, expect, it } from 'vitest';
import { tinyModel } from '../../../test/support/tinyModel.js';
import { makePhantom } from '../../data/phantom.js';
import { type Sample, SampleList } from '../../data/sampleList.js';
import { SamusError } from '../../errors.js';
import { formatNumber, formatSigned, formatTick, niceTicks, thinned } from '../../formats/svg.js';
import { Segmenter } from '../../predict/segmenter.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { parsePublished } from '../claims.js';
import { compareEvaluations, compareToPublished } from '../compare.js';
import { type CaseSource, type EvaluateOptions, evaluate } from '../evaluate.js';
import { DEFAULT_TOLERANCES } from '../metrics.js';
import { promptable } from '../promptableModel.js';
import { rankModels } from '../ranking.js';
import { summariseEvaluation } from '../summary.js';
import type { ReportContent, ReportModel } from './content.js';
import { chooseExamples } from './examples.js';
import { makeGallery } from './gallery.node.js';
import { reportPage } from './page.js';

const NAMES = ['background', 'organ', '<b>"cyst"</b>'];

const source: CaseSource = {
  classes: () => ({ count: NAMES.length, names: NAMES }),
  async read({ name }: Sample) {
    if (name === 'broken') throw new SamusError('IMAGE_CORRUPT', 'an image & a half', 'mend it');
    const { image, objects } = makePhantom({ seed: Number(name.length), width: 48, height: 40 });
    const label = new Uint8Array(48 * 40);
    for (const [i, { mask }] of objects.slice(0, 2).entries()) {
      for (const [at, on] of mask.entries()) if (on) label[at] = i + 1;
    }
    return { image, label, width: 48, height: 40, spacingMm: [0.5, 0.5] };
  },
};

const list = SampleList.parse([
  {
    name: 'test',
    text: ['1/Set/a', '2/Set/a', '1/Set/broken', '1/Set/ab', '1/Set/<i>&', '1/Set/abcd', '1/Lost/broken'].join('\n'),
  },
]);

async function run(name: string, seed: number, protocol: EvaluateOptions): Promise<ReportModel> {
  const segmenter = Segmenter.create(tinyModel(undefined, seed), nodeRuntime({ worker: false }), { threads: 1 });
  try {
    const model = promptable(segmenter, name);
    const evaluation = await evaluate(model, source, list, protocol);
    const summary = summariseEvaluation(evaluation, list, source, 1);
    const examples = chooseExamples(evaluation.table, summary);
    const gallery = await makeGallery(model, source, list, examples, protocol);
    return { evaluation, summary, gallery, strata: [], protocol };
  } finally {
    await segmenter.dispose();
  }
}

describe('a report', () => {
  it('is one page with everything in it, and safe with any name', async () => {
    const protocol: EvaluateOptions = {
      prompt: { kind: 'points', count: 1 },
      clicks: 1,
      draws: 2,
      seed: 1,
      native: true,
      ...DEFAULT_TOLERANCES,
    };
    const results = [await run('one', 1, protocol), await run('<script>', 2, protocol)];
    const [first, second] = results.map(({ evaluation }) => evaluation);
    const content: ReportContent = {
      lists: ['test'],
      protocol,
      list,
      results,
      comparisons: [compareEvaluations(first!, second!, list, 1)],
      rankings: rankModels([first!, second!], list, 1),
      published: [compareToPublished(first!, list, parsePublished('a <paper>=0.81±0.1,n=40'))],
      classNames: () => NAMES,
      provenance: {
        command: "samus evaluate --data 'a <b>'",
        version: '1.2.3',
        date: '2026-11-30T12:00:00.000Z',
        models: [
          { model: 'one', sha256: 'ab12' },
          { model: '<script>', sha256: '' },
        ],
      },
      notice: 'Research use only',
    };
    const page = reportPage(content);
    const parts = [
      'Order of the models',
      'Against published results',
      'Overlap',
      'Distances',
      'Failures',
      'Distribution of Dice',
      'Correction clicks',
      'Spread of random prompts',
      'Examples',
    ];
    const more = [
      'Agreement of areas',
      'Calibration of scores',
      'Several classes in one map',
      'Failed with one',
      'Images known from training',
      'How this was measured',
    ];
    for (const heading of [...parts, ...more]) expect(page).toContain(`<h2>${heading}</h2>`);
    for (const text of ['--data &#39;a &lt;b&gt;&#39;', 'samus 1.2.3, 2026', 'SHA-256 ab12', 'SHA-256 unknown']) {
      expect(page).toContain(text);
    }
    const saved = [...page.matchAll(/download="([^"]+\.svg)" href="data:image\/svg\+xml;base64,([^"]+)"/g)];
    expect(saved.length).toBeGreaterThanOrEqual(8);
    for (const [, , base64] of saved) {
      const svg = Buffer.from(base64!, 'base64').toString();
      expect(svg).toMatch(/^<svg xmlns=.*<style>[^<]*fill:#2563eb[^<]*<\/style>.*<\/svg>$/s);
      expect(svg).not.toContain('var(');
    }
    expect(page).toContain('an image &amp; a half');
    expect(page).toContain('&lt;i&gt;&amp;');
    expect(page).not.toMatch(/<script|<i>&|<b>"|https?:|undefined|NaN/);
    expect(page.match(/data:image\/jpeg;base64,/g)!.length).toBeGreaterThanOrEqual(8);
    // Every element that is opened is closed.
    for (const tag of ['section', 'div', 'table', 'tr', 'td', 'svg', 'g', 'figure', 'details', 'dl']) {
      const opened = page.match(new RegExp(`<${tag}[ >]`, 'g')) ?? [];
      expect(page.match(new RegExp(`</${tag}>`, 'g')) ?? [], tag).toHaveLength(opened.length);
    }
  });
});

describe('examples', () => {
  it('are each shown once, from the worst to the best', async () => {
    const { summary, evaluation } = await run('one', 1, {
      prompt: { kind: 'box' },
      clicks: 0,
      draws: 0,
      seed: 1,
      native: true,
      ...DEFAULT_TOLERANCES,
    });
    const chosen = chooseExamples(evaluation.table, { groups: summary.groups.slice(0, 1) });
    expect(chosen.map(({ rank }) => rank)).toEqual(['worst', 'median', 'best']);
    expect(new Set(chosen.map(({ index }) => index)).size).toBe(3);
    expect(chosen.map(({ dice }) => dice)).toEqual(chosen.map(({ dice }) => dice).sort((a, b) => a - b));
  });
});

describe('numbers in a report', () => {
  it('are written as people write them', () => {
    expect([formatNumber(-0.0001, 3), formatNumber(-1.5, 1), formatNumber(Number.NaN, 2)]).toEqual([
      '0.000',
      '−1.5',
      '–',
    ]);
    expect([formatSigned(0.25, 2), formatSigned(-0.25, 2), formatSigned(0, 1)]).toEqual(['+0.25', '−0.25', '0.0']);
    expect([formatTick(0.1 + 0.2), formatTick(-20000), formatTick(1234567)]).toEqual([
      '0.3',
      '−20\u2009000',
      '1\u2009234\u2009567',
    ]);
  });

  it('have round ticks', () => {
    expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(-37, 81, 4)).toEqual([0, 50]);
    expect(niceTicks(3, 3, 4)).toEqual([3]);
  });

  it('are thinned evenly', () => {
    expect(thinned([1, 2, 3], 5)).toEqual([1, 2, 3]);
    expect(thinned([0, 1, 2, 3, 4, 5, 6, 7], 4)).toEqual([0, 2, 4, 6]);
  });
});
