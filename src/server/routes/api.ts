/**
 * `/api/v1`: images in, masks out. What a request must look like is in schemas.ts, how much it may take in
 * settings.ts; the work is done by the inference threads.
 */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import multipart, { type Multipart } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SamusError } from '../../errors.js';
import { objectJson } from '../../formats/annotation.js';
import { otherTypes } from '../../formats/imageFormat.js';
import type { Rle } from '../../formats/rle.js';
import type { JobObject, ResultForm, SegmentedImage, SegmentedObject, SegmentJob } from '../../jobs/segmentJob.js';
import { namedClasses } from '../../models/classLogits.js';
import type { Encoding } from '../../predict/types.js';
import { codingOf, type ImageBytes, Upload } from '../bodies.js';
import type { ServerContext } from '../context.js';
import { imageUnknown } from '../embeddings.js';
import { asSamusError, FORM } from '../httpErrors.js';
import { everythingSchema, forgetSchema, imageSchema, imagesSchema, segmentSchema } from '../schemas.js';
import type { ServedModel } from '../servedModel.js';
import { bodyLimit, MAX_EVERYTHING_PIXELS, MAX_PROMPTS_BYTES } from '../settings.js';
import { whileConnected } from '../whileConnected.js';

interface ModelQuery {
  readonly model?: string;
}

interface ImageQuery extends ModelQuery {
  /** A number. */
  readonly frame?: string;
}

interface ImageParams {
  readonly id: string;
}

/** One object of a `segment` request. */
interface ObjectRequest extends Partial<Pick<JobObject, 'name' | 'points' | 'box' | 'lowResLogits'>> {
  readonly mask?: Rle;
}

interface SegmentBody extends ModelQuery, ResultForm {
  readonly multimask: boolean;
  readonly clean?: boolean;
  readonly objects?: readonly ObjectRequest[];
  readonly classes: boolean;
  readonly auto: boolean;
}

interface EverythingBody extends ModelQuery, ResultForm {
  readonly options?: SegmentJob['everything'];
}

/** `{"path": …}` and nothing else. */
const MAX_PATH_BODY = 8192;
const MAX_MODEL_NAME = 200;
const FORM_HINT = 'send one file in the field image';

export function apiRoutes(app: FastifyInstance, context: ServerContext): void {
  app.register(async (scope) => imagesRoute(scope, context));

  app.get<{ Params: ImageParams; Querystring: ModelQuery }>(
    '/api/v1/images/:id',
    { schema: imageSchema },
    (request) => {
      const model = modelOf(context, request.query.model);
      const { width, height, frames } = context.embeddings.find(model.name, request.params.id);
      return Promise.resolve({
        image: request.params.id,
        width,
        height,
        ...(frames > 1 && { frames }),
        model: model.name,
        cached: true,
        encode_ms: 0,
      });
    },
  );

  app.delete<{ Params: ImageParams }>('/api/v1/images/:id', { schema: forgetSchema }, async (request, reply) => {
    if (!context.embeddings.forget(request.params.id)) throw imageUnknown();
    return reply.code(204).send();
  });

  app.post<{ Params: ImageParams; Body: SegmentBody }>(
    '/api/v1/images/:id/segment',
    { schema: segmentSchema, bodyLimit: bodyLimit(context.limits, MAX_PROMPTS_BYTES) },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        const { objects = [], multimask, clean, format, lowResLogits } = request.body;
        const auto = isAuto(request.body);
        checkNames(objects);
        const model = modelOf(context, request.body.model);
        const job = {
          model: model.name,
          image: { content: request.params.id },
          objects: jobObjects(objects),
          ...(auto && { auto }),
          multimask,
          ...(clean !== undefined && { clean }),
          form: { format, lowResLogits },
        };
        return documentOf(context, model, await context.inference.run(job, signal));
      }),
  );

  app.post<{ Params: ImageParams; Body: EverythingBody }>(
    '/api/v1/images/:id/everything',
    {
      schema: everythingSchema,
      // All of it may be left out.
      preValidation: async (request) => {
        request.body ??= { format: 'rle', lowResLogits: false };
      },
    },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        const { options = {}, format, lowResLogits } = request.body;
        const model = modelOf(context, request.body.model);
        checkEverything(context.embeddings.find(model.name, request.params.id));
        const job = {
          model: model.name,
          image: { content: request.params.id },
          objects: [],
          everything: options,
          form: { format, lowResLogits },
        };
        return documentOf(context, model, await context.inference.run(job, signal));
      }),
  );
}

