/**
 * What the routes of a server share.
 */
import type { UploadBudget } from './bodies.js';
import type { Embeddings } from './embeddings.js';
import type { ImageFolder } from './imageFolder.js';
import type { Inference } from './inference/inference.js';
import type { Metrics } from './metrics.js';
import type { ServedModel } from './servedModel.js';
import type { ServedPacs, ServerLimits } from './settings.js';

export interface ServerContext {
  readonly version: string;
  readonly notice: string;
  /** The first is the default. */
  readonly models: readonly ServedModel[];
  readonly limits: ServerLimits;
  readonly inference: Inference;
  readonly embeddings: Embeddings;
  readonly uploads: UploadBudget;
  readonly metrics: Metrics;
  readonly folder?: ImageFolder;
  readonly pacs?: ServedPacs;
  /** Whether the server is ending. */
  readonly isDraining: () => boolean;
}
