/**
 * transformers.js loads exported models, in Node and in Chromium, and its masks are those of this program, on real images.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage, readMask } from '../../src/formats/imageFile.node.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { resizeBilinear } from '../../src/formats/resize.js';
import { Segmenter } from '../../src/predict/segmenter.node.js';
import { launchChromium } from '../browser/support/chromium.js';
import { staticServer } from '../browser/support/staticServer.js';
import { newFolder, removeFolder, samus } from '../e2e/samusProcess.js';
import { ROOT } from '../support/docs.js';
import { goldenPath } from '../support/golden.js';
import { installedFromNpm } from './installed.js';

const VERSION = '4.3.2';
const DATA = process.env.SAMUS_TEST_DATA;
const DATASETS = ['Breast-BUSI', 'FetalHead-HC18', 'Artery-CCA', 'ThyroidNodule-DDTI'];
const ORIGINALS = 'data/originals/BUSI/Dataset_BUSI_with_GT';

interface Case {
  readonly image: string;
  readonly point: readonly [number, number];
  readonly box: readonly [number, number, number, number];
}

interface Answer {
  readonly masks: readonly (readonly number[])[];
  readonly shape: readonly number[];
}

interface Task {
  readonly models: string;
  readonly model: string;
  readonly dtype: string;
  readonly cases: readonly Case[];
  readonly wasm?: string;
  readonly device?: string;
}

let folder = '';
let library = '';

/** The middle and the bounds of an object. */
async function caseOf(image: string, label: string): Promise<Case[]> {
  const { width, height, data } = await readMask(label);
  const [x, y] = [new Set<number>(), new Set<number>()];
  for (let i = 0; i < width * height; i++) {
    if (!data[i]) continue;
    x.add(i % width);
    y.add(Math.floor(i / width));
  }
  if (x.size === 0) return [];
  const box = [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)] as const;
  return [{ image, point: [Math.round((box[0] + box[2]) / 2), Math.round((box[1] + box[3]) / 2)], box }];
}

/** Images at 256×256, and some of other sizes as their authors published them. */
async function realCases(): Promise<{ square: Case[]; original: Case[] }> {
  if (DATA === undefined) throw new Error('SAMUS_TEST_DATA does not name the folder with data/');
  const square = DATASETS.flatMap((name) => {
    const path = join(DATA, 'data/ultrasound', name);
    return readdirSync(join(path, 'img'))
      .slice(0, 3)
      .map((file) => caseOf(join(path, 'img', file), join(path, 'label', file)));
  });
  const original = ['malignant', 'benign'].flatMap((kind) => {
    const path = join(DATA, ORIGINALS, kind);
    const images = existsSync(path) ? readdirSync(path).filter((file) => !file.includes('mask')) : [];
    return images.slice(0, 4).map((file) => caseOf(join(path, file), join(path, file.replace('.png', '_mask.png'))));
  });
  const [a, b] = [(await Promise.all(square)).flat(), (await Promise.all(original)).flat()];
  expect([a.length, b.length].every((count) => count > 1)).toBe(true);
  return { square: a, original: b };
}

/** The share of pixels in which two masks agree, of those in either. */
function iou(runs: readonly number[], own: Uint8Array): number {
  let [at, value, both, either] = [0, 0, 0, 0];
  for (const length of runs) {
    for (const end = at + length; at < end; at++) {
      both += value & (own[at] ? 1 : 0);
      either += value | (own[at] ? 1 : 0);
    }
    value = 1 - value;
  }
  expect(at).toBe(own.length);
  return either === 0 ? 1 : both / either;
}

/** IoU of all masks with those of this program. */
async function agreement(source: string, cases: readonly Case[], answers: readonly Answer[]): Promise<number[]> {
  const segmenter = await Segmenter.load(source, { worker: false });
  const values: number[] = [];
  for (const [i, { image, point, box }] of cases.entries()) {
    const encoding = await segmenter.encode(await readImage(image));
    const prompts = [{ points: [[...point, 1]] as const }, { box }];
    const results = await segmenter.segment(encoding, prompts, { clean: false });
    for (const [k, { mask }] of results.entries()) values.push(iou(answers[i]!.masks[k]!, mask));
  }
  await segmenter.dispose();
  return values;
}

