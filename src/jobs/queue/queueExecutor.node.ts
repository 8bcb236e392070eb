/**
 * Segments the images of a study by the workers of a queue: adds a job for each image and waits for its reply. Replies
 * stay in Redis until the journal has them. Events make it fast; a regular look at each job makes it safe, whatever
 * became of events, of jobs and of Redis itself.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, Queue, QueueEvents } from 'bullmq';
import { SamusError } from '../../errors.js';
import type { ItemRecord } from '../batch/itemRunner.node.js';
import type { PlanPlace } from '../batch/plan.node.js';
import type { ItemExecutor } from '../batch/runStudy.node.js';
import type { ItemResult, PlannedItem } from '../batch/study.js';
import { STUDY_FILES, type StudyRecord, sha256 } from '../batch/studyFolder.node.js';
import { takeError } from './queueErrors.node.js';
import { type ItemJob, type ItemReply, jobId, parseItemReply, QUEUE_NAME, QUEUE_VERSION } from './queueProtocol.js';
import { type ConnectionObserver, RedisServer } from './redis.node.js';
import { claimStudy } from './studyClaim.node.js';

/** Jobs in the queue at a time, so that Redis needs little memory; far more than workers take while one is added. */
const JOBS = 1000;

/** Interval of the looks, and how many jobs each looks at. */
const LOOK_MS = 2000;
const LOOKED_AT = 250;

/** Attempts at an image that failed for another reason than the image itself, with growing pauses. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 1000;

/** How long Redis keeps the reply of a job whose study is never continued. */
const KEPT_SECONDS = 30 * 24 * 3600;

interface Waiting {
  readonly item: PlannedItem;
  readonly data: ItemJob;
  readonly resolve: (reply: ItemReply) => void;
  readonly reject: (error: unknown) => void;
}

export interface QueueExecutorOptions {
  readonly url: string;
  readonly folder: string;
  readonly study: StudyRecord;
  /** From 1, which is done first. */
  readonly priority?: number;
  readonly observe?: ConnectionObserver;
}

export class QueueExecutor implements ItemExecutor {
  readonly size = JOBS;
  readonly #options: QueueExecutorOptions;
  readonly #server: RedisServer;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #waiting = new Map<string, Waiting>();
  readonly #run = randomUUID();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lost: SamusError | undefined;
  #release: () => Promise<void> = async () => undefined;

  private constructor(options: QueueExecutorOptions, server: RedisServer) {
    const { Queue, QueueEvents } = server.bullmq;
    this.#options = options;
    this.#server = server;
    const connection = server.client(options.observe);
    this.#queue = new Queue(QUEUE_NAME, { connection, skipVersionCheck: true });
    this.#events = new QueueEvents(QUEUE_NAME, { connection: server.client(), skipVersionCheck: true });
    // Lost connections are observed on the client.
    this.#queue.on('error', () => undefined);
    this.#events.on('error', () => undefined);
    const look = ({ jobId: id }: { readonly jobId: string }) => void this.#look(id).catch(() => undefined);
    this.#events.on('completed', look).on('failed', look);
  }

  /** @throws SamusError QUEUE_STUDY_TAKEN, and as RedisServer.open */
  static async open(options: QueueExecutorOptions): Promise<QueueExecutor> {
    const server = await RedisServer.open(options.url);
    const executor = new QueueExecutor(options, server);
    try {
      await executor.#start();
      return executor;
    } catch (error) {
      await executor.close();
      throw error;
    }
  }

