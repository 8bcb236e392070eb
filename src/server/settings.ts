/**
 * The settings of a server, its limits, and their defaults. Reading flags and files is the command line's
 * business (src/cli/serve.ts).
 */

/** How much of this machine requests may use. Anything beyond a limit is rejected, never truncated. */
export interface ServerLimits {
  /** Embeddings that are kept, in MB; one of samus-s takes 0.13, one of SAM 4.2. */
  readonly cacheMb: number;
  /** Jobs of one kind that may wait; `everything`, which takes seconds, gets a sixteenth of it. */
  readonly queue: number;
  /** Most pixels of an image. */
  readonly maxPixels: number;
  /** Largest body of a request, in MB; never more than `uploadsMb`. */
  readonly bodyMb: number;
  /** The bodies of all requests that are not answered yet, in MB. */
  readonly uploadsMb: number;
}

export const SERVER_LIMITS: ServerLimits = {
  cacheMb: 256,
  queue: 32,
  // As readImage: five times what a scanner's largest export has.
  maxPixels: 40e6,
  bodyMb: 64,
  uploadsMb: 256,
};

/** Largest body of a request, except for routes with a larger limit. */
export const MAX_BODY_BYTES = 1e6;

/** Largest JSON of prompts: 64 objects, each with the low-resolution logits of SAM as a first guess. */
export const MAX_PROMPTS_BYTES = 24e6;

/** Most bytes of a body: what its kind takes, and never more than any request, or all of them, may have. */
export function bodyLimit({ bodyMb, uploadsMb }: ServerLimits, own = Number.POSITIVE_INFINITY): number {
  return Math.min(own, bodyMb * 1e6, uploadsMb * 1e6);
}

/** Automatic mode holds the masks of everything that it finds at the size of the image: hundreds of them. */
export const MAX_EVERYTHING_PIXELS = 8e6;

/** Objects of one `segment` request, and points of one object. */
export const MAX_OBJECTS = 64;
export const MAX_POINTS = 256;

export interface ServedPacs {
  readonly url: string;
  /** Value of the header Authorization. */
  readonly authorization?: string;
}

export interface ServerSettings {
  /** Models to serve, each as loadModel takes it; the first is the default. */
  readonly models: readonly string[];
  /** Version of the package, and the line that stands under every result. */
  readonly version: string;
  readonly notice: string;
  /** Asked for in `Authorization: Bearer`, if set. */
  readonly token?: string;
  /** Folder whose images may be named by their path in it. */
  readonly folder?: string;
  /** DICOMweb service that pages may use through the server. */
  readonly pacs?: ServedPacs;
  readonly limits?: Partial<ServerLimits>;
  /** Threads of one operation; default one per core. */
  readonly threads?: number;
  /** Names under which clients may address the server (`Host`, without port); any if absent. */
  readonly hosts?: readonly string[];
  readonly logLevel?: LogLevel;
  /** Default `json`. */
  readonly logFormat?: LogFormat;
}

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['plain', 'json'] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];
