/**
 * The work of `samus worker`: runs a worker of a queue until a signal, with a log of JSON lines on stderr and metrics.
 */
import { availableParallelism } from 'node:os';
import fastify from 'fastify';
import { SamusError } from '../errors.js';
import { type FinishedJob, QueueWorker } from '../jobs/queue/queueWorker.node.js';
import { SharedRoot } from '../jobs/queue/sharedRoot.node.js';
import type { Provider } from '../runtime/session.js';
import { Metrics } from '../server/metrics.js';
import { explainInterruptBy, uninterrupted } from './interrupt.js';

export interface WorkerOptions {
  readonly queue: string;
  readonly root: string;
  readonly concurrency?: number;
  readonly rate?: number;
  readonly stalledAfter: number;
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly provider?: Provider;
  readonly threads?: number;
}

/** Works until a signal, then exits with code 0. @throws SamusError if it cannot start */
export async function work(options: WorkerOptions): Promise<void> {
  const { queue: url, rate, provider, stalledAfter, concurrency = availableParallelism() } = options;
  const root = await SharedRoot.open(options.root);
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  explainInterruptBy(() => log('stopping: finishing the images at hand'));
  const metrics = new Metrics();
  const threads = options.threads ?? Math.max(1, Math.floor(availableParallelism() / concurrency));
  // The program's interrupt handler waits for this; a stopped worker is not a failure.
  await uninterrupted(async () => {
    const worker = await QueueWorker.start({
      url,
      root,
      concurrency,
      compute: { threads, ...(provider && { provider }) },
      stalledMs: stalledAfter * 1000,
      ...(rate !== undefined && { rate }),
      observe: (state) => log(state === 'lost' ? 'lost the connection to the queue' : 'the connection is back'),
      finished: (job) => {
        metrics.observeImage(job.outcome, job.ms);
        log('image', job);
      },
    });
    metrics.watchQueue(() => worker.counts());
    const port = await serveMetrics(metrics, options).catch(async (error: unknown) => {
      await worker.close();
      throw error;
    });
    log('working', { concurrency, ...(port !== undefined && { metricsPort: port }) });
    await signalled;
    await worker.close();
    log('stopped');
    process.exit(0);
  });
}

/** @returns the port @throws SamusError PORT_TAKEN */
async function serveMetrics(metrics: Metrics, { metricsPort: port, metricsHost: host }: WorkerOptions) {
  if (port === undefined) return undefined;
  const app = fastify();
  metrics.serve(app);
  try {
    return Number(new URL(await app.listen({ port, host })).port);
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `cannot serve metrics at port ${port} of ${host}: ${reason}`;
    throw new SamusError('PORT_TAKEN', message, 'choose another --metrics-port', { port, host });
  }
}

/** One line of JSON; the ids of jobs are hashes. */
function log(message: string, about: Partial<FinishedJob> | Readonly<Record<string, number>> = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message, ...about })}\n`);
}
