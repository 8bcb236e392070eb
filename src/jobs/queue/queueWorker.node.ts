/**
 * A worker of a queue: segments the images of jobs in threads, as samus batch does on its own machine, and writes the
 * results into the shared folder.
 */
import { mkdtemp, open, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Queue, Worker } from 'bullmq';
import { SamusError } from '../../errors.js';
import { loadModel } from '../../predict/loadModel.node.js';
import { ItemPool } from '../batch/itemPool.node.js';
import { imageError, storedError, withMaskNames } from '../batch/plan.node.js';
import type { Compute, PlannedItem, StoredError } from '../batch/study.js';
import { readStudy, STUDY_FILES } from '../batch/studyFolder.node.js';
import { modelHash } from '../jobModel.node.js';
import { leaveError } from './queueErrors.node.js';
import { type ItemJob, type ItemReply, parseItemJob, QUEUE_NAME } from './queueProtocol.js';
import { type ConnectionObserver, RedisServer } from './redis.node.js';
import { outsideError, type SharedRoot } from './sharedRoot.node.js';

export interface QueueWorkerOptions {
  readonly url: string;
  readonly root: SharedRoot;
  /** Images at a time. */
  readonly concurrency: number;
  readonly compute: Compute;
  /** Most images in a second, of all workers together. */
  readonly rate?: number;
  /** After this time without a sign of life of a worker, another one takes its images. */
  readonly stalledMs: number;
  readonly observe?: ConnectionObserver;
  /** Called for each finished job; the id has no name. */
  readonly finished?: (job: FinishedJob) => void;
}

export interface FinishedJob {
  readonly id: string;
  readonly outcome: 'done' | 'failed';
  readonly ms: number;
  readonly attempt: number;
  /** Of the error. */
  readonly code?: string;
}

/** Jobs in each state, for metrics. */
export type QueueCounts = Readonly<Record<string, number>>;

/** How often an image may be taken over from a worker that ended, before it counts as failed. */
const TAKEN_OVER = 3;

/** Studies whose threads are kept. */
const STUDIES = 2;

interface OpenStudy {
  readonly folder: string;
  readonly pool: ItemPool;
  readonly temporary: string;
  active: number;
}

