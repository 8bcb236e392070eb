/**
 * What a run writes for people to look at: metrics, TensorBoard events, curves, pictures of validation samples. The
 * training itself reads none of it back, so that nothing of it can change the weights.
 */
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError, writeTextFile } from '../formats/fileWrite.node.js';
import { writePng } from '../formats/imageWrite.node.js';
import { drawOverlay } from '../formats/overlay.js';
import { curvesSvg } from './curves.js';
import { restartRecord, scalarsRecord, versionRecord } from './eventFile.js';
import { MetricsLog } from './metricsLog.node.js';
import type { Validation } from './position.js';
import type { PreparedRun } from './prepareRun.node.js';
import { RUN_FILES } from './runFolder.node.js';

/** What was found, and what there is. */
const FOUND = '#0072b2';
const TRUTH = '#e69f00';

/** How TensorBoard's files begin. */
const EVENTS = 'events.out.tfevents';

export class RunRecord {
  private constructor(
    private readonly folder: string,
    private readonly log: MetricsLog,
    private readonly events: FileHandle,
    private readonly path: string,
  ) {}

  static async open({ folder, state }: PreparedRun): Promise<RunRecord> {
    const { step } = state.position;
    const log = await MetricsLog.open(folder, step);
    const now = Date.now() / 1000;
    // TensorBoard reads the files of a folder in the order of their names; each process writes one of its own.
    const name = `${EVENTS}.${Math.floor(now)}.samus.${process.pid}`;
    const path = join(folder, name);
    // Killed before its first checkpoint, a run begins anew at its first step.
    const again = (await readdir(folder)).some((file) => file.startsWith(EVENTS));
    const made = new RunRecord(folder, log, await open(path, 'a'), path);
    await made.append(versionRecord(now));
    if (again) await made.append(restartRecord(now, step + 1));
    return made;
  }

  async metrics(line: Readonly<Record<string, number>>): Promise<void> {
    const { step, ...scalars } = line;
    await this.log.add(line);
    await this.append(scalarsRecord(Date.now() / 1000, step!, scalars));
  }

  /** Curves so far, and pictures of some samples: what was found blue, what there is orange. */
  async validated({ pictures }: Validation): Promise<void> {
    await writeTextFile(join(this.folder, RUN_FILES.curves), curvesSvg(this.log.lines));
    const samples = join(this.folder, RUN_FILES.samples);
    await mkdir(samples, { recursive: true });
    for (const [i, { image, found, truth, click }] of pictures.entries()) {
      const [x, y, label] = click;
      const drawn = drawOverlay(image, [
        { mask: truth, color: TRUTH },
        { mask: found, color: FOUND, clicks: [{ x, y, positive: label === 1 }] },
      ]);
      await writePng(join(samples, `sample-${i + 1}.png`), drawn);
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
