/**
 * Masks of `samus serve`: those of the library, in every form that is asked for, and requests that are refused.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { polygonsToMask } from '../../src/formats/polygons.js';
import { decodeRle, encodeRle } from '../../src/formats/rle.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Encoding, ObjectPrompt, ObjectResult } from '../../src/predict/types.js';
import { runtime } from '../support/evaluate.js';
import { tinyModel } from '../support/tinyModel.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import {
  idOf,
  jsonOf as json,
  picture,
  picturePng,
  type ServeProcess,
  startServe,
  writeTinyModel,
} from './serveProcess.js';

let folder: string;
let server: ServeProcess;
let id: string;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  for (const part of ['image_encoder', 'mask_decoder']) await writeOverflowing(part);
  const png = await picturePng(1);
  id = idOf(png);
  server = await startServe(folder, ...['tiny', 'image_encoder', 'mask_decoder'].flatMap((name) => ['--model', name]));
  await server.postImage(png);
});

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

/** A model of finite weights, one part of which computes NaN. */
async function writeOverflowing(part: string): Promise<void> {
  const { config, tensors } = tinyModel();
  const large = [...tensors].map(([name, tensor]) => {
    if (!name.startsWith(part) || tensor.dtype !== 'float32') return [name, tensor] as const;
    return [name, { ...tensor, data: tensor.data.map((value) => (value < 0 ? -1e38 : 1e38)) }] as const;
  });
  const card = '---\nlicense: MIT\n---\n# Broken\n';
  await writeModelFolder(join(folder, part), { config: JSON.stringify(config), tensors: new Map(large), card });
}

const segment = (body: unknown, image = id) => server.post(`/api/v1/images/${image}/segment`, body);

