/**
 * Shows a training: a terminal line with time left, loss and validation Dice; metrics, curves and sample images in the
 * run folder.
 */
import type { PreparedRun } from '../train/prepareRun.node.js';
import { RunRecord } from '../train/runRecord.node.js';
import type { StepReport, TrainingListener } from '../train/trainer.node.js';
import type { Validation } from '../train/validate.node.js';
import { duration, type ProgressTarget, rewritten } from './progress.js';

/** Interval between updates of the line in a terminal, and between lines in a log. */
const TERMINAL_MS = 200;
const LOG_MS = 30_000;
/** Weight of the newest step in the displayed loss and time. */
const NEW = 0.02;

export class RunDisplay implements TrainingListener {
  #shown = 0;
  #loss: number | undefined;
  #seconds: number | undefined;
  #dice: number | undefined;
  #steps = 0;

  private constructor(
    private readonly run: PreparedRun,
    private readonly record: RunRecord,
    private readonly target: ProgressTarget,
  ) {
    this.#dice = run.position.best?.dice;
  }

  static async open(run: PreparedRun): Promise<RunDisplay> {
    return new RunDisplay(run, await RunRecord.open(run), process.stderr);
  }

  step({ step, loss, seconds }: StepReport): void {
    this.#loss = smooth(this.#loss, loss);
    // The first step waits for images and warms up, so it does not represent the others.
    this.#seconds = this.#steps++ < 2 ? seconds : smooth(this.#seconds, seconds);
    const { steps, batch, accumulate } = this.run.config;
    const epochs = (step * batch * accumulate) / this.run.samples;
    const parts = [
      `step ${step}/${steps}`,
      `epoch ${epochs.toFixed(2)}`,
      `loss ${this.#loss.toFixed(4)}`,
      ...(this.#dice === undefined ? [] : [`Dice ${this.#dice.toFixed(3)}`]),
      `${((batch * accumulate) / this.#seconds).toFixed(1)}/s`,
      `${duration(this.#seconds * (steps - step) * 1000)} left`,
    ];
    this.#show(parts.join(', '), step === steps);
  }

  validating(done: number, total: number): void {
    this.#show(`validating, ${done} of ${total}`);
  }

  async validated(step: number, validation: Validation, isBest: boolean): Promise<void> {
    if (isBest) this.#dice = this.run.config.choose === 'samples' ? validation.dice : validation.classDice;
    const parts = Object.entries(validation.parts).map(([name, dice]) => `${name} ${dice.toFixed(3)}`);
    const best = isBest ? ', the best so far' : '';
    const line = `step ${step}: validation Dice ${validation.dice.toFixed(4)} (${parts.join(', ')})${best}`;
    this.target.write(this.target.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
    await this.record.validated(validation);
  }

  async metrics(line: Readonly<Record<string, number>>): Promise<void> {
    await this.record.metrics(line);
  }

  async close(): Promise<void> {
    if (this.#shown > 0 && this.target.isTTY) this.target.write('\r\x1b[K');
    await this.record.close();
  }

  #show(line: string, always = false): void {
    const now = performance.now();
    if (!always && this.#shown > 0 && now - this.#shown < (this.target.isTTY ? TERMINAL_MS : LOG_MS)) return;
    this.target.write(this.target.isTTY ? rewritten(line, this.target) : `${line}\n`);
    this.#shown = now;
  }
}

function smooth(before: number | undefined, now: number): number {
  return before === undefined ? now : before + NEW * (now - before);
}
