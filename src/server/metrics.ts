/**
 * What Prometheus reads at /metrics: requests, jobs, queues and the cache. Labels are routes and kinds, never what a
 * client sent.
 */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { UploadBudget } from './bodies.js';
import type { Embeddings } from './embeddings.js';
import type { Inference } from './inference/inference.js';
import type { JobObserver } from './inference/lane.js';
import { routeOf } from './log.js';
import { metricsSchema } from './schemas.js';

/** From a cached decode to the encoder of SAM on a slow machine, in seconds. */
const BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];

export class Metrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: 'samus_http_requests_total',
    help: 'Requests answered, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry],
  });
  readonly #durations = new Histogram({
    name: 'samus_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  readonly #jobs = new Histogram({
    name: 'samus_job_duration_seconds',
    help: 'Inference jobs, from when they leave the queue to their end.',
    labelNames: ['lane', 'kind', 'outcome'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  readonly #lookups = new Counter({
    name: 'samus_cache_lookups_total',
    help: 'Images sent, by whether their embedding was there already.',
    labelNames: ['result'],
    registers: [this.registry],
  });

  readonly observeJob: JobObserver = (lane, kind, outcome, ms) =>
    this.#jobs.observe({ lane, kind, outcome }, ms / 1000);

  /** An image that a worker of a queue segmented. */
  observeImage(outcome: 'done' | 'failed', ms: number): void {
    this.#jobs.observe({ lane: 'queue', kind: 'image', outcome }, ms / 1000);
  }

  /** The jobs of a queue in each state, which are counted when somebody asks for them. */
  watchQueue(counts: () => Promise<Readonly<Record<string, number>>>): void {
    const jobs = new Gauge({
      name: 'samus_queue_jobs',
      help: 'Images in the queue of all studies, by state.',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        for (const [state, count] of Object.entries(await counts())) jobs.set({ state }, count);
      },
    });
  }

  constructor() {
    collectDefaultMetrics({ register: this.registry, prefix: 'samus_' });
  }

  observeLookup(cached: boolean): void {
    this.#lookups.inc({ result: cached ? 'hit' : 'miss' });
  }

  /** Gauges that are read when somebody asks for them. */
  watch(inference: Inference, embeddings: Embeddings, uploads: UploadBudget): void {
    const lanes = new Gauge({
      name: 'samus_jobs',
      help: 'Inference jobs at this moment, by queue and state.',
      labelNames: ['lane', 'state'],
      registers: [this.registry],
      collect() {
        for (const { name, waiting, running } of inference.lanes) {
          lanes.set({ lane: name, state: 'waiting' }, waiting);
          lanes.set({ lane: name, state: 'running' }, running);
        }
      },
    });
    this.#gauge('samus_cache_bytes', 'Bytes of the embeddings that are kept.', () => embeddings.bytes);
    this.#gauge('samus_cache_entries', 'Embeddings that are kept.', () => embeddings.size);
    this.#gauge(
      'samus_upload_bytes',
      'Bytes that the bodies of requests take which are not answered yet.',
      () => uploads.used,
    );
  }

  /** Counts the requests of a server, and answers at /metrics. */
  serve(app: FastifyInstance): void {
    app.addHook('onResponse', async (request, reply) => {
      const labels = { method: request.method, route: routeOf(request) };
      this.#requests.inc({ ...labels, status: reply.statusCode });
      this.#durations.observe(labels, reply.elapsedTime / 1000);
    });
    app.get('/metrics', { schema: metricsSchema }, async (_, reply) => {
      return reply
        .type(this.registry.contentType)
        .header('cache-control', 'no-store')
        .send(await this.registry.metrics());
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: () => gauge.set(read()) });
  }
}
