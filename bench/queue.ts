/**
 * `npm run bench:queue`: whether a queue limits its workers, with workers that only wait, and the throughput of one and of
 * two real workers on this machine. Needs redis-server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';
import { Command } from 'commander';
import { Redis } from 'ioredis';
import { makePhantom } from '#dist/data/phantom.js';
import { encodePng } from '#dist/formats/imageWrite.node.js';
import type { PlannedItem } from '#dist/jobs/batch/study.js';
import type { StudyRecord } from '#dist/jobs/batch/studyFolder.node.js';
import { sha256 } from '#dist/jobs/batch/studyFolder.node.js';
import { QueueExecutor } from '#dist/jobs/queue/queueExecutor.node.js';
import { QUEUE_NAME } from '#dist/jobs/queue/queueProtocol.js';

/** Time of an image in the simulation, and images for each worker. */
const LATENCY_MS = 50;
const EACH = 60;
const WORKERS = [1, 4, 16, 64];
/** Images of the real measurement, and its turns: 1 2 1 2. */
const IMAGES = 150;
const TURNS = 2;

interface Entry {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const { json, model } = new Command('npm run bench:queue --')
  .description('Measures studies in a queue on this machine. Run nothing else at the same time.')
  .option('--model <model>', 'the model of the real workers', 'samus-s')
  .option('--json', 'print one list of {name, value, unit} and nothing else')
  .parse()
  .opts<{ readonly model: string; readonly json?: true }>();

const folder = mkdtempSync(join(tmpdir(), 'samus-bench-'));
const port = await freePort();
const url = `redis://127.0.0.1:${port}`;
const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], {
  stdio: 'ignore',
});
const children: ChildProcess[] = [redis];
const entries: Entry[] = [];
const note = (name: string, value: number, unit: string): void => {
  entries.push({ name, value: Math.round(value * 1000) / 1000, unit });
  if (!json) process.stdout.write(`${name} ${value.toFixed(3)} ${unit}\n`);
};
try {
  await delay(1000);
  for (const count of WORKERS) {
    const rate = await simulated(count);
    note(`queue.simulated_${count}`, rate, 'images/s');
    note(`queue.simulated_${count}_share`, rate / (count * (1000 / LATENCY_MS)), 'of the workers');
  }
  const rates: Record<number, number[]> = { 1: [], 2: [] };
  mkdirSync(join(folder, 'scans'));
  for (let seed = 1; seed <= IMAGES; seed++) {
    const { image } = makePhantom({ seed, width: 320, height: 240 });
    writeFileSync(join(folder, 'scans', `${seed}.png`), await encodePng(image));
  }
  for (let turn = 0; turn < TURNS; turn++) for (const count of [1, 2]) rates[count]!.push(await real(count, turn));
  const [one, two] = [Math.max(...rates[1]!), Math.max(...rates[2]!)];
  note('queue.one_process', one, 'images/s');
  note('queue.two_processes', two, 'images/s');
  note('queue.two_to_one', two / one, 'times');
  if (json) process.stdout.write(`${JSON.stringify(entries)}\n`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

/** Images per second of workers that wait for a fixed time. */
async function simulated(count: number): Promise<number> {
  const text = '{"results":[]}';
  const record = sha256(text);
  mkdirSync(join(folder, 'images'), { recursive: true });
  writeFileSync(join(folder, 'images', 'item.json'), text);
  const clients: Redis[] = [];
  const connect = (): Redis => {
    const client = new Redis(url, { maxRetriesPerRequest: null });
    clients.push(client);
    return client;
  };
  const workers = Array.from(
    { length: count },
    () =>
      new Worker(
        QUEUE_NAME,
        async () => {
          await delay(LATENCY_MS);
          return { record, objects: 0 };
        },
        { connection: connect() },
      ),
  );
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const study: StudyRecord = {
    version: 1,
    id: crypto.randomUUID(),
    name: `simulated-${count}`,
    model: { source: '', hash: '' },
    settings: {
      flips: [],
      objects: [],
      multimask: false,
      clean: true,
      auto: false,
      classes: [],
      formats: [],
      dicom: { version: '' },
    },
  };
  const executor = await QueueExecutor.open({ url, folder, study });
  const images = count * EACH;
  const start = performance.now();
  let next = 0;
  const take = async (): Promise<void> => {
    while (next < images) {
      const index = next++;
      const key = index.toString(16).padStart(32, '0');
      const item: PlannedItem = { key, image: '', content: '', file: '', base: 'item' };
      await executor.run(item, { offset: 0, length: 0, again: false });
      executor.recorded(item, true);
    }
  };
  await Promise.all(Array.from({ length: Math.min(executor.size, images) }, take));
  const seconds = (performance.now() - start) / 1000;
  await executor.close();
  await Promise.all(workers.map((worker) => worker.close()));
  for (const client of clients) client.disconnect();
  return images / seconds;
}

/** Images per second of workers as processes with one thread each. */
async function real(count: number, turn: number): Promise<number> {
  const workers = Array.from({ length: count }, () =>
    samus('worker', '--queue', url, '--root', '.', '--concurrency', '1', '--threads', '1'),
  );
  const prompt = ['--point', '160,120', '--model', model, '--queue', url];
  // The workers load the model.
  await ended(samus('batch', 'scans/1.png', 'scans/2.png', ...prompt, '--out', `warm-${count}-${turn}`, '--json'));
  const text = await ended(samus('batch', 'scans', ...prompt, '--out', `out-${count}-${turn}`, '--json'));
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(workers.map(ended));
  return JSON.parse(text).images_per_second;
}

function samus(...args: readonly string[]): ChildProcess {
  const program = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return child;
}

/** What a process printed. */
async function ended(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  if (child.exitCode === null) await new Promise((resolve) => child.once('close', resolve));
  return text;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
