/**
 * The summary of an object score, against values computed by hand.
 */
import { describe, expect, it } from 'vitest';
import { presenceSummary } from './presence.js';
import { ResultTable } from './resultTable.js';

const ABOUT = { pixelMm2: Number.NaN, image: 0 };

/** Samples without the object. */
function tableOf(presences: readonly number[]): ResultTable {
  const table = new ResultTable(presences.length, 1, 1);
  for (const [i, presence] of presences.entries()) table.setAbsent(i, ABOUT, false, presence);
  return table;
}

describe('presenceSummary', () => {
  it('puts the limit where 95 % of the objects are found', () => {
    const objects = Array.from({ length: 20 }, (_, i) => 0.5 + i / 50);
    const table = tableOf([...objects, 0.1, 0.52, 0.51, 0.95]);
    const found = presenceSummary(table, Uint32Array.from(objects.keys()), Uint32Array.of(20, 21, 22, 23))!;
    // One object of twenty lies below.
    expect(found.minPresence).toBeCloseTo(0.52, 12);
    expect(found).toMatchObject({ objects: 20, absent: 4, falsePositives: 2 });
    // 0.1 loses to 20, 0.51 to 19, 0.52 to 18 and ties with one, 0.95 to none.
    expect(found.auc).toBeCloseTo((20 + 19 + 18.5 + 0) / 80, 12);
    // Wilson's interval of 2 of 4, as in R's binom.confint.
    expect(found.ci95[0]).toBeCloseTo(0.150039, 5);
    expect(found.ci95[1]).toBeCloseTo(0.849961, 5);
  });

  it('is undefined where nothing is to be separated', () => {
    expect(presenceSummary(tableOf([0.5, 0.6]), Uint32Array.of(0), Uint32Array.of())).toBeUndefined();
    expect(presenceSummary(tableOf([Number.NaN, 0.5]), Uint32Array.of(0), Uint32Array.of(1))).toBeUndefined();
  });
});
