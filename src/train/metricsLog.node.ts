/**
 * `RUN/metrics.jsonl`: one JSON object per line, for steps and validations. A resumed training removes the lines after
 * its checkpoint, so that each step appears once. Its first line averages only the steps since the checkpoint, which
 * stores no means.
 */
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { replaceFile, writeError } from '../formats/fileWrite.node.js';
import { RUN_FILES } from './runFolder.node.js';

/** A line: numbers by name, including `step`. Validations have `val_dice`. */
export type MetricsLine = Readonly<Record<string, number>>;

export class MetricsLog {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Every line so far. */
    readonly lines: MetricsLine[],
  ) {}

  /** Opens the file of a run that continues after `step`. @throws SamusError FILE_UNREADABLE, DISK_FULL, FILE_UNWRITABLE */
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
      `cannot read ${path}: ${code}`,
      'make it readable, or remove it to continue without earlier metrics',
      { path, reason: code },
    );
  }
}

/** Drops a line that a killed process left incomplete. */
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
