/**
 * `npm run bench`: measures times and memory in one run, as docs/bench.md explains. The measured processes run child.ts,
 * or reference.py if the published code is available; this program only starts them.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { verdicts } from './goals.js';
import { machineLine, THREADS } from './machine.js';
import { type Phase, plan, type ReferenceOptions, referenceVersions } from './plan.js';
import { entriesOf, problemsOf, type Results } from './report.js';
import { table } from './table.js';
import { takeTurns } from './turns.js';

interface Options {
  readonly json?: true;
  readonly only: readonly string[];
  readonly rounds?: number;
  readonly quick?: true;
  readonly reference?: string;
  readonly python: string;
  readonly save?: string;
}

const ROUNDS = 5;
const STARTS = 3;

/** The exit codes of `samus`. */
const FAILED = 1;
const USAGE = 2;
const INTERRUPTED = 130;

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

function options(): Options {
  const command = new Command('npm run bench --')
    .description('Measures encoders, decoders, training and memory on this machine. Run nothing else at the same time.')
    .option('--json', 'print one list of {name, value, unit} and nothing else')
    .option('--only <name>', 'measure only this: samus_b, samus_b.encode, reference; can be repeated', collect, [])
    .option('--rounds <n>', `number of measurements of each case (default: ${ROUNDS})`, positive)
    .option('--quick', 'one round and one start: a test of the benchmark, not for comparisons')
    .option('--reference <dir>', 'also measure the published PyTorch code, checked out in this folder')
    .option('--python <program>', 'the Python with PyTorch', 'python3')
    .option('--save <file>', 'also write the list to a file')
    .exitOverride();
  return command.parse().opts<Options>();
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @returns the exit code */
async function main({ json, only, rounds, quick, reference: folder, python, save }: Options): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), 'samus-bench-'));
  // The measured processes end by themselves, but the exported model of half a gigabyte must be removed.
  process.once('SIGINT', () => {
    rmSync(scratch, { recursive: true, force: true });
    process.exit(INTERRUPTED);
  });
  try {
    const reference: ReferenceOptions | undefined =
      folder === undefined ? undefined : { folder: resolve(folder), python, scratch };
    const phases = plan({ threads: THREADS, starts: quick ? 1 : STARTS, only, ...(reference && { reference }) });
    if (phases.length === 0) {
      progress(`no case is named ${only.join(' or ')}: try samus_b, samus_b_int8, samus_s, sam_b, page or reference`);
      return USAGE;
    }
    const versions = reference ? await referenceVersions(reference, THREADS) : {};
    const results = await measure(phases, rounds ?? (quick ? 1 : ROUNDS));
    const entries = entriesOf(results);
    const list = JSON.stringify(entries, null, 1);
    if (save !== undefined) await writeFile(save, `${list}\n`);
    console.log(json ? list : table(entries, verdicts(entries), machineLine(versions)));
    const problems = problemsOf(results);
    for (const problem of problems) progress(`not measured: ${problem}`);
    return problems.length > 0 ? FAILED : 0;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measure(phases: readonly Phase[], rounds: number): Promise<Results> {
  const results = new Map<Phase['name'], Awaited<ReturnType<typeof takeTurns>>>();
  for (const { name, subjects, rounds: own = rounds } of phases) {
    results.set(name, await takeTurns(subjects, { rounds: own, progress: (text) => progress(`${name}: ${text}`) }));
  }
  return results;
}

try {
  process.exitCode = await main(options());
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  else {
    progress(error instanceof Error ? error.message : String(error));
    process.exitCode = FAILED;
  }
}
