/** The README.md of an adapted model: what it is made of, what it is good for, and that it is nothing more. */
import type { AdaptedModel } from '../storage/adaptedStore.js';
import { text } from '../text/en.js';

export function modelCard({ name, from, made, steps, trained, heldOut, before, after, better }: AdaptedModel): string {
  const row = (what: string, count: string, a: number, b: number): string =>
    `| ${what} | ${count} | ${a.toFixed(3)} | ${b.toFixed(3)} |`;
  const { card } = text;
  return [
    `# ${name}`,
    '',
    card.research,
    '',
    ...(better ? [] : [card.notBetter(from), '']),
    card.made(from, made.slice(0, 10)),
    '',
    `## ${card.use}`,
    '',
    '```',
    `samus segment --model ${name} IMAGE.png --point X,Y`,
    '```',
    '',
    `## ${card.learned}`,
    '',
    card.learnedFrom(trained, steps, heldOut),
    '',
    `## ${card.scores}`,
    '',
    card.meanDice,
    '',
    `| ${card.columns.join(' | ')} |`,
    '|---|---|---|---|',
    row(card.heldOut, String(heldOut), before.heldOut, after.heldOut),
    row(card.phantoms, card.fixed, before.phantoms, after.phantoms),
    '',
    card.hint,
    '',
    `## ${card.limits}`,
    '',
    card.limitsOf(from),
    '',
  ].join('\n');
}
