/**
 * A measured process: one case, controlled by lines on standard input, so that several processes can run in turn. It
 * sleeps between commands and exits when its input ends.
 *
 * Usage: node child.js KIND SUBJECT THREADS. It writes one JSON object per line, when the case is ready and after each line
 * `run`: `{"ms", "peak_mb", …}` or `{"error"}`. `peak_mb` is the peak resident memory of the process since its start, in
 * 10⁶ bytes.
 */
import { createInterface } from 'node:readline';
import { prepareCase } from './cases.js';

/** The unit of `maxRSS`; Node uses it on every platform. */
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