/** Bodies of this route are bytes: streamed, counted and hashed on arrival. */
async function imagesRoute(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const maxBytes = bodyLimit(context.limits);
  scope.removeAllContentTypeParsers();
  await scope.register(multipart, {
    // Without this, the parser reads a field of type application/json itself and fails if it is not JSON.
    isPartAFile: (_field, type, filename) => filename !== undefined || !/^text\//i.test(type ?? 'text/plain'),
    // One byte more than allowed, so that it can be refused; the parser would silently cut it off.
    limits: {
      ...{ fileSize: maxBytes + 1, files: 2, fields: 1, parts: 2 },
      ...{ headerPairs: 32, fieldNameSize: 100, fieldSize: MAX_MODEL_NAME },
    },
  });
  const parseJson = scope.getDefaultJsonParser('error', 'error');
  scope.addContentTypeParser('application/json', (request, payload, done) => {
    readText(payload).then((text) => parseJson(request, text, done), done);
  });
  // Left unread here: the handler receives it, and gives back what it took whatever happens.
  scope.addContentTypeParser(/^image\//, (_request, payload, done) => done(null, payload));
  scope.addContentTypeParser(['application/octet-stream', ...otherTypes()], (_request, payload, done) =>
    done(null, payload),
  );
  scope.addContentTypeParser('*', (request, payload, done) => {
    if (request.headers['content-type'] === undefined) done(null, payload);
    else done(mediaTypeError());
  });

  scope.post<{ Querystring: ImageQuery }>(
    '/api/v1/images',
    // Fastify's limit is that of the bodies which it reads itself: the JSON. Upload has that of images.
    { schema: imagesSchema, bodyLimit: bodyLimit(context.limits, MAX_PATH_BODY) },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        // Refused before the image is received.
        modelOf(context, request.query.model);
        const upload = new Upload(context.uploads, maxBytes);
        try {
          const { id: file, bytes, model: named } = await receive(request, upload, context);
          const model = modelOf(context, named ?? request.query.model);
          const frame = frameOf(request.body) ?? Number(request.query.frame ?? 1);
          const id = frameId(file, frame);
          const { encoding, cached, ms } = await context.embeddings.getOrEncode(
            model.name,
            id,
            (stillWanted) => context.inference.encodeImage(model.name, bytes, frame, stillWanted),
            signal,
          );
          context.metrics.observeLookup(cached);
          const { width, height, frames } = encoding;
          return reply.code(cached ? 200 : 201).send({
            image: id,
            width,
            height,
            ...(frames > 1 && { frames }),
            model: model.name,
            cached,
            encode_ms: ms,
          });
        } finally {
          upload.end();
        }
      }),
  );
}

/** @throws SamusError REQUEST_…, UPLOADS_FULL, FOLDER_NOT_SERVED, PATH_… */
async function receive(
  request: FastifyRequest,
  upload: Upload,
  { folder }: ServerContext,
): Promise<ImageBytes & ModelQuery> {
  if (request.isMultipart()) return receiveForm(request, upload);
  const { body } = request;
  if (body instanceof Readable) {
    const packed = codingOf(request) !== undefined;
    return upload.receive(body, packed ? 0 : Number(request.headers['content-length'] ?? 0));
  }
  if (!isPathBody(body)) throw bodyError();
  if (!folder) {
    const message = 'this server serves no folder, so images have to be sent';
    throw new SamusError('FOLDER_NOT_SERVED', message, 'send the image, or start the server with --folder');
  }
  const { stream, size } = await folder.open(body.path);
  try {
    return await upload.receive(stream, size);
  } finally {
    stream.destroy();
  }
}

/** The text of a body of JSON, as far as it may go. @throws SamusError REQUEST_INVALID */
async function readText(body: Readable): Promise<string> {
  const bytes = await startOf(body, MAX_PATH_BODY);
  if (bytes.length > MAX_PATH_BODY) throw bodyError();
  return bytes.toString('utf8');
}

/** A whole body, or more than `most` bytes of a longer one. */
async function startOf(body: Readable, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const incoming: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false });
  for await (const chunk of incoming) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) break;
  }
  return Buffer.concat(chunks);
}

/**
 * A form: the image and maybe the name of a model, in any order.
 * @throws SamusError REQUEST_PARTS, REQUEST_FORM, and as {@link Upload.receive}
 */
async function receiveForm(request: FastifyRequest, upload: Upload): Promise<ImageBytes & ModelQuery> {
  let image: ImageBytes | undefined;
  let model: string | undefined;
  try {
    for await (const part of request.parts()) {
      const { fieldname } = part;
      if (part.type === 'file' && fieldname === 'image' && !image) image = await upload.receive(part.file);
      else if (fieldname === 'model' && model === undefined) model = await nameIn(part);
      else {
        if (part.type === 'file') part.file.resume();
        throw new SamusError('REQUEST_PARTS', `${FORM}, got another part`, FORM_HINT);
      }
    }
    if (image) return model === undefined ? image : { ...image, model };
    throw new SamusError('REQUEST_PARTS', `${FORM}, got no image`, FORM_HINT);
  } catch (error) {
    if (asSamusError(error)) throw error;
    // The parser's errors have no codes.
    const hint = 'let the client write the form and its boundary';
    throw new SamusError('REQUEST_FORM', 'expected a whole form of type multipart/form-data, got a part of one', hint);
  }
}

