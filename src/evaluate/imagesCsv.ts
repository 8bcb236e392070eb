/**
 * `images.csv`: one line for each sample and draw of each model, every number that was measured of it.
 */

import type { SampleList } from '../data/sampleList.js';
import { csvLine } from '../formats/csv.js';
import type { Evaluation } from './evaluate.js';
import { METRICS, type Metric } from './metrics.js';

/** Columns keep their places: metrics that were added later are last. */
const LATER = ['hd95_max_px', 'hd95_max_mm'] as const satisfies readonly Metric[];
const FIRST = METRICS.filter((metric) => !LATER.some((later) => later === metric));

/** The header and the lines, without line ends; what is not defined is an empty field. */
export function* imagesCsv(
  evaluations: readonly Evaluation[],
  list: SampleList,
  randomDraws: boolean,
): Generator<string> {
  // A model without prompts beside others has a single turn and no noise.
  const turns = Array.from({ length: Math.max(1, ...evaluations.map(({ table }) => table.turns)) }, (_, i) => i + 1);
  const perTurn = turns.length > 1 ? turns.flatMap((turn) => [`dice_${turn}`, `iou_${turn}`]) : [];
  const areas = ['area_truth_px', 'area_px', 'area_truth_mm2', 'area_mm2'];
  const columns = ['model', 'dataset', 'class', 'image', 'list', 'line', 'draw', ...FIRST, 'dice_combined', 'score'];
  const noise = evaluations.find(({ table }) => table.noise.length > 0)?.table.noise ?? [];
  const scored = evaluations.some(({ table }) => table.column('presence').some((value) => !Number.isNaN(value)));
  const last = [...LATER, ...noise.map((percent) => `dice_noise_${percent}`), ...(scored ? ['presence'] : [])];
  yield [...columns, ...areas, ...perTurn, 'false_positive', 'error', ...last].join(',');
  for (const { model, table, failures } of evaluations) {
    const errors = new Map(
      failures.map(({ sample, error }) => [`${sample.list}:${sample.line}:${sample.classId}`, error.code]),
    );
    for (let i = 0; i < list.length; i++) {
      const { dataset, classId, name, list: listName, line } = list.at(i);
      const falsePositive = table.falsePositive(i);
      const measured = table.isDone(i);
      const answered = measured || falsePositive !== undefined;
      const error = answered ? '' : (errors.get(`${listName}:${line}:${classId}`) ?? 'FAILED');
      const facts = csvLine([model, dataset, classId, name, listName, line]);
      for (let draw = 0; draw < (measured ? table.draws : 1); draw++) {
        const row = i * table.draws + draw;
        const mm2 = table.pixelMm2[i]!;
        const numbers = [
          ...FIRST.map((metric) => table.column(metric)[row]!),
          table.column('combinedDice')[row]!,
          table.column('score')[row]!,
          table.column('truthArea')[row]!,
          table.column('predictedArea')[row]!,
          table.column('truthArea')[row]! * mm2,
          table.column('predictedArea')[row]! * mm2,
          ...(perTurn.length > 0 && measured
            ? turns.flatMap((_, turn) =>
                turn < table.turns ? [table.diceAfter(row, turn), table.iouAfter(row, turn)] : [Number.NaN, Number.NaN],
              )
            : perTurn.map(() => Number.NaN)),
        ];
        const wrong = falsePositive === undefined ? '' : Number(falsePositive);
        const later = fields([
          ...LATER.map((metric) => table.column(metric)[row]!),
          ...noise.map((_, level) =>
            measured && level < table.noise.length ? table.diceWithNoise(row, level) : Number.NaN,
          ),
          ...(scored ? [table.column('presence')[row]!] : []),
        ]);
        yield `${facts},${randomDraws && measured ? draw + 1 : ''},${fields(numbers)},${wrong},${error},${later}`;
      }
    }
  }
}

/**
 * Numbers as they are, nothing where one is not defined. As JSON, because numbers that become text one by one all pass
 * through a cache of the engine's, and of 100,000 lines that alone is tens of megabytes.
 */
function fields(numbers: readonly number[]): string {
  return JSON.stringify(numbers).slice(1, -1).replaceAll('null', '');
}
