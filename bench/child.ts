/**
 * A measured process: one case, driven by lines on its standard input, so that several of these can be run in turns.
 * Between two commands it sleeps; when its input ends, so does it.
 *
 * Usage: node child.js KIND SUBJECT THREADS. A first answer comes when the case is ready, then one for each line `run`:
 * one JSON object a line, `{"ms", "peak_mb", …}` or `{"error"}`. `peak_mb` is the most memory that this process ever
 * had resident, in 10⁶ bytes, its start included.
 */
import { createInterface } from 'node:readline';
import { prepareCase } from './cases.js';

/** What getrusage counts in; Node gives it in these units on every platform. */
const KIBIBYTE = 1024;

function answer(numbers: Readonly<Record<string, number | string>>): void {
  process.stdout.write(`${JSON.stringify(numbers)}\n`);
}

function peakMb(): number {
  return (process.resourceUsage().maxRSS * KIBIBYTE) / 1e6;
}

const [kind = '', subject = '', threads = '1'] = process.argv.slice(2);
try {
  const prepared = await prepareCase(kind, subject, Number(threads));
  answer({ ...prepared.facts, peak_mb: peakMb() });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'run') throw new Error(`unknown command ${line}`);
    const started = performance.now();
    const numbers = await prepared.run();
    answer({ ms: performance.now() - started, ...numbers, peak_mb: peakMb() });
  }
  process.exit(0);
} catch (error) {
  answer({ error: error instanceof Error ? error.message : String(error) });
  process.exit(1);
}
