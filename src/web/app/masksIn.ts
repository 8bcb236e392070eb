/**
 * Opens existing masks for correction: label images, COCO JSON, and the JSON with prompts. Each goes to the image of
 * the list that has its name; one label alone may also go to the open image.
 */
import { SamusError } from '../../errors.js';
import { addObject, emptyDocument, type ObjectSeed, setScale } from '../document/edit.js';
import { freeClass, PALETTE } from '../document/palette.js';
import type { ClassEntry, ImageDocument } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import type { ImportedImage } from '../exports/readPrompts.js';
import { openImage } from '../open/openImage.js';
import { text } from '../text/en.js';
import { newId } from './edits.js';
import { type FoundFile, keyOf, putWork, workOn } from './entries.js';
import { imageFor, stem } from './maskNames.js';
import { say, sayError } from './messages.js';
import { classes, currentId, type Entry, entries } from './state.js';

/** @param among whether they come with other files, of which some may be JSON of another kind */
export async function addMasks(files: readonly FoundFile[], among: boolean): Promise<void> {
  let [objects, images] = [0, 0];
  const lost: string[] = [];
  const failures: unknown[] = [];
  for (const found of files) {
    try {
      for (const image of await readMasks(found)) {
        const entry = entryFor(image.image, files.length === 1);
        if (entry) {
          objects += await putObjects(entry, image);
          images++;
        } else lost.push(image.image);
      }
    } catch (error) {
      if (!among || !isOtherJson(error)) failures.push(error);
    }
  }
  if (images > 0) {
    say(text.masksIn.added(objects, images), text.masksIn.rest(lost.length, failures.map(messageOf)));
  } else if (failures.length > 0) sayError(failures[0]);
  else if (lost.length > 0 || !among) say(text.masksIn.nowhere(lost[0] ?? ''), text.masksIn.nowhereHint);
}

const isOtherJson = (error: unknown): boolean => error instanceof SamusError && error.code === 'ANNOTATIONS_JSON';
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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

/** The image of the list that masks are of; the open one if there is only one mask and none of its name. */
function entryFor(name: string, alone: boolean): Entry | undefined {
  const all = entries.peek();
  const named = all.some(({ path }) => stem(path) === stem(name));
  return imageFor(name, all) ?? (alone && !named ? all.find(({ id }) => id === currentId.peek()) : undefined);
}

async function putObjects(entry: Entry, image: ImportedImage): Promise<number> {
  const { width, height, objects, spacingMm } = image;
  const key = await keyOf(entry.id);
  const work = (await workOn(entry)) ?? (await blankOf(entry));
  const before = spacingMm && !work.scale ? setScale(work, { mm: spacingMm, origin: 'calibrated' }) : work;
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
  putWork(key, next);
  return seeds.length;
}

/** No work yet on an image that was not open: its size and scale are those of its file. */
async function blankOf({ file, spacingMm }: Entry): Promise<ImageDocument> {
  const picture = await openImage(file);
  const mm = picture.spacingMm ?? spacingMm;
  return emptyDocument(picture.width, picture.height, mm ? { mm, origin: 'file' } : null);
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
    const id = known?.id ?? (taken ? freeClass(all) : entry.id);
    if (id === undefined) throw new SamusError('input', 'CLASSES_FULL', text.classes.full, text.classes.fullHint);
    ids.set(entry.id, id);
    if (!known) all = [...all, { ...entry, id }].sort((a, b) => a.id - b.id);
  }
  classes.value = all;
  return ids;
}

const colorFor = (id: number): string => PALETTE[(id - 1) % PALETTE.length]!;
