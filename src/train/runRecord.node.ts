/**
 * What a run writes for people to look at: metrics, curves, pictures of validation samples. A training does not read any
 * of it back.
 */

import { MetricsLog } from './metricsLog.node.js';
import type { Validation } from './position.js';
import type { PreparedRun } from './prepareRun.node.js';

export class RunRecord {
  private constructor(private readonly log: MetricsLog) {}

  static async open({ folder, state }: PreparedRun): Promise<RunRecord> {
    return new RunRecord(await MetricsLog.open(folder, state.position.step));
  }

  async metrics(line: Readonly<Record<string, number>>): Promise<void> {
    await this.log.add(line);
  }

  async validated(_step: number, _validation: Validation): Promise<void> {}

  async close(): Promise<void> {
    await this.log.close();
  }
}
