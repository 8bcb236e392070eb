/**
 * Opens existing masks for correction: label images, COCO JSON, and the JSON with prompts. Each goes to the image of
 * the list that has its name; one label alone may also go to the open image.
 */
import { SamusError } from '../../errors.js';
import { addObject, emptyDocument, type ObjectSeed } from '../document/edit.js';
import { record } from '../document/history.js';
import { PALETTE } from '../document/palette.js';
import type { ClassEntry, ImageDocument } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import type { ImportedImage } from '../exports/readPrompts.js';
import { text } from '../text/en.js';
import { newId } from './edits.js';
import { type FoundFile, keyOf, putWork, update, workOn } from './entries.js';
import { say, sayError } from './messages.js';
import { keepDocument } from './persist.js';
import { classes, currentId, type Entry, entries, history, opened } from './state.js';

export async function addMasks(files: readonly FoundFile[]): Promise<void> {
  let [objects, images] = [0, 0];
  const lost: string[] = [];
  for (const found of files) {
    try {
      for (const image of await readMasks(found)) {
        const entry = entryFor(image.image, files.length === 1);
        if (!entry) {
          lost.push(image.image);
          continue;
        }
        objects += await putObjects(entry, image);
        images++;
      }
    } catch (error) {
      sayError(error);
      return;
    }
  }
  if (images === 0) say(text.masksIn.nowhere(lost[0] ?? ''), text.masksIn.nowhereHint);
  else say(text.masksIn.added(objects, images), lost.length > 0 ? text.masksIn.lost(lost.length) : '');
}

async function readMasks({ file, path }: FoundFile): Promise<ImportedImage[]> {
  if (/\.json$/i.test(path)) {
    const { images, classes: named } = await exportClient().call('annotations', { file, path });
    const ids = mergeClasses(named, true);
    return images.map((image) => ({
      ...image,
      objects: image.objects.map((object) => ({ ...object, classId: ids.get(object.classId) ?? object.classId })),
    }));
  }
  const { width, height, classes: found } = await exportClient().call('label', file);
  mergeClasses(
    found.map(({ classId: id }) => ({ id, name: text.classes.fallback(id), color: colorFor(id) })),
    false,
  );
  const objects = found.map(({ classId, mask }) => ({
    classId,
    start: { mask, origin: 'file', score: null } as const,
    committed: true,
  }));
  return [{ image: path, width, height, objects }];
}

/** The image with this name, whatever its folder and ending; the open one if there is only one mask and no such name. */
function entryFor(name: string, alone: boolean): Entry | undefined {
  const wanted = stem(name);
  const all = entries.peek();
  const same = all.filter((entry) => entry.path === name || stem(entry.path) === wanted);
  const loose = alone && same.length === 0 ? all.find(({ id }) => id === currentId.peek()) : undefined;
  return same.find(({ path }) => path === name) ?? same[0] ?? loose;
}

const stem = (path: string): string =>
  path
    .split('/')
    .at(-1)!
    .replace(/\.[^.]+$/, '')
    .replace(/[._-](mask|label|seg)$/i, '')
    .toLowerCase();

async function putObjects(entry: Entry, { width, height, objects }: ImportedImage): Promise<number> {
  const key = await keyOf(entry.id);
  const before = (await workOn(entry)) ?? emptyDocument(width, height);
  if (before.width !== width || before.height !== height) {
    throw new SamusError(
      'input',
      'MASK_SIZE',
      text.masksIn.size(entry.name, before.width, before.height, width, height),
      text.masksIn.sizeHint,
    );
  }
  const seeds = objects.map((object): ObjectSeed => ({ id: newId(), ...object }));
  const next = seeds.reduce<ImageDocument>(addObject, before);
  if (opened.peek()?.entryId === entry.id) {
    history.value = record(history.peek()!, next);
  } else {
    putWork(key, next);
    keepDocument(key, next);
    const shapes = next.objects.filter(({ shape }) => shape !== null).length;
    update(entry.id, { shapes, committed: next.objects.filter(({ committed }) => committed).length });
  }
  return seeds.length;
}

/**
 * Adds the classes that are not there yet. Those with names find theirs by the name, whatever its number.
 * @returns the number here of each number there
 */
function mergeClasses(found: readonly ClassEntry[], byName: boolean): ReadonlyMap<number, number> {
  const ids = new Map<number, number>();
  let all = classes.peek();
  for (const entry of found) {
    const known = all.find(({ id, name }) => (byName ? name === entry.name : id === entry.id));
    const taken = all.some(({ id }) => id === entry.id);
    const id = known?.id ?? (taken ? Math.max(...all.map((one) => one.id)) + 1 : entry.id);
    ids.set(entry.id, id);
    if (!known) all = [...all, { ...entry, id }].sort((a, b) => a.id - b.id);
  }
  classes.value = all;
  return ids;
}

const colorFor = (id: number): string => PALETTE[(id - 1) % PALETTE.length]!;
