/**
 * The Open Inference Protocol, with requests in the forms of its documentation (inference_rest.md of the protocol, and
 * extension_binary_data.md of Triton). Answers are compared with those of the library. What clients of Triton in other
 * languages send was tried by hand, see docs/serve.md.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, type TensorData } from '../../src/graph/tensorData.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import { createServer, type Server } from '../../src/server/server.js';
import { runtime } from '../support/evaluate.js';
import { relativeError } from '../support/golden.js';
import { tinyModel } from '../support/tinyModel.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { writeTinyModel } from './serveProcess.js';

type Tensors = Readonly<Record<string, TensorData<'float32'>>>;

let folder: string;
let server: Server;
let segmenter: Segmenter;
let embedding: TensorData<'float32'>;

const image = float32(
  Array.from({ length: 32 * 32 }, (_, i) => Math.fround(0.5 + 0.4 * Math.sin(i / 17))),
  [1, 1, 32, 32],
);

beforeAll(async () => {
  folder = newFolder();
  const model = await writeTinyModel(folder);
  server = await createServer({ models: [model], version: '9.9.9', notice: 'test', logLevel: 'silent' });
  segmenter = Segmenter.create(tinyModel(), runtime);
  embedding = (await own('encoder', { image })).image_embeddings!;
});

afterAll(async () => {
  await server.drain(0);
  await segmenter.dispose();
  removeFolder(folder);
});

/** What the library makes of it. */
async function own(part: 'encoder' | 'decoder', feeds: Tensors): Promise<Tensors> {
  const results = await segmenter.run(part, feeds);
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => {
      if (tensor.dtype !== 'float32') throw new Error(`${name} is ${tensor.dtype}`);
      return [name, tensor];
    }),
  );
}

function prompts(): Tensors {
  return {
    image_embeddings: embedding,
    // The second object has one point less: -2 says that there is none.
    point_coords: float32([10, 12, 20, 9, 15.5, 30, 0, 0], [2, 2, 2]),
    point_labels: float32([1, 0, 1, -2], [2, 2]),
    mask_input: float32(new Float32Array(2 * 32 * 32), [2, 1, 32, 32]),
    has_mask_input: float32([0, 0], [2]),
  };
}

function get(url: string) {
  return server.app.inject({ method: 'GET', url });
}

function infer(model: string, payload: string | Buffer | object, headers: Record<string, string> = {}) {
  return server.app.inject({ method: 'POST', url: `/v2/models/${model}/infer`, headers, payload });
}

const flat = (tensor: TensorData<'float32'>): number[] => Array.from(tensor.data);

/** As nested lists, which the protocol calls natural. */
function nested(values: readonly number[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return values;
  const step = values.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, i) => nested(values.slice(i * step, (i + 1) * step), shape.slice(1)));
}

const jsonInputs = (feeds: Tensors) =>
  Object.entries(feeds).map(([name, tensor]) => ({ name, shape: tensor.shape, datatype: 'FP32', data: flat(tensor) }));

const bytesOf = ({ data }: TensorData<'float32'>): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** A request of the binary tensor data extension: JSON, then the bytes. */
function binary(
  feeds: Tensors,
  rest: object = {},
): { readonly body: Buffer; readonly headers: Record<string, string> } {
  const inputs = Object.entries(feeds).map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    datatype: 'FP32',
    parameters: { binary_data_size: tensor.data.byteLength },
  }));
  const json = Buffer.from(JSON.stringify({ inputs, ...rest }));
  return {
    body: Buffer.concat([json, ...Object.values(feeds).map(bytesOf)]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(json.length) },
  };
}

/** Tensors of a binary answer, by name. */
function readBinary(answer: Awaited<ReturnType<typeof infer>>): { json: Record<string, unknown>; tensors: Tensors } {
  const length = Number(answer.headers['inference-header-content-length']);
  const bytes = answer.rawPayload;
  const json = JSON.parse(bytes.subarray(0, length).toString());
  const tensors: Record<string, TensorData<'float32'>> = {};
  let at = length;
  for (const { name, shape, parameters } of json.outputs) {
    if (!parameters) continue;
    const part = bytes.subarray(at, at + parameters.binary_data_size);
    tensors[name] = float32(
      Array.from({ length: part.length / 4 }, (_, i) => part.readFloatLE(4 * i)),
      shape,
    );
    at += parameters.binary_data_size;
  }
  expect(at).toBe(bytes.length);
  return { json, tensors };
}

