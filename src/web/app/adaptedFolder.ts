/**
 * Exports an adapted model as a zipped model folder for the command line. It is written in small pieces, so that the
 * page stays responsive.
 */
import { strToU8, Zip, ZipPassThrough } from 'fflate';
import { owned } from '../exports/exportContract.js';
import type { AdaptedModel } from '../storage/adaptedStore.js';
import { text } from '../text/en.js';

/** Each piece takes a few milliseconds. */
const PIECE = 1 << 20;

export async function adaptedFolder(model: AdaptedModel): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    parts.push(owned(piece));
  });
  const begin = (name: string): ZipPassThrough => {
    // Half-precision weights hardly compress, so files are only stored.
    const file = new ZipPassThrough(`${model.name}/${name}`);
    file.mtime = model.made;
    zip.add(file);
    return file;
  };
  begin('config.json').push(strToU8(model.config), true);
  begin('README.md').push(strToU8(modelCard(model)), true);
  const weights = begin('model.safetensors');
  for (let at = 0; at < model.weights.size; at += PIECE) {
    const piece = await model.weights.slice(at, at + PIECE).arrayBuffer();
    weights.push(new Uint8Array(piece), at + PIECE >= model.weights.size);
  }
  zip.end();
  return new Blob(parts, { type: 'application/zip' });
}

/** The README.md of the folder. */
function modelCard({ name, from, made, steps, trained, heldOut, before, after, better }: AdaptedModel): string {
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
