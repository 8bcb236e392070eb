/**
 * The program of a thread that segments images of a study with LocalRunner. Started by itemPool.node.ts, never imported.
 */
import { workerData } from 'node:worker_threads';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { ownerChannel } from '../../runtime/thread.node.js';
import { serveCalls } from '../../runtime/threadProtocol.js';
import { chosenClasses, openJobModel } from '../jobModel.node.js';
import { LocalRunner } from '../localRunner.node.js';
import type { ItemContract, ItemThreadSetup } from './itemMessages.js';
import { type ItemStudy, runItem } from './itemRunner.node.js';

const { folder, temporary, settings, model, compute }: ItemThreadSetup = workerData;

let opened: Promise<{ readonly study: ItemStudy; readonly runner: LocalRunner }> | undefined;

/** What failed once is tried again with the next image. */
function open() {
  opened ??= load().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function load() {
  // This thread only computes.
  const runtime = nodeRuntime({ worker: false });
  const loaded = await openJobModel(model.source, settings.auto, runtime, { ...compute, flips: settings.flips });
  const classes = settings.classes.length > 0 ? settings.classes : chosenClasses(loaded, settings.classNames);
  return { study: { folder, temporary, settings, model: loaded.name, classes }, runner: new LocalRunner(loaded) };
}

serveCalls<ItemContract>(
  ownerChannel(),
  {
    async prepare() {
      await open();
      return null;
    },
    async run(item) {
      const { study, runner } = await open();
      return runItem(item, study, runner);
    },
  },
  async () => {
    await (await opened)?.runner.close();
  },
);