describe('masks', () => {
  let segmenter: Segmenter;
  let encoding: Encoding;

  beforeAll(async () => {
    segmenter = Segmenter.create(tinyModel(), runtime);
    encoding = await segmenter.encode(picture(1));
  });

  afterAll(() => segmenter.dispose());

  const own = (prompt: ObjectPrompt, multimask = false): Promise<ObjectResult> =>
    segmenter.segment(encoding, prompt, { multimask });

  it('are those of the library', async () => {
    const prompts: ObjectPrompt[] = [
      {
        name: 'lesion',
        points: [
          [10, 12],
          [30, 9, 0],
        ],
      },
      { box: [5, 6, 30, 31] },
      { points: [[20.5, 30]], box: [5, 6, 40, 39] },
    ];
    for (const multimask of [false, true]) {
      const { objects, ...document } = await json(segment({ objects: prompts, multimask }));
      expect(document).toMatchObject({
        model: 'tiny',
        image: id,
        width: 48,
        height: 40,
        decode_ms: expect.any(Number),
      });
      for (const [i, prompt] of prompts.entries()) {
        const expected = await own(prompt, multimask);
        expect(objects[i].name).toBe(prompt.name ?? `object-${i + 1}`);
        expect(objects[i].score).toBeCloseTo(expected.score, 5);
        expect(objects[i]).toMatchObject({ area: expected.area, box: expected.box });
        expect(objects[i].rle).toEqual(encodeRle({ width: 48, height: 40, data: expected.mask }));
      }
      expect(objects[0].points).toEqual([
        [10, 12, 1],
        [30, 9, 0],
      ]);
      expect(objects[1].prompt).toEqual({ points: [], box: [5, 6, 30, 31] });
    }
  });

  it('are cleaned by default', async () => {
    const prompt = { points: [[10, 12]] } as const;
    const answer = async (clean: boolean) => (await json(segment({ objects: [prompt], clean }))).objects[0];
    const raw = await segmenter.segment(encoding, prompt, { clean: false });
    const cleaned = await own(prompt);
    expect(cleaned.mask).not.toEqual(raw.mask);
    expect(await answer(false)).toMatchObject({
      rle: encodeRle({ width: 48, height: 40, data: raw.mask }),
      area: raw.area,
      parts: raw.parts,
    });
    expect(await answer(true)).toMatchObject({
      rle: encodeRle({ width: 48, height: 40, data: cleaned.mask }),
      parts: cleaned.parts,
    });
  });

  it('say the same as run lengths, as PNG and as polygons', async () => {
    const objects = [{ points: [[10, 12]] }];
    const [rle, encoded, polygons] = await Promise.all(
      ['rle', 'png', 'polygons'].map(async (format) => (await json(segment({ objects, format }))).objects[0]),
    );
    const mask = decodeRle(rle.rle).data;
    expect(mask.reduce((sum, value) => sum + value, 0)).toBe(rle.area);
    const image = await readImage(Buffer.from(encoded.png, 'base64'));
    expect(image).toMatchObject({ width: 48, height: 40, channels: 1 });
    expect(image.data).toEqual(mask.map((value) => 255 * value));
    expect(polygonsToMask(polygons.polygons, 48, 40)).toEqual(mask);
    for (const other of [encoded, polygons]) expect(other.rle).toBeUndefined();
  });

  it('take a mask, or the logits of the click before, as a first guess', async () => {
    const first = (await json(segment({ objects: [{ points: [[10, 12]] }], lowResLogits: true }))).objects[0];
    const result = await own({ points: [[10, 12]] });
    const logits = Buffer.from(first.lowResLogits, 'base64');
    expect(logits.length).toBe(4 * 32 * 32);
    expect(logits.readFloatLE(40)).toBeCloseTo(result.lowResLogits[10]!, 4);
    const points = [
      [10, 12],
      [30, 30, 0],
    ];
    const { objects } = await json(
      segment({
        objects: [
          { points, lowResLogits: first.lowResLogits },
          { points, mask: first.rle },
        ],
      }),
    );
    const prompt: ObjectPrompt = {
      points: [
        [10, 12],
        [30, 30, 0],
      ],
    };
    expect(objects[0].rle).toEqual(
      encodeRle({ width: 48, height: 40, data: (await own({ ...prompt, lowResLogits: result.lowResLogits })).mask }),
    );
    expect(objects[1].rle).toEqual(
      encodeRle({ width: 48, height: 40, data: (await own({ ...prompt, mask: result.mask })).mask }),
    );
  });

  it.each([
    [{}, 'REQUEST_INVALID'],
    [{ objects: [] }, 'REQUEST_INVALID'],
    [{ objects: [{ points: [[1]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ points: [['1', '2']] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ dots: [[1, 2]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ name: '../x', points: [[1, 2]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{}] }, 'PROMPT_EMPTY'],
    [{ objects: [{ points: [[1, 2, 7]] }] }, 'PROMPT_LABEL'],
    [{ objects: [{ points: [[480, 2]] }] }, 'PROMPT_POINT_OUTSIDE'],
    [{ objects: [{ box: [9, 9, 3, 3] }] }, 'PROMPT_BOX_EMPTY'],
    [{ objects: [{ mask: { size: [4000, 4000], counts: 'P' } }] }, 'PROMPT_MASK_SIZE'],
    [{ objects: [{ lowResLogits: 'AAAA' }] }, 'PROMPT_LOGITS'],
    [{ objects: [{ lowResLogits: 'AAAAAA==' }] }, 'PROMPT_MASK_SIZE'],
    [
      {
        objects: [
          { name: 'a', points: [[1, 2]] },
          { name: 'a', points: [[1, 2]] },
        ],
      },
      'PROMPT_OBJECT_TWICE',
    ],
  ])('are refused for %j', async (body, code) => {
    const { error } = await json(segment(body), 400);
    expect(error).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) });
  });

  it('of everything in the image need no prompts', async () => {
    const options = { pointsPerSide: 4, scoreThreshold: 0, stabilityThreshold: 0 };
    const document = await json(server.post(`/api/v1/images/${id}/everything`, { options, format: 'rle' }));
    expect(document).toMatchObject({ model: 'tiny', image: id, width: 48, height: 40 });
    expect(document.objects.length).toBeGreaterThan(0);
    expect(decodeRle(document.objects[0].rle).width).toBe(48);
    expect(document.objects[0]).toMatchObject({ points: [[expect.any(Number), expect.any(Number), 1]] });
    expect(document.objects[0].stability).toBeLessThanOrEqual(1);
    await json(fetch(`${server.url}/api/v1/images/${id}/everything`, { method: 'POST' }));
    const { error } = await json(
      server.post(`/api/v1/images/${id}/everything`, { options: { pointsPerSide: 1e6 } }),
      400,
    );
    expect(error.code).toBe('REQUEST_INVALID');
  });

  it.each(['image_encoder', 'mask_decoder'])('of a model whose %s computes NaN are an error', async (model) => {
    await server.postImage(await picturePng(1), {}, `?model=${model}`);
    const body = { model, objects: [{ points: [[10, 12]] }] };
    const { error } = await json(segment(body), 422);
    expect(error).toMatchObject({ code: 'MODEL_OUTPUT', hint: expect.stringContaining('try another image') });
    const all = await json(
      server.post(`/api/v1/images/${id}/everything`, { model, options: { pointsPerSide: 2 } }),
      422,
    );
    expect(all.error.code).toBe('MODEL_OUTPUT');
    // The server goes on.
    await json(segment({ objects: [{ points: [[10, 12]] }] }));
  });
});

describe('the description of the API', () => {
  it('lists every answer that the server has given so far', async () => {
    const { listed, unlisted } = await describedAnswers(async (path) => (await fetch(`${server.url}${path}`)).text());
    expect(unlisted).toEqual([]);
    expect(listed.filter((answer) => / 4\d\d$/.test(answer)).length).toBeGreaterThan(1);
  });
});
