/**
 * The Open Inference Protocol, version 2, over HTTP: what clients of KServe and Triton speak. Its errors are texts, see
 * httpErrors.ts.
 */

import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import { SamusError } from '../../errors.js';
import type { ServerContext } from '../context.js';
import { type Failure, oipFailures } from '../failureSchemas.js';
import { bodyLimit } from '../settings.js';
import { whileConnected } from '../whileConnected.js';
import { writeInferAnswer } from './inferAnswer.js';
import { readInferRequest } from './inferRequest.js';
import { largestJson, type OipModel, oipModels, openShape, type TensorSpec, VERSION } from './tensors.js';

interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/** How long the JSON is that the bytes of tensors follow. */
const JSON_LENGTH = 'inference-header-content-length';

/** A description of a route: what it is, and how it fails beside what any may. */
function described(summary: string, ...statuses: readonly Failure[]): FastifySchema {
  const done = { description: 'as the protocol has it', type: 'object', additionalProperties: true } as const;
  return { tags: ['open inference protocol'], summary, response: { 200: done, ...oipFailures(...statuses) } };
}

const READINESS = described('Whether it takes requests', 503);
const INFERENCE_SUMMARY = 'Inference, with tensors in JSON or as bytes after it';
const INFERENCE = described(INFERENCE_SUMMARY, 401, 404, 413, 415, 422, 503);

export async function oipRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const models = new Map(context.models.flatMap(oipModels).map((model) => [model.name, model]));
  const maxJson = Math.max(...context.models.map(({ config }) => largestJson(config)));
  const maxBytes = bodyLimit(context.limits);
  const parseJson = scope.getDefaultJsonParser('error', 'error');

  // Clients name no type, or one of several, whatever the body is: the header Inference-Header-Content-Length decides.
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    ['application/json', 'application/octet-stream', '*'],
    { parseAs: 'buffer' },
    (_, body, done) => done(null, body),
  );

  const find = ({ params }: { readonly params: ModelParams }): OipModel => findModel(models, params);

  scope.get('/v2', { schema: described('The server', 401, 503) }, async () => ({
    name: 'samus',
    version: context.version,
    extensions: ['binary_tensor_data'],
  }));
  scope.get('/v2/health/live', { schema: described('Whether the server runs') }, async () => ({ live: true }));
  scope.get('/v2/health/ready', { schema: READINESS }, async (_, reply) => {
    const ready = isReady(context);
    return reply.code(ready ? 200 : 503).send({ ready, live: ready });
  });
  for (const prefix of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    scope.get<{ Params: ModelParams }>(
      prefix,
      { schema: described('The tensors of a model', 401, 404, 503) },
      async (request) => metadata(find(request)),
    );
    scope.get<{ Params: ModelParams }>(
      `${prefix}/ready`,
      { schema: described('Whether a model takes requests', 401, 404, 503) },
      async (request, reply) => {
        const { name } = find(request);
        const ready = isReady(context);
        return reply.code(ready ? 200 : 503).send({ name, ready });
      },
    );
    scope.post<{ Params: ModelParams }>(
      `${prefix}/infer`,
      { schema: INFERENCE, bodyLimit: maxBytes },
      (request, reply) =>
        whileConnected(reply, async (signal) => {
          const model = find(request);
          const { json, binary } = split(request, maxJson);
          const asked = readInferRequest(model, await parsed(request, json, parseJson), binary);
          const results = await context.inference.infer(model.model, model.part, asked.feeds, signal);
          const { body, jsonLength } = writeInferAnswer(model, asked, results);
          if (jsonLength === undefined) return reply.type('application/json').send(body);
          return reply.header(JSON_LENGTH, String(jsonLength)).type('application/octet-stream').send(body);
        }),
    );
  }
}

function isReady({ inference, isDraining }: ServerContext): boolean {
  return inference.ready && !isDraining();
}

/** @throws SamusError MODEL_UNKNOWN, MODEL_VERSION_UNKNOWN */
function findModel(models: ReadonlyMap<string, OipModel>, { name, version }: ModelParams): OipModel {
  const model = models.get(name);
  if (!model) {
    const hint = `the models are: ${[...models.keys()].join(', ')}`;
    throw new SamusError('MODEL_UNKNOWN', 'expected a model that is served, got another name', hint);
  }
  if (version === undefined || version === VERSION) return model;
  const hint = `each model has version ${VERSION}; it may be left out`;
  throw new SamusError('MODEL_VERSION_UNKNOWN', 'expected a version that is served, got another one', hint);
}

function metadata({ name, inputs, outputs }: OipModel) {
  const tensor = (spec: TensorSpec) => ({ name: spec.name, datatype: 'FP32', shape: openShape(spec) });
  return {
    name,
    versions: [VERSION],
    platform: 'onnx_onnxv1',
    inputs: inputs.map(tensor),
    outputs: outputs.map(tensor),
  };
}

/** The two parts of a body. @throws SamusError INFER_BINARY, REQUEST_TOO_LARGE */
function split(
  { body: whole, headers }: FastifyRequest,
  maxJson: number,
): { readonly json: Buffer; readonly binary: Buffer } {
  const body = Buffer.isBuffer(whole) ? whole : Buffer.alloc(0);
  const header = headers[JSON_LENGTH];
  const length = header === undefined ? body.length : wholeNumber(header);
  if (length === undefined || length > body.length) {
    const message =
      'expected the length of the JSON at the start of the body in Inference-Header-Content-Length, got another number';
    throw new SamusError('INFER_BINARY', message, 'count its bytes');
  }
  if (length > maxJson) {
    const message = `expected JSON of at most ${maxJson} bytes, got ${length}`;
    throw new SamusError('REQUEST_TOO_LARGE', message, 'send tensors as bytes after the JSON');
  }
  return { json: body.subarray(0, length), binary: body.subarray(length) };
}

function wholeNumber(header: string | string[]): number | undefined {
  return typeof header === 'string' && /^\d{1,12}$/.test(header) ? Number(header) : undefined;
}

function parsed(
  request: FastifyRequest,
  json: Buffer,
  parse: ReturnType<FastifyInstance['getDefaultJsonParser']>,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    parse(request, json.toString('utf8'), (error, value) => (error ? reject(error) : resolve(value)));
  });
}
