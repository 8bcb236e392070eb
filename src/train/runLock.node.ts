/**
 * Locks a run folder for one training process.
 */
import { lockFolder } from '../formats/fileLock.node.js';

/** @returns a function that releases the lock @throws SamusError RUN_LOCKED, and as lockFolder */
export const lockRun = (run: string): Promise<() => Promise<void>> =>
  lockFolder(run, { code: 'RUN_LOCKED', name: 'run' });
