/**
 * The files of a run for people: metrics, TensorBoard events, curves, images of validation samples. The training never
 * reads them back, so they cannot affect the weights.
 */
import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { replaceFile, writeError, writeTextFile } from '../formats/fileWrite.node.js';
import { encodePng } from '../formats/imageWrite.node.js';
import { curvesSvg } from './curves.js';
import { restartRecord, scalarsRecord, versionRecord } from './eventFile.js';
import type { PreparedRun } from './prepareRun.node.js';
import { RUN_FILES } from './runFolder.node.js';
import { sampleSvg } from './sampleSvg.js';
import type { Validation } from './validate.node.js';

/** Name prefix of TensorBoard's files. */
const EVENTS = 'events.out.tfevents';

export class RunRecord {
  private constructor(
    private readonly folder: string,
    private readonly log: MetricsLog,
    private readonly events: FileHandle,
    private readonly path: string,
    private readonly nameOf: (part: string) => string,
  ) {}

  static async open({ folder, position, validation }: PreparedRun): Promise<RunRecord> {
    const { step } = position;
    const log = await MetricsLog.open(folder, step);
    const now = Date.now() / 1000;
    // TensorBoard reads the files of a folder in name order; each process writes its own file.
    const name = `${EVENTS}.${Math.floor(now)}.samus.${process.pid}`;
    const path = join(folder, name);
    // A run killed before its first checkpoint restarts at its first step.
    const again = (await readdir(folder)).some((file) => file.startsWith(EVENTS));
    const nameOf = (part: string): string => {
      const [name = '', classId] = part.split('/');
      return `${name}, ${validation.dataset.classes(name).names[Number(classId)] ?? `class ${classId}`}`;
    };
    const made = new RunRecord(folder, log, await open(path, 'a'), path, nameOf);
    await made.append(versionRecord(now));
    if (again) await made.append(restartRecord(now, step + 1));
    return made;
  }

  async metrics(line: Readonly<Record<string, number>>): Promise<void> {
    const { step, ...scalars } = line;
    await this.log.add(line);
    await this.append(scalarsRecord(Date.now() / 1000, step!, scalars));
  }

  /** Writes the curves so far and images of some samples. */
  async validated({ pictures }: Validation): Promise<void> {
    await writeTextFile(join(this.folder, RUN_FILES.curves), curvesSvg(this.log.lines, this.nameOf));
    const samples = join(this.folder, RUN_FILES.samples);
    await mkdir(samples, { recursive: true });
    for (const [i, picture] of pictures.entries()) {
      const png = Buffer.from(await encodePng(picture.image)).toString('base64');
      await writeTextFile(join(samples, `sample-${i + 1}.svg`), sampleSvg(picture, `data:image/png;base64,${png}`));
    }
  }

  private async append(event: Uint8Array): Promise<void> {
    try {
      await this.events.appendFile(event);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await this.log.close();
    await this.events.close();
  }
}

/** A line: numbers by name, including `step`. Validations have `val_dice`. */
type MetricsLine = Readonly<Record<string, number>>;

/**
 * `RUN/metrics.jsonl`: one JSON object per line, for steps and validations. A resumed training removes the lines after
 * its checkpoint, so that each step appears once. Its first line averages only the steps since the checkpoint, which
 * stores no means.
 */
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
