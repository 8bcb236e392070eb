/** The one worker of the page for files, started when it is first needed. */
import { WorkerClient } from '../worker/workerClient.js';
import type { ExportContract } from './exportContract.js';

let client: WorkerClient<ExportContract> | undefined;

export function exportClient(): WorkerClient<ExportContract> {
  client ??= new WorkerClient(new Worker(new URL('./exportWorker.ts', import.meta.url), { type: 'module' }));
  return client;
}
