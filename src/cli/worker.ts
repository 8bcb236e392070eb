/**
 * Options of `samus worker`. Imports little, so that help and usage errors are instant; the work is in workerRun.ts.
 */
import { Command, Option } from 'commander';
import { addComputeOptions } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import type { WorkerOptions } from './workerRun.js';

const HELP = `
A worker takes images of all studies in the queue (samus batch --queue) until it gets Ctrl-C or SIGTERM; it
then finishes the images at hand and exits with code 0. It reads and writes files below --root only.
The environment has the password of Redis: SAMUS_REDIS_PASSWORD, and SAMUS_REDIS_USERNAME.

Examples:
  samus worker --queue redis://127.0.0.1:6379 --root .
  samus worker --queue rediss://queue.example:6379 --root /mnt/studies --concurrency 4 --metrics-port 9100

${NOTICE}.`;

export function workerCommand(): Command {
  const command = new Command('worker')
    .description('Segment images of a queue (samus batch --queue)')
    .requiredOption('--queue <url>', 'the queue: redis://HOST:PORT or rediss://HOST:PORT')
    .requiredOption('--root <folder>', 'the folder that contains inputs and outputs, shared with samus batch')
    .addOption(
      new Option('--concurrency <count>', 'images at a time (default: one for each core)').argParser(
        parseCount('--concurrency', 1, 1024),
      ),
    )
    .addOption(
      new Option('--rate <count>', 'images per second at most, of all workers together').argParser(
        parseCount('--rate', 1, 1_000_000),
      ),
    )
    .addOption(
      new Option('--stalled-after <seconds>', 'time without a sign of life after which others take over its images')
        .argParser(parseCount('--stalled-after', 1, 3600))
        .default(30),
    )
    .addOption(
      new Option('--metrics-port <port>', 'serve metrics for Prometheus at /metrics of this port').argParser(
        parseCount('--metrics-port', 0, 65_535),
      ),
    )
    .option('--metrics-host <address>', 'address that serves the metrics', '127.0.0.1')
    .addHelpText('after', HELP);
  return addComputeOptions(command).action(async (options: WorkerOptions) => {
    const { work } = await import('./workerRun.js');
    await work(options);
  });
}