/** The model's name in a form field, with or without its own content type; longer text is cut off. */
async function nameIn(part: Multipart): Promise<string> {
  if (part.type === 'field') return String(part.value);
  try {
    const text = (await startOf(part.file, MAX_MODEL_NAME)).toString('utf8').trim();
    // JSON has quotes around it.
    return /^"[^"\\]*"$/.test(text) ? text.slice(1, -1) : text;
  } finally {
    part.file.resume();
  }
}

function bodyError(): SamusError {
  const message = `expected the bytes of an image, a form with a file, or JSON of a path and maybe a frame (${MAX_PATH_BODY} bytes), got another body`;
  return new SamusError('REQUEST_INVALID', message, 'see /docs for what is expected');
}

function isPathBody(body: unknown): body is { readonly path: string } {
  if (typeof body !== 'object' || body === null || !('path' in body)) return false;
  const frames = 'frame' in body ? frameOf(body) !== undefined : true;
  return (
    typeof body.path === 'string' && frames && Object.keys(body).every((name) => name === 'path' || name === 'frame')
  );
}

/** The frame that the JSON of a path names. */
function frameOf(body: unknown): number | undefined {
  if (typeof body !== 'object' || body === null || !('frame' in body)) return undefined;
  const { frame } = body;
  return typeof frame === 'number' && Number.isInteger(frame) && frame >= 1 ? frame : undefined;
}

/** The name of a frame: of the first that of its file, of others one that is made of both. */
function frameId(file: string, frame: number): string {
  return frame === 1 ? file : createHash('sha256').update(`${file} ${frame}`).digest('hex');
}

/** @throws SamusError MODEL_UNKNOWN */
function modelOf({ models }: ServerContext, name: string | undefined): ServedModel {
  const model = name === undefined ? models[0] : models.find((served) => served.name === name);
  if (model) return model;
  const names = models.map((served) => served.name);
  const hint = `served are: ${names.join(', ')}`;
  throw new SamusError('MODEL_UNKNOWN', 'expected a model that is served, got another name', hint, { models: names });
}

/** Whether classes are asked for. @throws SamusError REQUEST_INVALID for neither or both of classes and objects */
function isAuto({ objects, classes, auto }: SegmentBody): boolean {
  if ((classes || auto) === (objects === undefined)) return classes || auto;
  const message = `expected either objects or "classes": true in the body, got ${objects ? 'both' : 'neither'}`;
  throw new SamusError('REQUEST_INVALID', message, 'name objects with their prompts, or ask for classes');
}

/** @throws SamusError PROMPT_OBJECT_TWICE */
function checkNames(objects: readonly ObjectRequest[]): void {
  const names = objects.map(({ name }, i) => name ?? `object-${i + 1}`);
  if (new Set(names).size === names.length) return;
  const message = 'expected a different name for each object, got one name twice';
  throw new SamusError('PROMPT_OBJECT_TWICE', message, 'rename one of them');
}

/** @throws SamusError IMAGE_TOO_LARGE */
function checkEverything({ width, height }: Encoding): void {
  if (width * height <= MAX_EVERYTHING_PIXELS) return;
  const message = `expected an image of at most ${MAX_EVERYTHING_PIXELS} pixels for automatic mode, got ${width}x${height}`;
  const details = { width, height, maxPixels: MAX_EVERYTHING_PIXELS };
  throw new SamusError('IMAGE_TOO_LARGE', message, 'send the image in half its size', details);
}

function jobObjects(objects: readonly ObjectRequest[]): JobObject[] {
  return objects.map(({ name, points = [], box, mask, lowResLogits }, i) => ({
    name: name ?? `object-${i + 1}`,
    points,
    ...(box && { box }),
    ...(mask && { guess: { rle: mask } }),
    ...(lowResLogits !== undefined && { lowResLogits }),
  }));
}

function documentOf(
  { notice }: ServerContext,
  { name: model, config }: ServedModel,
  { image, width, height, objects, ms }: SegmentedImage,
) {
  const classes = namedClasses(config);
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  return {
    model,
    ...(classes.length > 0 && { classes }),
    image: image.content,
    width,
    height,
    decode_ms: ms,
    objects: objects.map((object) => responseOf(object, names)),
    notice,
  };
}

/** An object as in the annotation document, with the mask in the form of the request and of its prompts what was sent. */
function responseOf(object: SegmentedObject, names: ReadonlyMap<number, string>) {
  const { rle, prompt: _, points, ...fields } = objectJson(object, names);
  const { box, png, polygons, lowResLogits, stability } = object;
  return {
    ...fields,
    points,
    ...(stability === undefined && { prompt: { points, ...(box && { box }) } }),
    ...(png === undefined && !polygons && { rle }),
    ...(png !== undefined && { png }),
    ...(polygons && { polygons }),
    ...(lowResLogits !== undefined && { lowResLogits }),
  };
}

function mediaTypeError(): SamusError {
  return new SamusError(
    'REQUEST_MEDIA_TYPE',
    'expected the content type of an image, application/octet-stream, multipart/form-data or application/json, got another',
    'set the header, for example Content-Type: image/png',
  );
}
