/**
 * What a run writes for people to look at: metrics, TensorBoard events, curves, pictures of validation samples. The
 * training itself reads none of it back, so that nothing of it can change the weights.
 */
import { type FileHandle, mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

export class RunRecord {
  private constructor(
    private readonly folder: string,
    private readonly log: MetricsLog,
    private readonly events: FileHandle,
  ) {}

  static async open({ folder, state }: PreparedRun): Promise<RunRecord> {
    const { step } = state.position;
    const log = await MetricsLog.open(folder, step);
    const now = Date.now() / 1000;
    // TensorBoard reads the files of a folder in the order of their names; each process writes one of its own.
    const name = `events.out.tfevents.${Math.floor(now)}.samus.${process.pid}`;
    const events = await open(join(folder, name), 'a');
    await events.appendFile(versionRecord(now));
    if (step > 0) await events.appendFile(restartRecord(now, step + 1));
    return new RunRecord(folder, log, events);
  }

  async metrics(line: Readonly<Record<string, number>>): Promise<void> {
    const { step, ...scalars } = line;
    await this.log.add(line);
    await this.events.appendFile(scalarsRecord(Date.now() / 1000, step!, scalars));
  }

  /** Curves so far, and pictures of some samples: what was found blue, what there is orange. */
  async validated({ pictures }: Validation): Promise<void> {
    const curves = join(this.folder, RUN_FILES.curves);
    await writeFile(`${curves}.tmp`, curvesSvg(this.log.lines));
    await rename(`${curves}.tmp`, curves);
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

  async close(): Promise<void> {
    await this.log.close();
    await this.events.close();
  }
}
