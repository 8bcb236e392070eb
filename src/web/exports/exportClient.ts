/** The page's worker for files. */
import { PageWorker } from '../pageWorker.js';
import type { ExportContract } from './exportContract.js';

const worker = new PageWorker<ExportContract>(
  () => new Worker(new URL('./exportWorker.ts', import.meta.url), { type: 'module' }),
);

export const exportClient = (): PageWorker<ExportContract> => worker;
