/**
 * `samus batch --queue`: the study in the folder that the workers share, and their jobs. BullMQ is loaded here.
 */
import { stat } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import { storedPath } from '../formats/fileSystem.node.js';
import type { ItemExecutor } from '../jobs/batch/runStudy.node.js';
import type { StudyRecord } from '../jobs/batch/studyFolder.node.js';
import { removeErrors } from '../jobs/queue/queueErrors.node.js';
import { QueueExecutor } from '../jobs/queue/queueExecutor.node.js';
import type { ConnectionObserver } from '../jobs/queue/redis.node.js';
import { SharedRoot } from '../jobs/queue/sharedRoot.node.js';
import { warn } from './run.js';

interface QueueOptions {
  readonly out: string;
  readonly root?: string;
  readonly model: string;
  readonly priority?: number;
}

export interface QueuedStudy {
  /** The path of a file as workers find it. @throws SamusError QUEUE_ROOT for one that they do not have */
  nameOf(file: string): Promise<string>;
  executor(): Promise<ItemExecutor & { close(): Promise<void> }>;
  /** Removes what only workers need. */
  finish(): Promise<void>;
}

/** @throws SamusError QUEUE_ROOT, USAGE_CONFLICT */
export async function queued(
  url: string,
  { out, root = '.', model, priority }: QueueOptions,
  study: StudyRecord,
): Promise<QueuedStudy> {
  if (study.settings.objects.some(({ guess }) => guess?.path !== undefined)) {
    const message = 'expected --mask without --queue, got both';
    throw new SamusError('USAGE_CONFLICT', message, 'leave one out; a prompts file of JSON can contain masks');
  }
  const shared = await SharedRoot.open(root);
  const folder = await shared.nameOf(out);
  const isPath = (await stat(await storedPath(model)).catch(() => undefined)) !== undefined;
  await shared.writePointer(study.id, {
    folder,
    model: isPath ? { path: await shared.nameOf(model) } : { name: model },
    hash: study.model.hash,
  });
  return {
    nameOf: (file) => shared.nameOf(file),
    executor: () =>
      QueueExecutor.open({
        url,
        folder: out,
        study,
        observe: connectionWarning,
        ...(priority !== undefined && { priority }),
      }),
    async finish() {
      await shared.removePointer(study.id);
      await removeErrors(out);
    },
  };
}

/** A lost connection loses nothing; it is only waited for. */
const connectionWarning: ConnectionObserver = (state) =>
  warn(state === 'lost' ? 'lost the connection to the queue; waiting for it' : 'the connection to the queue is back');
