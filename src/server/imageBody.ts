/**
 * The body of a request that sends an image: the bytes themselves, a form with a file, or JSON with a path in the folder
 * that the server serves. Image bytes are streamed, counted and hashed on arrival.
 */
import { Readable } from 'node:stream';
import multipart, { type Multipart } from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SamusError } from '../errors.js';
import { otherTypes } from '../formats/imageFormat.js';
import { codingOf, type ImageBytes, type Upload } from './bodies.js';
import { asSamusError, FORM } from './httpErrors.js';
import type { ImageFolder } from './imageFolder.js';

/** An image, and what the body may name beside it. */
export interface SentImage extends ImageBytes {
  readonly model?: string;
  readonly frame?: number;
}

/** `{"path": …}` with maybe a frame, and nothing else. */
export const MAX_PATH_BODY = 8192;
const MAX_MODEL_NAME = 200;
const FORM_HINT = 'send one file in the field image';

/** Bodies of this scope's routes are bytes. */
export async function readImageBodies(scope: FastifyInstance, maxBytes: number): Promise<void> {
  scope.removeAllContentTypeParsers();
  await scope.register(multipart, {
    // Without this, the parser reads a field of type application/json itself and fails if it is not JSON.
    isPartAFile: (_field, type, filename) => filename !== undefined || !/^text\//i.test(type ?? 'text/plain'),
    // One byte more than allowed, so that it can be rejected; the parser would truncate it silently.
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
}

/** @throws SamusError REQUEST_…, UPLOADS_FULL, FOLDER_NOT_SERVED, PATH_… */
export async function receiveImage(
  request: FastifyRequest,
  upload: Upload,
  folder: ImageFolder | undefined,
): Promise<SentImage> {
  if (request.isMultipart()) return receiveForm(request, upload);
  const { body } = request;
  if (body instanceof Readable) {
    const packed = codingOf(request) !== undefined;
    return upload.receive(body, packed ? 0 : Number(request.headers['content-length'] ?? 0));
  }
  const { path, frame } = pathIn(body);
  if (!folder) {
    const message = 'this server serves no folder, so images have to be sent';
    throw new SamusError('FOLDER_NOT_SERVED', message, 'send the image, or start the server with --folder');
  }
  const { stream, size } = await folder.open(path);
  try {
    const image = await upload.receive(stream, size);
    return frame === undefined ? image : { ...image, frame };
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
async function receiveForm(request: FastifyRequest, upload: Upload): Promise<SentImage> {
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

/** The path and maybe the frame that a body of JSON names. @throws SamusError REQUEST_INVALID */
function pathIn(body: unknown): { readonly path: string; readonly frame?: number } {
  if (typeof body !== 'object' || body === null || !('path' in body)) throw bodyError();
  const { path, ...rest } = body;
  if (typeof path !== 'string' || Object.keys(rest).some((name) => name !== 'frame')) throw bodyError();
  if (!('frame' in rest)) return { path };
  const { frame } = rest;
  if (typeof frame !== 'number' || !Number.isInteger(frame) || frame < 1) throw bodyError();
  return { path, frame };
}

function bodyError(): SamusError {
  const message = `expected the bytes of an image, a form with a file, or JSON of a path and maybe a frame (${MAX_PATH_BODY} bytes), got another body`;
  return new SamusError('REQUEST_INVALID', message, 'see /docs for what is expected');
}

function mediaTypeError(): SamusError {
  return new SamusError(
    'REQUEST_MEDIA_TYPE',
    'expected the content type of an image, application/octet-stream, multipart/form-data or application/json, got another',
    'set the header, for example Content-Type: image/png',
  );
}
