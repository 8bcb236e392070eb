/**
 * The report as text: all numbers, then the goals and whether they are reached.
 */
import type { Verdict } from './goals.js';
import type { Entry } from './report.js';

export function table(entries: readonly Entry[], verdicts: readonly Verdict[], machine: string): string {
  const width = Math.max(...entries.map(({ name }) => name.length), 0);
  const numbers = entries.map(
    ({ name, value, unit }) => `${name.padEnd(width)}  ${format(value).padStart(9)}${unit === '1' ? '' : ` ${unit}`}`,
  );
  const goals = verdicts.map(({ text, side, limit, value, reached }) => {
    const wanted = `at ${side} ${Number(limit.toFixed(2))}`;
    return `${reached ? 'reached    ' : 'NOT REACHED'}  ${format(value).padStart(7)}  ${wanted.padEnd(13)}  ${text}`;
  });
  const last = goals.length > 0 ? ['', 'Goals for a machine with two cores:', ...goals] : [];
  return [machine, '', ...numbers, ...last].join('\n');
}

/** Rounds to the precision of a measurement. */
function format(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
