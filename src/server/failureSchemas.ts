/**
 * Failures of routes as the description of the API lists them: each status that a route gives, and the form of its
 * body. Which error has which status is in httpErrors.ts.
 */
const MEANINGS = {
  400: 'the request does not match its schema',
  401: 'the token is missing or wrong, where the server asks for one',
  403: 'asked by a page of another site, by a name that is not the server’s own, or for a folder that is not served',
  404: 'something named in the request does not exist',
  413: 'the body or the image is larger than the server takes',
  415: 'of no type that is taken here',
  422: 'the image, the mask or the tensors cannot be used',
  500: 'a bug, or a lost inference thread',
  502: 'the PACS does not answer, denies access, or does not speak DICOMweb',
  503: 'too much to do, or ending: try again after Retry-After seconds',
} as const;

export type Failure = keyof typeof MEANINGS;

/** What any request may get: Fastify and the guards in front of the routes give these. */
const ALWAYS: readonly Failure[] = [400, 403, 500];

const text = { type: 'string' } as const;
const details = { type: 'object', additionalProperties: true } as const;

const apiForm = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint', 'details'],
      properties: { code: text, message: text, hint: text, details },
    },
  },
} as const;

/** The Open Inference Protocol has texts as errors; the rest stands beside it. */
const oipForm = {
  type: 'object',
  required: ['error', 'code', 'hint', 'details'],
  properties: { error: text, code: text, hint: text, details },
} as const;

/** Responses of a schema: those that any route gives, and these. */
export function failures(...statuses: readonly Failure[]) {
  return described(statuses, apiForm);
}

/** As {@link failures}, for routes of the Open Inference Protocol. */
export function oipFailures(...statuses: readonly Failure[]) {
  return described(statuses, oipForm);
}

function described(statuses: readonly Failure[], form: object) {
  return Object.fromEntries(
    [...ALWAYS, ...statuses].map((status) => [status, { description: MEANINGS[status], ...form }]),
  );
}
