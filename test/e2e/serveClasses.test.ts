/**
 * Models without prompts in `samus serve`: their classes by `classes` and `auto`, what the list of models says of them,
 * and one model of the Open Inference Protocol. A promptable model is served beside them.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { encodeRle } from '../../src/formats/rle.js';
import { float32 } from '../../src/graph/tensorData.js';
import type { ModelConfig } from '../../src/models/architecture.js';
import { ClassNetwork } from '../../src/predict/classNetwork.js';
import { runtime } from '../support/evaluate.js';
import { TINY, tinyModel } from '../support/tinyModel.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { idOf, jsonOf, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const NAMED: ModelConfig = {
  ...TINY.samed!,
  classNames: ['background', 'cyst', 'vessel'],
  classColors: ['#000000', '#e4572e', '#17bebb'],
};
const MODELS = { network: NAMED, auto: TINY.autosamus! };

let folder: string;
let server: ServeProcess;
let png: Uint8Array;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder, 'prompted');
  for (const [name, config] of Object.entries(MODELS)) {
    const { tensors } = tinyModel(config);
    await writeModelFolder(join(folder, name), { config: JSON.stringify(config), tensors, card: '# Tiny\n' });
  }
  png = await picturePng(1);
  server = await startServe(folder, ...['prompted', 'network', 'auto'].flatMap((name) => ['--model', name]));
  for (const model of server.models) await server.postImage(png, {}, `?model=${model}`);
});

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

const segment = (body: unknown) => server.post(`/api/v1/images/${idOf(png)}/segment`, body);

describe('models without prompts', () => {
  it('are listed with what they give', async () => {
    const { models } = await jsonOf(fetch(`${server.url}/api/v1/models`));
    expect(models).toMatchObject([
      { name: 'prompted', task: 'prompted', prompts: ['points', 'box', 'mask'] },
      {
        name: 'network',
        task: 'classes',
        prompts: [],
        classes: [
          { id: 1, name: 'cyst', color: '#e4572e' },
          { id: 2, name: 'vessel', color: '#17bebb' },
        ],
      },
      { name: 'auto', task: 'classes', classes: [{ id: 1 }] },
    ]);
  });

  it.each([
    ['network', 'classes'],
    ['auto', 'auto'],
  ] as const)('give the classes of the library: %s asked for %s', async (name, field) => {
    const { objects } = await jsonOf(segment({ model: name, [field]: true }));
    const network = ClassNetwork.create(tinyModel(MODELS[name]), runtime);
    const encoding = await network.encode(await readImage(png));
    const ids = Array.from({ length: network.classes - 1 }, (_, i) => i + 1);
    const answers = await network.segment(
      encoding,
      ids.map((classId) => ({ classId })),
    );
    await network.dispose();
    const found = answers.flatMap(({ mask }, i) => (mask.includes(1) ? [{ class: i + 1, mask }] : []));
    expect(found.length).toBeGreaterThan(0);
    expect(objects).toMatchObject(
      found.map((one) => ({
        name: `class-${one.class}`,
        class: one.class,
        className: name === 'network' ? NAMED.classNames?.[one.class] : null,
        score: null,
        rle: encodeRle({ width: 48, height: 40, data: one.mask }),
      })),
    );
  });

  it('are cleaned where that is asked for', async () => {
    const { objects } = await jsonOf(segment({ model: 'network', classes: true, clean: true }));
    for (const { parts } of objects) expect(parts).toBe(1);
  });

  it.each([
    ['network', { objects: [{ points: [[9, 9]] }] }, 'MODEL_PROMPTS'],
    ['network', { objects: [{ box: [1, 1, 9, 9] }] }, 'MODEL_PROMPTS'],
    ['auto', { objects: [{ mask: { size: [40, 48], counts: [0, 1920] } }] }, 'MODEL_PROMPTS'],
    ['prompted', { classes: true }, 'MODEL_CLASSES'],
    ['prompted', { auto: true }, 'MODEL_CLASSES'],
    ['network', { classes: true, objects: [{ points: [[9, 9]] }] }, 'REQUEST_INVALID'],
    ['network', { classes: false }, 'REQUEST_INVALID'],
    ['network', { classes: 'all' }, 'REQUEST_INVALID'],
  ])('%s asked by %j: %s', async (model, body, code) => {
    const response = await segment({ model, ...body });
    expect(Math.floor(response.status / 100)).toBe(4);
    expect((await response.json()).error).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
  });

  it('find nothing by a grid of clicks', async () => {
    const response = await server.post(`/api/v1/images/${idOf(png)}/everything`, { model: 'network' });
    expect((await response.json()).error.code).toBe('MODEL_PROMPTS');
  });

  it('are one model of the Open Inference Protocol', async () => {
    const metadata = await jsonOf(fetch(`${server.url}/v2/models/network`));
    expect(metadata).toMatchObject({
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 3, 32, 32] }],
      outputs: [{ name: 'logits', datatype: 'FP32', shape: [1, 3, 32, 32] }],
    });
    const data = Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.fround(0.5 + 0.4 * Math.sin(i / 17)));
    const inputs = [{ name: 'image', datatype: 'FP32', shape: [1, 3, 32, 32], data }];
    const { outputs } = await jsonOf(server.post('/v2/models/network/infer', { inputs }));
    const network = ClassNetwork.create(tinyModel(NAMED), runtime);
    const { logits } = await network.run({ image: float32(data, [1, 3, 32, 32]) });
    await network.dispose();
    const own = [...(logits?.data ?? [])].map(Number);
    expect(outputs[0].data).toHaveLength(own.length);
    for (const [i, value] of own.entries()) expect(Math.abs(outputs[0].data[i] - value)).toBeLessThan(1e-4);
    expect((await fetch(`${server.url}/v2/models/network-encoder`)).status).toBe(404);
  });
  it('are described with all their answers', async () => {
    const { unlisted } = await describedAnswers(async (path) => (await fetch(`${server.url}${path}`)).text());
    expect(unlisted).toEqual([]);
  });
});
