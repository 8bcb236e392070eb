/**
 * What stands in Redis: one job for each image of a study, and its reply. Neither has the name of a file, of a study or
 * of a person: a job points to a line in the plan of a study, which only those read who have the shared folder.
 */
import { SamusError } from '../../errors.js';
import { isFields, isNumber } from '../../formats/jsonFields.js';

/** Of the jobs; a queue has jobs of one version. */
export const QUEUE_VERSION = 1;

/** Name of BullMQ's queue. */
export const QUEUE_NAME = 'samus';

/** Keys beside those of BullMQ. */
export const VERSION_KEY = 'samus:version';
export const studyKey = (hash: string): string => `samus:study:${hash}`;

/** An image to segment. */
export interface ItemJob {
  readonly version: number;
  /** Id of the study. */
  readonly study: string;
  /** Of the process that added it or waits for it. */
  readonly run: string;
  /** Key of the item. */
  readonly key: string;
  /** Place of the item's line in the plan, in bytes. */
  readonly offset: number;
  readonly length: number;
}

/** What a worker answers. */
export interface ItemReply {
  /** SHA-256 of the record of the image, which lists its other files. */
  readonly record: string;
  readonly objects: number;
  readonly moreFrames?: true;
  readonly cutOff?: true;
}

/** BullMQ refuses colons in the id of a job. */
export const jobId = (study: string, key: string): string => `${study}-${key}`;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const KEY = /^[0-9a-f]{32}$/;

/** A line of a plan has the prompts of one image. */
const MOST_BYTES = 64e6;

/** @throws SamusError QUEUE_VERSION, QUEUE_JOB */
export function parseItemJob(data: unknown): ItemJob {
  if (isFields(data) && isNumber(data.version) && data.version !== QUEUE_VERSION) throw versionError(data.version);
  if (isFields(data) && data.version === QUEUE_VERSION) {
    const { study, run, key, offset, length } = data;
    const named = isUuid(study) && isUuid(run) && typeof key === 'string' && KEY.test(key);
    if (named && isCount(offset) && isCount(length) && length <= MOST_BYTES) {
      return { version: QUEUE_VERSION, study, run, key, offset, length };
    }
  }
  const message = 'expected a job with the place of an image in a plan, got other data';
  throw new SamusError('QUEUE_JOB', message, 'remove the job; only samus batch may add jobs to this queue');
}

/** @throws SamusError QUEUE_JOB for what no worker answers */
export function parseItemReply(value: unknown): ItemReply {
  if (isFields(value) && typeof value.record === 'string' && isCount(value.objects)) {
    const { record, objects, moreFrames, cutOff } = value;
    return {
      record,
      objects,
      ...(moreFrames === true && { moreFrames: true as const }),
      ...(cutOff === true && { cutOff: true as const }),
    };
  }
  throw new SamusError('QUEUE_JOB', 'expected the reply of a worker, got other data', 'update the workers');
}

export function versionError(found: number | string): SamusError {
  return new SamusError(
    'QUEUE_VERSION',
    `expected jobs of version ${QUEUE_VERSION} in the queue, got version ${found}`,
    'use the same version of samus everywhere, or another Redis database (redis://HOST:PORT/1)',
  );
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
