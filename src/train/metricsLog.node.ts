/**
 * `RUN/metrics.jsonl`: one JSON object a line, for steps and for validations. A resumed training cuts off what was
 * written after the checkpoint that it goes on from, so that each step comes once. The first line after that averages over
 * the steps since the checkpoint only: means are no part of it.
 */
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { replaceFile, writeError } from '../formats/fileWrite.node.js';
import { RUN_FILES } from './runFolder.node.js';

/** A line: numbers by name, `step` among them. Those of validations have a `val_dice`. */
export type MetricsLine = Readonly<Record<string, number>>;

export class MetricsLog {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Every line so far. */
    readonly lines: MetricsLine[],
  ) {}

  /** Opens the file of a run that goes on after `step`. @throws SamusError FILE_UNREADABLE, DISK_FULL, FILE_UNWRITABLE */
  static async open(run: string, step: number): Promise<MetricsLog> {
    const path = join(run, RUN_FILES.metrics);
    const text = await readIfThere(path);
    const lines = text.split('\n').map(parseLine);
    const kept = lines.filter((line) => line !== undefined).filter((line) => line.step! <= step);
    const again = kept.map((line) => `${JSON.stringify(line)}\n`).join('');
    await replaceFile(path, (temporary) => writeFile(temporary, again, { flush: true }));
    return new MetricsLog(path, await open(path, 'a'), kept);
  }

  /** @throws SamusError DISK_FULL, FILE_UNWRITABLE */
  async add(line: MetricsLine): Promise<void> {
    this.lines.push(line);
    try {
      await this.file.appendFile(`${JSON.stringify(line)}\n`);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return '';
    throw new SamusError(
      'FILE_UNREADABLE',
      `cannot read ${path} (${code})`,
      'make it readable, or take it away to go on without the figures so far',
      { path, reason: code },
    );
  }
}

/** A line that a killed process left half written is dropped. */
function parseLine(text: string): MetricsLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const numbers = Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
    const line = Object.fromEntries(numbers);
    return 'step' in line ? line : undefined;
  } catch {
    return undefined;
  }
}
