/**
 * An adapted model as a file to take away: a zip of a model folder that the command line reads. Written in pieces, with
 * a pause after each, so that the page goes on meanwhile.
 */
import { strToU8, Zip, ZipPassThrough } from 'fflate';
import { owned } from '../exports/owned.js';
import type { AdaptedModel } from '../storage/adaptedStore.js';
import { modelCard } from './modelCard.js';

/** A few milliseconds of work each. */
const PIECE = 1 << 20;

export async function adaptedFolder(model: AdaptedModel): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    parts.push(owned(piece));
  });
  const begin = (name: string): ZipPassThrough => {
    // Weights in half precision hardly get smaller, so nothing is packed.
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
