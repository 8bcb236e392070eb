/**
 * The program of an inference thread: does the jobs of work.ts. Started by lane.ts, never imported. Messages are
 * received between the runs of a long job, so that it can be cancelled.
 */
import { workerData } from 'node:worker_threads';
import { ownerChannel } from '../../runtime/thread.node.js';
import { serveCalls } from '../../runtime/threadProtocol.js';
import type { InferenceContract, ThreadSetup } from './messages.js';
import { Work } from './work.js';

const setup: ThreadSetup = workerData;
const work = new Work(setup);
serveCalls<InferenceContract>(ownerChannel(), work, () => work.close());