  /** @throws SamusError why the image failed: of the worker, QUEUE_LOST, QUEUE_STUDY_TAKEN */
  async run(
    item: PlannedItem,
    { again, offset, length }: PlanPlace & { readonly again: boolean },
  ): Promise<ItemResult> {
    const { study } = this.#options;
    const data: ItemJob = { version: QUEUE_VERSION, study: study.id, run: this.#run, key: item.key, offset, length };
    const id = jobId(study.id, item.key);
    const reply = await new Promise<ItemReply>((resolve, reject) => {
      if (this.#lost) throw this.#lost;
      this.#waiting.set(id, { item, data, resolve, reject });
      this.#submit(id, data, again).catch(reject);
    }).finally(() => this.#waiting.delete(id));
    return this.#resultOf(item, reply);
  }

  /** Redis need not keep the reply any longer. Failed jobs stay, as the list of dead letters. */
  recorded({ key }: PlannedItem, done: boolean): void {
    if (done) void this.#queue.remove(jobId(this.#options.study.id, key)).catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#release();
    await Promise.allSettled([this.#events.close(), this.#queue.close()]);
    this.#server.close();
  }

  async #start(): Promise<void> {
    await Promise.all([this.#queue.waitUntilReady(), this.#events.waitUntilReady()]);
    this.#release = await claimStudy(this.#server.client(), this.#options.study, (error) => {
      this.#lost = error;
      for (const { reject } of this.#waiting.values()) reject(error);
    });
    this.#timer = setInterval(() => void this.#lookAtAll().catch(() => undefined), LOOK_MS);
  }

  async #submit(id: string, data: ItemJob, again: boolean): Promise<void> {
    if (again) await this.#queue.remove(id);
    const { priority } = this.#options;
    await this.#queue.add('image', data, {
      jobId: id,
      attempts: ATTEMPTS,
      backoff: { type: 'exponential', delay: FIRST_PAUSE_MS },
      // Stack traces have paths.
      stackTraceLimit: 0,
      removeOnComplete: { age: KEPT_SECONDS },
      ...(priority !== undefined && { priority }),
    });
  }

  async #lookAtAll(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const id of [...this.#waiting.keys()].slice(0, LOOKED_AT)) {
        await this.#look(id);
        // To the end, so that the next look begins with others.
        const waiting = this.#waiting.get(id);
        if (waiting && this.#waiting.delete(id)) this.#waiting.set(id, waiting);
      }
    } finally {
      this.#looking = false;
    }
  }

  async #look(id: string): Promise<void> {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    const { data, item, resolve, reject } = waiting;
    const job: Job | undefined = await this.#queue.getJob(id);
    if (!job) {
      // Redis has lost its data, or the job was removed by hand.
      await this.#submit(id, data, false);
      return;
    }
    if (job.finishedOn === undefined) {
      // Of an earlier process of this study, whose plan may have been another one.
      if (job.data.run !== this.#run) await job.updateData(data);
      return;
    }
    try {
      if (job.returnvalue) resolve(parseItemReply(job.returnvalue));
      else if (job.failedReason === 'QUEUE_PLAN_CHANGED' || job.data.run !== this.#run) {
        // Failed under an earlier process, which did not write it into the journal.
        await this.#submit(id, data, true);
      } else reject(await this.#failureOf(item, job.failedReason));
    } catch (error) {
      reject(error);
    }
  }

  async #failureOf({ key }: PlannedItem, reason: string): Promise<SamusError> {
    const error = await takeError(this.#options.folder, key);
    if (error) return new SamusError(error.code, error.message, error.hint, error.details);
    const message = `the workers ended while they segmented this image: ${reason}`;
    return new SamusError('QUEUE_LOST', message, 'look for a lack of memory on the workers, then add --retry-failed');
  }

  /** The files of an image are those that its record lists. */
  async #resultOf({ base }: PlannedItem, { record, objects, moreFrames, cutOff }: ItemReply): Promise<ItemResult> {
    const path = `${STUDY_FILES.images}/${base}.json`;
    const bytes = await readFile(join(this.#options.folder, path));
    if (sha256(bytes) !== record) {
      const message = `expected the record ${path} as the worker wrote it, got another`;
      throw new SamusError('QUEUE_ROOT', message, 'check that all workers write to the same shared folder');
    }
    const { results }: ItemRecord = JSON.parse(bytes.toString('utf8'));
    return {
      files: [...results, [path, bytes.length, record]],
      objects,
      ...(moreFrames && { moreFrames }),
      ...(cutOff && { cutOff }),
    };
  }
}
