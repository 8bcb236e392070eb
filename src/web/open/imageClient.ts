/** The one worker of the page for pictures, started when it is first needed. */
import type { ThreadClient } from '../../runtime/threadProtocol.js';
import { workerClient } from '../pageWorker.js';
import type { ImageContract } from './imageContract.js';

let client: ThreadClient<ImageContract> | undefined;

export function imageClient(): ThreadClient<ImageContract> {
  client ??= workerClient(new Worker(new URL('./imageWorker.ts', import.meta.url), { type: 'module' }));
  return client;
}