async function onNode(task: Omit<Task, 'models'>): Promise<Answer[]> {
  const file = join(folder, 'task.json');
  writeFileSync(file, JSON.stringify({ ...task, models: join(folder, 'models') }));
  const program = join(ROOT, 'test/judges/askTransformers.mjs');
  const module = join(library, 'node_modules/@huggingface/transformers/dist/transformers.node.mjs');
  const options = { maxBuffer: 1e9 };
  return JSON.parse((await promisify(execFile)(process.execPath, [program, module, file], options)).stdout);
}

async function inChromium(task: Omit<Task, 'models'>): Promise<Answer[]> {
  const places: Readonly<Record<string, string>> = {
    models: join(folder, 'models'),
    lib: join(library, 'node_modules/@huggingface/transformers/dist'),
    ort: join(library, 'node_modules/onnxruntime-web/dist'),
    judges: join(ROOT, 'test/judges'),
  };
  const images = new Map(task.cases.map(({ image }, i) => [`image-${i}.png`, image]));
  const server = await staticServer((path) => {
    if (path === 'index.html') return Buffer.from('<!doctype html>');
    const [place = '', ...rest] = path.split('/');
    const base = places[place];
    const file = base === undefined ? images.get(path) : join(base, ...rest);
    return file !== undefined && existsSync(file) ? readFileSync(file) : undefined;
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const cases = task.cases.map((one, i) => ({ ...one, image: `${server.url}image-${i}.png` }));
    const asked = { ...task, cases, models: `${server.url}models/`, wasm: `${server.url}ort/`, device: 'wasm' };
    // Text, because Vitest would translate the imports of a function.
    return await page.evaluate<Answer[]>(`(async () => {
      const { ask } = await import('/judges/askTransformers.mjs');
      return ask(await import('/lib/transformers.min.js'), ${JSON.stringify(asked)});
    })()`);
  } finally {
    await browser.close();
    await server.close();
  }
}

beforeAll(async () => {
  folder = newFolder();
  mkdirSync(join(folder, 'models'));
  library = installedFromNpm('transformers', [`@huggingface/transformers@${VERSION}`]);
  for (const [model, out] of [
    ['samus-s', 'models/samus-s'],
    [goldenPath('sam-tiny.pth'), 'models/sam-tiny'],
  ] as const) {
    const { code, stderr } = await samus(folder, 'models', 'export', model, out, '--format', 'transformers.js');
    expect([code, stderr.replace(/^exporting.*\n/gm, '')]).toEqual([0, '']);
  }
});
afterAll(() => removeFolder(folder));

describe.each([
  ['Node', onNode],
  ['Chromium (wasm)', inChromium],
] as const)(`transformers.js ${VERSION} in %s`, (_, run) => {
  it.each(['fp32', 'fp16', 'q8'])('gives the masks of samus-s at 256×256 with %s', async (dtype) => {
    const cases = (await realCases()).square;
    const values = await agreement('samus-s', cases, await run({ model: 'samus-s', dtype, cases }));
    expect(values).toHaveLength(2 * cases.length);
    // 8 bits differ from 32 in this program, too.
    expect(Math.min(...values)).toBeGreaterThan(dtype === 'q8' ? 0.98 : 0.99);
    expect(values.reduce((a, b) => a + b, 0) / values.length).toBeGreaterThan(0.99);
  });

  it('gives them on images of other sizes, which the library resizes', async () => {
    const cases = (await realCases()).original;
    const answers = await run({ model: 'samus-s', dtype: 'fp32', cases });
    expect(answers[0]!.shape).toEqual([1, 1, 4, 64, 64]);
    const values = await agreement('samus-s', cases, answers);
    process.stdout.write(`samus-s, other sizes: IoU ${values.map((value) => value.toFixed(4)).join(' ')}\n`);
    expect(values.reduce((a, b) => a + b, 0) / values.length).toBeGreaterThan(0.99);
  });

  it('gives the masks of a SAM checkpoint', async () => {
    // Random weights: they amplify the resizing of the library, so the images have the size of the model.
    const { square } = await realCases();
    const cases = await Promise.all(
      square.map(async ({ image, point, box }, i) => {
        const path = join(folder, `small-${i}.png`);
        await writePng(path, resizeBilinear(await readImage(image), 128, 128));
        const half = (value: number) => Math.floor(value / 2);
        return {
          image: path,
          point: [half(point[0]), half(point[1])] as const,
          box: [half(box[0]), half(box[1]), half(box[2]), half(box[3])] as const,
        };
      }),
    );
    const answers = await run({ model: 'sam-tiny', dtype: 'fp32', cases });
    expect(Math.min(...(await agreement(goldenPath('sam-tiny.pth'), cases, answers)))).toBeGreaterThan(0.99);
  });
});