describe('the protocol', () => {
  it('reports the server and its health', async () => {
    expect((await get('/v2/health/live')).statusCode).toBe(200);
    expect((await get('/v2/health/ready')).statusCode).toBe(503);
    expect((await get('/v2/models/tiny-encoder/ready')).statusCode).toBe(503);
    await server.prepare();
    expect((await get('/v2/health/ready')).statusCode).toBe(200);
    expect((await get('/v2/models/tiny-encoder/ready')).json()).toEqual({ name: 'tiny-encoder', ready: true });
    for (const url of ['/v2', '/v2/']) {
      expect((await get(url)).json()).toEqual({ name: 'samus', version: '9.9.9', extensions: ['binary_tensor_data'] });
    }
  });

  it.each(['', '/versions/1'])('returns the tensors of each model (%s)', async (version) => {
    expect((await get(`/v2/models/tiny-encoder${version}`)).json()).toEqual({
      name: 'tiny-encoder',
      versions: ['1'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 1, 32, 32] }],
      outputs: [{ name: 'image_embeddings', datatype: 'FP32', shape: [1, 16, 8, 8] }],
    });
    expect((await get(`/v2/models/tiny-decoder${version}`)).json()).toMatchObject({
      inputs: [
        { name: 'image_embeddings', datatype: 'FP32', shape: [1, 16, 8, 8] },
        { name: 'point_coords', datatype: 'FP32', shape: [-1, -1, 2] },
        { name: 'point_labels', datatype: 'FP32', shape: [-1, -1] },
        { name: 'mask_input', datatype: 'FP32', shape: [-1, 1, 32, 32] },
        { name: 'has_mask_input', datatype: 'FP32', shape: [-1] },
      ],
      outputs: [
        { name: 'low_res_masks', datatype: 'FP32', shape: [-1, 4, 32, 32] },
        { name: 'iou_predictions', datatype: 'FP32', shape: [-1, 4] },
      ],
    });
  });

  it('answers JSON, flat or nested, with JSON', async () => {
    const data = flat(image);
    for (const given of [data, nested(data, image.shape)]) {
      const answer = await infer('tiny-encoder', {
        id: '42',
        inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', data: given }],
        outputs: [{ name: 'image_embeddings' }],
      });
      expect(answer.headers['content-type']).toContain('application/json');
      const { outputs, ...head } = answer.json();
      expect(head).toEqual({ model_name: 'tiny-encoder', model_version: '1', id: '42' });
      expect(outputs).toHaveLength(1);
      expect(outputs[0]).toMatchObject({ name: 'image_embeddings', datatype: 'FP32', shape: [1, 16, 8, 8] });
      expect(relativeError(Float32Array.from(outputs[0].data), embedding.data)).toBeLessThan(1e-6);
    }
  });

  it('answers bytes with bytes, all outputs or those that are asked for', async () => {
    const expected = await own('decoder', prompts());
    const all = binary(prompts(), { parameters: { binary_data_output: true } });
    const answer = await infer('tiny-decoder', all.body, all.headers);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    const { json, tensors } = readBinary(answer);
    expect(json).not.toHaveProperty('id');
    for (const name of ['low_res_masks', 'iou_predictions']) {
      expect(tensors[name]!.shape).toEqual(expected[name]!.shape);
      expect(relativeError(tensors[name]!.data, expected[name]!.data)).toBeLessThan(1e-6);
    }

    const outputs = [
      { name: 'iou_predictions', parameters: { binary_data: false } },
      { name: 'low_res_masks', parameters: { binary_data: true } },
    ];
    const some = binary(prompts(), { outputs });
    const mixed = readBinary(await infer('tiny-decoder/versions/1', some.body, some.headers));
    expect(relativeError(mixed.tensors.low_res_masks!.data, expected.low_res_masks!.data)).toBeLessThan(1e-6);
    expect(mixed.json.outputs).toMatchObject([{ name: 'iou_predictions', data: expect.any(Array) }, {}]);
  });

  it('takes inputs of both kinds in one request, whatever the content type says, and packed bodies', async () => {
    const { image_embeddings, ...rest } = prompts();
    const { body, headers } = binary({ image_embeddings: image_embeddings! });
    const length = Number(headers['inference-header-content-length']);
    const parts = JSON.parse(body.subarray(0, length).toString());
    const json = Buffer.from(JSON.stringify({ inputs: [...jsonInputs(rest), ...parts.inputs] }));
    const whole = Buffer.concat([json, body.subarray(length)]);
    const name = { 'inference-header-content-length': String(json.length) };
    const expected = await own('decoder', prompts());
    for (const [payload, extra] of [
      [whole, {}],
      [whole, { 'content-type': 'application/json' }],
      [gzipSync(whole), { 'content-encoding': 'gzip' }],
    ] as const) {
      const answer = await infer('tiny-decoder', payload, { ...name, ...extra });
      expect(answer.statusCode, answer.body).toBe(200);
      const iou = answer.json().outputs.find((output: { name: string }) => output.name === 'iou_predictions');
      expect(relativeError(Float32Array.from(iou.data), expected.iou_predictions!.data)).toBeLessThan(1e-6);
    }
  });

  it.each([
    ['no inputs', { id: 'a' }, 'INFER_INPUT'],
    ['an input left out', { inputs: [] }, 'INFER_INPUT'],
    ['another type', { inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP64', data: [] }] }, 'INFER_INPUT'],
    [
      'another shape',
      { inputs: [{ name: 'image', shape: [1, 3, 32, 32], datatype: 'FP32', data: [] }] },
      'INFER_INPUT',
    ],
    [
      'too few numbers',
      { inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', data: [1] }] },
      'INFER_INPUT',
    ],
    ['an unknown input', { inputs: [{ name: 'picture', shape: [1], datatype: 'FP32', data: [1] }] }, 'INFER_INPUT'],
    ['bytes that did not come', binaryWithout(), 'INFER_BINARY'],
    ['an unknown output', { ...wholeRequest(), outputs: [{ name: 'masks' }] }, 'INFER_OUTPUT'],
    [
      'an output twice',
      { ...wholeRequest(), outputs: [{ name: 'image_embeddings' }, { name: 'image_embeddings' }] },
      'INFER_OUTPUT',
    ],
  ])('refuses %s with a text', async (_, payload, code) => {
    const answer = await infer('tiny-encoder', payload);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: expect.stringContaining(code), code });
  });

  it('refuses objects or points that are not of one number, and too many of them', async () => {
    const wrong: Tensors[] = [
      { ...prompts(), has_mask_input: float32([0], [1]) },
      { ...prompts(), point_labels: float32([1, 1], [2, 1]) },
      { ...prompts(), point_coords: float32(new Float32Array(2 * 300 * 2), [2, 300, 2]) },
    ];
    for (const feeds of wrong) {
      const answer = await infer('tiny-decoder', { inputs: jsonInputs(feeds) });
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'INFER_INPUT']);
    }
  });

  it('refuses unknown models and versions', async () => {
    expect((await get('/v2/models/other')).json()).toMatchObject({ error: expect.any(String), code: 'MODEL_UNKNOWN' });
    expect((await get('/v2/models/tiny-encoder/versions/2')).statusCode).toBe(404);
    expect((await get('/v2/none')).json()).toMatchObject({ error: expect.any(String), code: 'ROUTE_UNKNOWN' });
  });

  it('is described with every answer that was given so far', async () => {
    const { listed, unlisted } = await describedAnswers(async (path) => (await get(path)).body);
    expect(unlisted).toEqual([]);
    expect(listed).toEqual(
      expect.arrayContaining([
        'GET /v2/health/ready 503',
        'GET /v2/models/:name/ready 503',
        'POST /v2/models/:name/infer 400',
      ]),
    );
  });
});

function wholeRequest() {
  return { inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', data: flat(image) }] };
}

function binaryWithout() {
  const parameters = { binary_data_size: 4096 };
  return { inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', parameters }] };
}
