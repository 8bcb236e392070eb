/** The one worker of the page for files, started when it is first needed. */
import type { ThreadClient } from '../../runtime/threadProtocol.js';
import { workerClient } from '../pageWorker.js';
import type { ExportContract } from './exportContract.js';

let client: ThreadClient<ExportContract> | undefined;

export function exportClient(): ThreadClient<ExportContract> {
  client ??= workerClient(new Worker(new URL('./exportWorker.ts', import.meta.url), { type: 'module' }));
  return client;
}
