/**
 * The training loop: batches, optimizer steps, validations, checkpoints. prepareRun.node.ts prepares its starting point;
 * a listener displays it.
 */
import { setImmediate } from 'node:timers/promises';
import { SamusError } from '../errors.js';
import type { Batch } from './batchLoader.node.js';
import { nanError } from './nanError.node.js';
import { globalNorm } from './optimizer.js';
import type { PreparedRun } from './prepareRun.node.js';
import { RUN_FILES } from './runFolder.node.js';
import { afterValidation, learningRate } from './schedule.js';
import type { Scalars } from './stepper.js';
import { type Position, writeCheckpoint, writeLast } from './trainingState.node.js';
import { type Validation, validate } from './validate.node.js';

/** Receives events while a training runs. */
export interface TrainingListener {
  /** After each step. */
  step?(report: StepReport): void;
  /** While validating. */
  validating?(done: number, total: number): void;
  validated?(step: number, validation: Validation, isBest: boolean): Promise<void>;
  /** Numbers to log, at intervals. */
  metrics?(line: Readonly<Record<string, number>>): Promise<void>;
}

export interface StepReport {
  /** Finished steps. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Seconds of the whole step, and the part of them spent waiting for images. */
  readonly seconds: number;
  readonly waited: number;
}

export interface TrainingResult {
  readonly step: number;
  /** Whether all steps are done, or the training stopped early without further improvement. */
  readonly finished: boolean;
  readonly best: { readonly dice: number; readonly step: number } | null;
  /** Seconds of computing, over all interruptions. */
  readonly seconds: number;
  /** Share of this process's training time spent waiting for images. */
  readonly waitShare: number;
}

export class Trainer {
  readonly #run: PreparedRun;
  readonly #listener: TrainingListener;
  readonly #stopped: () => boolean;
  readonly #logged = new Means();
  #position: Position;
  /** The position of the last checkpoint. */
  #saved: Position;
  #due = false;
  /** The last batches, to name their samples in errors. */
  #batches: readonly Batch[] = [];
  #first = true;
  #trained = 0;
  #waited = 0;

  /** @param stopped checked between steps: whether to save and return */
  constructor(run: PreparedRun, listener: TrainingListener, stopped: () => boolean) {
    this.#run = run;
    this.#listener = listener;
    this.#stopped = stopped;
    this.#position = run.position;
    this.#saved = run.position;
  }

  /**
   * Trains to the end, or until stopped; either way, the last checkpoint is then up to date.
   * @throws SamusError TRAIN_NAN, and as reading images and writing checkpoints; a checkpoint always remains
   */
  async train(): Promise<TrainingResult> {
    try {
      await this.#steps();
    } catch (error) {
      // After most errors, the training can continue from here once they are fixed, so save. Not after NaN, and if saving
      // fails too, report the first error.
      const broken = error instanceof SamusError && error.code === 'TRAIN_NAN';
      if (!broken) await this.#saveUntried().catch(() => undefined);
      throw error;
    }
    await this.#saveUntried();
    const { step, best, seconds } = this.#position;
    const waitShare = this.#trained > 0 ? this.#waited / this.#trained : 0;
    return { step, finished: this.#finished(), best, seconds, waitShare };
  }

  async #steps(): Promise<void> {
    const { config } = this.#run;
    for (;;) {
      const { step } = this.#position;
      if (
        step > 0 &&
        this.#position.validated !== step &&
        (step % config.validateSteps === 0 || step >= config.steps)
      ) {
        this.#due = (await this.#validate()) || this.#due;
      } else if (config.checkpointSteps > 0 && step % config.checkpointSteps === 0 && this.#saved.step !== step) {
        this.#due = true;
      }
      if (this.#stopped() || this.#finished()) return;
      await this.#step();
      // A session run blocks the event loop; yield between two runs so that signals are handled.
      await setImmediate();
    }
  }

  #finished(): boolean {
    const { steps, patience } = this.#run.config;
    const { step, validated, sinceBest } = this.#position;
    return (step >= steps && validated === step) || (patience > 0 && sinceBest >= patience);
  }

