/**
 * Errors as HTTP answers: which status, and the one form `{"error": {code, message, hint, details}}`. What is not
 * coded is a bug: the client gets a number to report and nothing of the inside.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode, ErrorKind } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import { CODINGS } from './bodies.js';

/** The part of Fastify's errors that is looked at. */
interface FastifyFailure {
  readonly code?: string;
  readonly statusCode?: number;
  readonly message: string;
  readonly validation?: readonly Violation[];
  readonly validationContext?: string;
}

interface Violation {
  readonly instancePath: string;
  readonly keyword: string;
  readonly message?: string;
}

const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  usage: 400,
  input: 422,
  machine: 503,
  failure: 500,
  // As in nginx: the client closed the request and does not read the response.
  interrupted: 499,
};

/** Where the status is not that of the kind. */
const STATUS_OF_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  IMAGE_TOO_LARGE: 413,
  IMAGE_FORMAT: 415,
  DICOM_VIDEO: 415,
  DICOM_TRANSFER_SYNTAX: 415,
  DICOM_PHOTOMETRIC: 415,
  DICOM_LIMIT: 413,
  IMAGE_UNKNOWN: 404,
  MODEL_UNKNOWN: 404,
  MODEL_VERSION_UNKNOWN: 404,
  PATH_UNKNOWN: 404,
  FOLDER_NOT_SERVED: 403,
  PACS_ANSWER: 502,
  PACS_DENIED: 502,
  PACS_LIMIT: 502,
  PACS_NOT_FOUND: 404,
  PACS_NOT_SERVED: 404,
  PACS_REDIRECT: 502,
  PACS_UNREACHABLE: 502,
  ROUTE_UNKNOWN: 404,
  REQUEST_TOO_LARGE: 413,
  REQUEST_ENCODING: 415,
  REQUEST_MEDIA_TYPE: 415,
  REQUEST_TIMEOUT: 408,
  REQUEST_HEADERS_TOO_LARGE: 431,
  TOKEN_MISSING: 401,
  TOKEN_WRONG: 401,
  HOST_UNKNOWN: 403,
  ORIGIN_FOREIGN: 403,
  PROMPT_MASK_SIZE: 400,
  RUNTIME_FEEDS: 400,
};

/** What a form of the API holds, in any order. */
export const FORM = 'expected one file in the field image and at most a field model';

/** Fastify's own errors. The messages are ours: some of theirs quote the request. */
const OF_FASTIFY: Readonly<Record<string, readonly [code: ErrorCode, message: string, hint: string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: [
    'REQUEST_JSON',
    'expected a body of JSON, got one that cannot be read',
    'send valid JSON',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['REQUEST_JSON', 'expected a body of JSON, got none', 'send a JSON object'],
  FST_ERR_CTP_BODY_TOO_LARGE: [
    'REQUEST_TOO_LARGE',
    'expected a body within the limit of the server, got a larger one',
    'send less at a time',
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'REQUEST_MEDIA_TYPE',
    'expected a content type that this address takes, got another one',
    'see /docs for what it takes',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'REQUEST_LENGTH',
    'expected a body of the length that its header names, got another length',
    'send the body again',
  ],
  FST_ERR_BAD_URL: ['REQUEST_URL', 'cannot read the address', 'encode it as URLs are'],
  FST_ERR_MAX_PARAM_LENGTH: ['REQUEST_URL', 'expected a known address, got one with a longer part', 'shorten it'],
  FST_ERR_NOT_FOUND: ['ROUTE_UNKNOWN', 'cannot find anything at this address', 'see /docs for what there is'],
  FST_REQ_FILE_TOO_LARGE: [
    'REQUEST_TOO_LARGE',
    'expected a file within the limit of the server, got a larger one',
    'send a smaller file',
  ],
  FST_PARTS_LIMIT: ['REQUEST_PARTS', `${FORM}, got more parts`, 'send one file in the field image'],
  FST_FILES_LIMIT: ['REQUEST_PARTS', `${FORM}, got more files`, 'send one file in the field image'],
  FST_FIELDS_LIMIT: ['REQUEST_PARTS', `${FORM}, got more fields`, 'send one file in the field image'],
  FST_PROTO_VIOLATION: [
    'REQUEST_KEY',
    'expected a field name that JavaScript does not reserve, got one that it does',
    'rename the field',
  ],
  FST_INVALID_MULTIPART_CONTENT_TYPE: [
    'REQUEST_MEDIA_TYPE',
    'expected multipart/form-data with a boundary, got none',
    'let the client write that header',
  ],
};

/** The coded form of anything that is thrown while a request is answered. */
export function asSamusError(error: unknown): SamusError | undefined {
  if (error instanceof SamusError) return error;
  if (!isFailure(error)) return undefined;
  if (error.validation) return validationError(error.validation, error.validationContext ?? 'body');
  const known = OF_FASTIFY[error.code ?? ''];
  if (known) return new SamusError(...known);
  if (error.message === 'Object contains forbidden prototype property') {
    const message = 'expected JSON without keys that JavaScript reserves, got one of them';
    return new SamusError('REQUEST_KEY', message, 'leave out __proto__ and constructor.prototype');
  }
  // Whatever else a library calls the client's fault: its words may quote the request, so they stay here.
  const status = error.statusCode ?? 500;
  if (status < 400 || status >= 500) return undefined;
  return new SamusError('REQUEST_INVALID', 'cannot read the request', 'see /docs for what is expected');
}

export function statusOf(error: SamusError): number {
  return STATUS_OF_CODE[error.code] ?? STATUS_OF_KIND[error.kind];
}

/** Answers with an error; of a bug the client gets no more than a number to report. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = asSamusError(error);
  // A client that closed the connection is not a failure.
  if (!known && !reply.raw.destroyed) request.log.error({ err: error }, 'failed');
  const sent = known ?? internalError(request.id);
  const status = statusOf(sent);
  reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8');
  // Fastify would close the connection where it refuses a body; but a client that is cut off while it sends does not read
  // the answer. The rest of the body is let go by, unread.
  reply.removeHeader('connection');
  request.raw.unpipe();
  request.raw.resume();
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="samus"');
  if (sent.code === 'REQUEST_ENCODING') reply.header('accept-encoding', CODINGS);
  if (status === 503) reply.header('retry-after', String(retryAfter(sent.details)));
  reply.send(/^\/v2(?:[/?]|$)/.test(request.url) ? oipForm(sent) : sent.toJSON());
}

/** The Open Inference Protocol has texts as errors; the rest stands beside it. */
function oipForm({ code, message, hint, details }: SamusError) {
  return { error: `${code}: ${message} (${hint})`, code, hint, details };
}

function internalError(requestId: string): SamusError {
  return new SamusError(
    'INTERNAL',
    'the server failed while it answered',
    'this is a bug: report it with the request id, which is also in the server log',
    { request: requestId },
  );
}

function retryAfter({ retryAfter }: { readonly [key: string]: Json }): number {
  return typeof retryAfter === 'number' ? retryAfter : 5;
}

function validationError(violations: readonly Violation[], context: string): SamusError {
  const { instancePath, keyword, message = 'is wrong' } = violations[0]!;
  const place = `${context}${instancePath}`;
  return new SamusError(
    'REQUEST_INVALID',
    `the request does not match its schema: ${place} ${message}`,
    'see /docs for what is expected',
    { place, rule: keyword },
  );
}

function isFailure(error: unknown): error is FastifyFailure {
  return error instanceof Error;
}