export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #server: RedisServer;
  readonly #worker: Worker;
  readonly #queue: Queue;
  /** By id, the least recently used first. */
  readonly #studies = new Map<string, Promise<OpenStudy>>();

  private constructor(options: QueueWorkerOptions, server: RedisServer) {
    const { Queue, Worker } = server.bullmq;
    const { concurrency, rate, stalledMs } = options;
    this.#options = options;
    this.#server = server;
    this.#queue = new Queue(QUEUE_NAME, { connection: server.client(), skipVersionCheck: true });
    this.#worker = new Worker(QUEUE_NAME, (job) => this.#process(job), {
      connection: server.client(options.observe),
      skipVersionCheck: true,
      concurrency,
      lockDuration: stalledMs,
      stalledInterval: stalledMs,
      maxStalledCount: TAKEN_OVER,
      ...(rate !== undefined && { limiter: { max: rate, duration: 1000 } }),
    });
    // Lost connections are observed on the client.
    this.#queue.on('error', () => undefined);
    this.#worker.on('error', () => undefined);
  }

  /** @throws SamusError as RedisServer.open */
  static async start(options: QueueWorkerOptions): Promise<QueueWorker> {
    const server = await RedisServer.open(options.url);
    const worker = new QueueWorker(options, server);
    await worker.#worker.waitUntilReady();
    return worker;
  }

  counts(): Promise<QueueCounts> {
    return this.#queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
  }

  /** Finishes the images at hand and takes no more. */
  async close(): Promise<void> {
    await this.#worker.close();
    await this.#queue.close();
    this.#server.close();
    for (const [id, study] of this.#studies) await this.#end(id, study);
  }

  async #process(job: Job): Promise<ItemReply> {
    const start = performance.now();
    const attempt = job.attemptsMade + 1;
    const { finished = () => undefined } = this.#options;
    const told = { id: job.id ?? '', attempt };
    try {
      const reply = await this.#segment(parseItemJob(job.data));
      finished({ ...told, outcome: 'done', ms: performance.now() - start });
      return reply;
    } catch (thrown) {
      const error = storedError(imageError('a file of the study', thrown));
      const last = isFinal(thrown) || attempt >= (job.opts.attempts ?? 1);
      if (last) await this.#leave(job, error);
      finished({ ...told, outcome: 'failed', ms: performance.now() - start, code: error.code });
      throw this.#bare(error.code, last);
    }
  }

  /** Only the code reaches Redis. */
  #bare(code: string, last: boolean): Error {
    const { UnrecoverableError } = this.#server.bullmq;
    const error = last ? new UnrecoverableError(code) : new Error(code);
    error.stack = '';
    return error;
  }

  async #leave({ data }: Job, error: StoredError): Promise<void> {
    try {
      const { study, key } = parseItemJob(data);
      const { folder } = await this.#options.root.readPointer(study);
      await leaveError(await this.#options.root.fileOf(folder), key, error);
    } catch (failure) {
      // The folder of the study is gone or full: the code of the error is in Redis.
      if (!(failure instanceof SamusError)) throw failure;
    }
  }

  async #segment(job: ItemJob): Promise<ItemReply> {
    const study = await this.#open(job.study);
    study.active++;
    try {
      const item = await this.#located(await plannedItem(study.folder, job));
      const { files, objects, moreFrames, cutOff } = await study.pool.run(item);
      const record = files.at(-1)?.[2] ?? '';
      return { record, objects, ...(moreFrames && { moreFrames }), ...(cutOff && { cutOff }) };
    } finally {
      study.active--;
    }
  }

  /** With all files at their places on this machine. @throws SamusError QUEUE_ROOT for one outside of the root */
  async #located(item: PlannedItem): Promise<PlannedItem> {
    const { root } = this.#options;
    // The names of results, too.
    if (item.base.split('/').some((part) => part === '' || part === '..')) throw outsideError();
    const asked = item.asked && (await withMaskNames(item.asked, (name) => root.fileOf(name)));
    return { ...item, file: await root.fileOf(item.file), ...(asked && { asked }) };
  }

  async #open(id: string): Promise<OpenStudy> {
    const known = this.#studies.get(id);
    const study = known ?? this.#start(id);
    this.#studies.delete(id);
    this.#studies.set(id, study);
    if (!known) {
      study.catch(() => this.#studies.delete(id));
      await this.#endOthers();
    }
    return study;
  }

  /** Ends the threads of studies that have no image at hand, but for the latest. */
  async #endOthers(): Promise<void> {
    for (const [id, opening] of [...this.#studies].slice(0, -STUDIES)) {
      const study = await opening.catch(() => undefined);
      if (study?.active === 0) await this.#end(id, opening);
    }
  }

  async #end(id: string, opening: Promise<OpenStudy>): Promise<void> {
    this.#studies.delete(id);
    const study = await opening.catch(() => undefined);
    await study?.pool.close();
    if (study) await rm(study.temporary, { recursive: true, force: true });
  }

  async #start(id: string): Promise<OpenStudy> {
    const { root, compute, concurrency } = this.#options;
    const pointer = await root.readPointer(id);
    const folder = await root.fileOf(pointer.folder);
    const record = await readStudy(folder);
    if (!record || record.id !== id) {
      const message = 'expected the study of the job in its folder, got another';
      throw new SamusError('QUEUE_ROOT', message, 'run samus batch again');
    }
    if (record.settings.objects.some(({ guess }) => guess?.path !== undefined)) {
      const message = 'expected a study without mask files in its settings, got one';
      throw new SamusError('QUEUE_ROOT', message, 'give masks in a prompts file');
    }
    const source = 'path' in pointer.model ? await root.fileOf(pointer.model.path) : pointer.model.name;
    const hash = await modelHash(await loadModel(source));
    if (hash !== pointer.hash) {
      const message = 'expected the model of the study, got another one of its name';
      throw new SamusError('QUEUE_MODEL', message, 'use the same version of samus and of the model everywhere');
    }
    const temporary = await mkdtemp(join(await realpath(tmpdir()), 'samus-worker-'));
    const { settings } = record;
    const setup = { folder, temporary, settings, model: { source, hash }, compute };
    return { folder, temporary, pool: await ItemPool.start(setup, concurrency), active: 0 };
  }
}

/** Errors of the image or of the job itself: another attempt would fail, too. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof SamusError && (error.kind === 'input' || error.kind === 'usage') && !TRANSIENT.has(error.code)
  );
}

/** Of this machine, though the data look wrong: a share that is not mounted, another version of a model. */
const TRANSIENT: ReadonlySet<string> = new Set(['FILE_UNWRITABLE', 'QUEUE_ROOT', 'QUEUE_MODEL', 'IMAGE_NOT_FOUND']);

/** The line of a job. @throws SamusError QUEUE_PLAN_CHANGED */
async function plannedItem(folder: string, { key, offset, length }: ItemJob): Promise<PlannedItem> {
  const bytes = Buffer.alloc(length);
  const file = await open(join(folder, STUDY_FILES.plan));
  try {
    await file.read(bytes, 0, length, offset);
  } finally {
    await file.close();
  }
  try {
    const item: PlannedItem = JSON.parse(bytes.toString('utf8'));
    if (item.key === key) return item;
  } catch {
    // Not a whole line: of another plan.
  }
  throw new SamusError(
    'QUEUE_PLAN_CHANGED',
    'expected the image of the job in the plan, got another',
    'run samus batch',
  );
}
