/** The one worker of the page for pictures, started when it is first needed. */
import { WorkerClient } from '../worker/workerClient.js';
import type { ImageContract } from './imageContract.js';

let client: WorkerClient<ImageContract> | undefined;

export function imageClient(): WorkerClient<ImageContract> {
  client ??= new WorkerClient(new Worker(new URL('./imageWorker.ts', import.meta.url), { type: 'module' }));
  return client;
}
