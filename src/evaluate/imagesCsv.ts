/**
 * `images.csv`: one line for each sample and draw of each model, every number that was measured of it.
 */
import type { SampleList } from '../data/sampleList.js';
import type { Evaluation } from './evaluate.js';
import { METRICS } from './metrics.js';

/** The header and the lines, without line ends; what is not defined is an empty field. */
export function* imagesCsv(
  evaluations: readonly Evaluation[],
  list: SampleList,
  randomDraws: boolean,
): Generator<string> {
  const [first] = evaluations;
  const turns = Array.from({ length: first?.table.turns ?? 1 }, (_, i) => i + 1);
  const perTurn = turns.length > 1 ? turns.flatMap((turn) => [`dice_${turn}`, `iou_${turn}`]) : [];
  const areas = ['area_truth_px', 'area_px', 'area_truth_mm2', 'area_mm2'];
  const columns = ['model', 'dataset', 'class', 'image', 'list', 'line', 'draw', ...METRICS, 'dice_combined', 'score'];
  yield [...columns, ...areas, ...perTurn, 'error'].join(',');
  for (const { model, table, failures } of evaluations) {
    const errors = new Map(
      failures.map(({ sample, error }) => [`${sample.list}:${sample.line}:${sample.classId}`, error.code]),
    );
    for (let i = 0; i < list.length; i++) {
      const { dataset, classId, name, list: listName, line } = list.at(i);
      const error = table.isDone(i) ? '' : (errors.get(`${listName}:${line}:${classId}`) ?? 'FAILED');
      for (let draw = 0; draw < (error ? 1 : table.draws); draw++) {
        const row = i * table.draws + draw;
        const mm2 = table.pixelMm2[i]!;
        const numbers = [
          ...METRICS.map((metric) => table.metric(metric)[row]!),
          table.combinedDice[row]!,
          table.score[row]!,
          table.truthArea[row]!,
          table.predictedArea[row]!,
          table.truthArea[row]! * mm2,
          table.predictedArea[row]! * mm2,
          ...(perTurn.length > 0 && !error
            ? turns.flatMap((_, turn) => [table.diceAfter(row, turn), table.iouAfter(row, turn)])
            : perTurn.map(() => Number.NaN)),
        ];
        const facts = [
          model,
          dataset,
          classId,
          name,
          listName ?? '',
          line ?? '',
          randomDraws && !error ? draw + 1 : '',
        ];
        yield [...facts.map(quote), ...numbers.map((n) => (Number.isNaN(n) ? '' : String(n))), error].join(',');
      }
    }
  }
}

/** RFC 4180. */
function quote(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