  async #step(): Promise<void> {
    const { config, loader, stepper } = this.#run;
    const { step } = this.#position;
    let started = performance.now();
    const schedule = { ...config, kind: config.schedule, rate: config.learningRate };
    const rate = learningRate(schedule, step, this.#position.plateau?.drops);
    const means = new Means();
    let waited = 0;
    const batches: Batch[] = [];
    for (let i = 0; i < config.accumulate; i++) {
      const asked = performance.now();
      const batch = await loader.get(step * config.accumulate + i, config.steps * config.accumulate - 1);
      waited += performance.now() - asked;
      batches.push(batch);
      const scalars = await stepper.run(batch.feeds);
      this.#batches = [batch];
      if (!Number.isFinite(scalars.loss)) throw this.#nanError('the loss');
      means.add(scalars);
    }
    const norm = stepper.norm();
    this.#batches = batches;
    if (!Number.isFinite(norm)) throw this.#nanError('a gradient or a running statistic');
    // Only now are these weights known to be finite; bad ones must not replace the last good checkpoint.
    if (this.#due) started += await this.#save();
    stepper.update(rate, norm);
    const seconds = (performance.now() - started) / 1000;
    this.#position = { ...this.#position, step: step + 1, seconds: this.#position.seconds + seconds };
    await this.#report(means.take(), { learning_rate: rate, gradient_norm: norm, seconds, waited: waited / 1000 });
  }

  async #report(
    scalars: Scalars,
    step: { learning_rate: number; gradient_norm: number; seconds: number; waited: number },
  ): Promise<void> {
    const done = this.#position.step;
    const { config } = this.#run;
    // Skip the first batch: nothing computes while it is read, so it always waits.
    if (!this.#first) {
      this.#trained += step.seconds;
      this.#waited += step.waited;
    }
    this.#first = false;
    this.#listener.step?.({
      step: done,
      loss: scalars.loss!,
      learningRate: step.learning_rate,
      seconds: step.seconds,
      waited: step.waited,
    });
    this.#logged.add({ ...scalars, ...step });
    if (done % config.logSteps !== 0 && done !== config.steps) return;
    const { seconds, waited, ...means } = this.#logged.take();
    await this.#listener.metrics?.({
      step: done,
      epoch: (done * config.batch * config.accumulate) / this.#run.samples,
      ...means,
      learning_rate: step.learning_rate,
      images_per_second: (config.batch * config.accumulate) / seconds!,
      wait_share: waited! / seconds!,
      hours: this.#position.seconds / 3600,
      rss_mb: process.memoryUsage.rss() / 1e6,
    });
  }

  /** @returns whether it finished */
  async #validate(): Promise<boolean> {
    const { validation, config } = this.#run;
    const result = await validate(this.#run.stepper.weights(), {
      ...validation,
      progress: (done, total) => this.#listener.validating?.(done, total),
      stopped: this.#stopped,
    });
    if (!result) return false;
    const { step, best, sinceBest, plateau } = this.#position;
    const dice = config.choose === 'samples' ? result.dice : result.classDice;
    const isBest = best === null || dice > best.dice;
    const position: Position = {
      ...this.#position,
      validated: step,
      best: isBest ? { dice, step } : best,
      sinceBest: isBest ? 0 : sinceBest + 1,
      ...(config.schedule === 'plateau' && {
        plateau: afterValidation(plateau ?? { waiting: 0, drops: 0 }, isBest, config.dropPatience),
      }),
    };
    // Save best before last: a training resumed from the older last finds the same best again.
    if (isBest) await this.#saveBest(position, result);
    const parts = Object.entries(result.parts).map(([name, dice]) => [`val_dice/${name}`, dice]);
    await this.#listener.metrics?.({
      step,
      val_dice: result.dice,
      val_dice_classes: result.classDice,
      ...Object.fromEntries(parts),
    });
    this.#position = position;
    await this.#listener.validated?.(step, result, isBest);
    return true;
  }

  /** @returns its duration in milliseconds */
  async #save(): Promise<number> {
    const started = performance.now();
    await writeLast(this.#run, this.#position);
    this.#saved = this.#position;
    this.#due = false;
    return performance.now() - started;
  }

  /**
   * Saves weights that no step has used yet, if they are finite.
   * @throws SamusError TRAIN_NAN if they are not; the previous checkpoint stays
   */
  async #saveUntried(): Promise<void> {
    if (this.#saved === this.#position) return;
    const weights = [...this.#run.stepper.states.values()].map(({ weight }) => weight);
    if (!Number.isFinite(globalNorm(weights))) throw this.#nanError('a weight');
    await this.#save();
  }

  async #saveBest(position: Position, validation: Validation): Promise<void> {
    const { folder, config, card } = this.#run;
    const model = { config: config.model, tensors: this.#run.stepper.weights(), card: card(position, validation) };
    await writeCheckpoint(folder, RUN_FILES.best, model);
  }

  #nanError(what: string): SamusError {
    const { folder, config } = this.#run;
    const samples = this.#batches.flatMap((batch) => batch.origins());
    return nanError(what, { folder, config, position: this.#position, saved: this.#saved, samples });
  }
}

/** Running means of named numbers. */
class Means {
  readonly #sums = new Map<string, number>();
  #count = 0;

  add(numbers: Scalars): void {
    for (const [name, value] of Object.entries(numbers)) this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
    this.#count++;
  }

  /** The means since the last call. */
  take(): Scalars {
    const means = Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#count]));
    this.#sums.clear();
    this.#count = 0;
    return means;
  }
}
