/**
 * The work of `samus train --folds` and `--seeds`: one run after another in a folder of runs, each an ordinary run. The same
 * command continues after an interruption.
 */
import { join } from 'node:path';
import type { Json } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { isFields } from '../formats/jsonFields.js';
import { DEFAULT_SEED, SETTINGS } from '../train/settings.js';
import { NOTICE } from './packageInfo.js';
import { conflict, type Outcome } from './run.js';
import { train } from './trainRun.js';
import { NO_BASE, readBase, type TrainOptions } from './trainSettings.js';

/** How many runs. */
export interface Several {
  /** Parts of a cross-validation. */
  readonly folds?: number;
  /** Seeds, one after another. */
  readonly seeds?: number;
}

/**
 * Trains fold by fold and seed by seed.
 * @throws SamusError USAGE_CONFLICT, and as {@link train}
 */
export async function trainSeveral(options: TrainOptions, { folds, seeds }: Several): Promise<Outcome> {
  const { resume, out, settings } = options;
  const several = folds === undefined ? '--seeds' : '--folds';
  if (resume !== undefined) throw conflict('--resume', several);
  for (const [name, flag] of [
    ['data.val', '--val-list'],
    ['data.holdOut', '--hold-out'],
  ] as const) {
    if (folds !== undefined && settings[name] !== undefined) throw conflict('--folds', flag);
  }
  const base = options.config === undefined ? NO_BASE : await readBase(options.config);
  const seed = settings.seed ?? base.values.seed;
  const first = SETTINGS.seed.kind.accepts(seed) ? seed : DEFAULT_SEED;
  const runs: { [key: string]: Json }[] = [];
  const lines: string[] = [];
  for (let fold = 1; fold <= (folds ?? 1); fold++) {
    for (let i = 0; i < (seeds ?? 1); i++) {
      const name = [
        ...(folds === undefined ? [] : [`fold-${fold}`]),
        ...(seeds === undefined ? [] : [`seed-${first + i}`]),
      ].join('-');
      const own = {
        ...settings,
        ...(folds !== undefined && { 'data.holdOut': `${fold}/${folds}` }),
        ...(seeds !== undefined && { seed: first + i }),
      };
      const outcome = await train(await placed({ ...options, settings: own }, out, name));
      lines.push(...outcome.lines);
      runs.push({ name, ...outcome.document });
    }
  }
  const dice = runs.flatMap(({ best }) => (isFields(best) && typeof best.dice === 'number' ? [best.dice] : []));
  const [mean, std] = spread(dice);
  const document: Json = { run: out ?? null, runs, dice: { mean, std }, notice: NOTICE };
  const all = `validation Dice of ${dice.length} runs: ${mean.toFixed(4)} ± ${std.toFixed(4)}`;
  return { document, lines: [...lines, `${all}; evaluate them as one: samus evaluate --model ${out}`] };
}

/** A run that is there goes on; a new one gets its folder. Without `--out`, training says what is missing. */
async function placed(options: TrainOptions, out: string | undefined, name: string): Promise<TrainOptions> {
  if (out === undefined) return options;
  const folder = join(out, name);
  if (!(await exists(join(folder, 'config.json')))) return { ...options, out: folder };
  const { out: _, model, from, config, profile, ...kept } = options;
  return { ...kept, resume: folder };
}

/** Mean and standard deviation of the sample. */
function spread(values: readonly number[]): readonly [mean: number, std: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return [mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1))];
}
