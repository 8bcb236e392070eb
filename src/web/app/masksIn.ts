/**
 * Opens masks to correct: label images, NIfTI, DICOM segmentations, COCO JSON and annotation documents. Each goes to the
 * image whose content it names, else to the image of the same name; a single label may also go to the open image. Masks
 * that were opened before keep their corrections.
 */
import { batch } from '@preact/signals';
import { SamusError } from '../../errors.js';
import { addObject, emptyDocument, type ObjectSeed, setScale } from '../document/edit.js';
import { objectCount } from '../document/objectCount.js';
import { freeClass } from '../document/palette.js';
import type { Annotation, ClassEntry, ImageDocument } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import type { Imported, ImportedImage, KnownSizes } from '../exports/readAnnotations.js';
import type { OpenedFile } from '../open/imageContract.js';
import { openFile } from '../open/openImage.js';
import { pageError } from '../pageError.js';
import { text } from '../text/en.js';
import { broughtBack, fallback } from './classes.js';
import { newId } from './edits.js';
import { contentOf, keyOf } from './entries.js';
import type { FoundFile } from './listing.js';
import { imageFor, imagesNamed, isNamedAsMask, objectIn } from './maskNames.js';
import { asMessage, say, sayError } from './messages.js';
import { restoreSettings } from './persist.js';
import { dicomKind, isDicomImage, readSegmentation } from './segIn.js';
import {
  classes,
  currentClass,
  currentId,
  type Entry,
  entries,
  FIRST_CLASSES,
  opened,
  removedClasses,
} from './state.js';
import { datasetOf } from './trainingSet.js';
import { putWork, workOn } from './works.js';

const [FIRST] = FIRST_CLASSES;

/**
 * @param among whether other files may be among them, such as unrelated JSON
 * @param sets classes of datasets by folder name, for their labels
 */
export async function addMasks(
  files: readonly FoundFile[],
  among: boolean,
  sets: ReadonlyMap<string, readonly ClassEntry[]> = new Map(),
): Promise<void> {
  const added = new Set<string>();
  /** The names of new objects, by entry and frame. */
  const names = new Map<string, Map<number, string[]>>();
  let fitting = 0;
  let known = 0;
  // Restore the classes of the last visit first.
  await restoreSettings();
  const lost: string[] = [];
  const failures: unknown[] = [];
  const leftOut: string[] = [];
  const reading = new Reading();
  for (const found of files) {
    try {
      const { images: read, leftOut: bad } = await readMasks(found, sets, reading);
      leftOut.push(...bad);
      for (const image of read) {
        try {
          const place = await placeFor(image, files.length === 1 && read.length === 1, reading);
          if (place) {
            const fresh = await putObjects(place, added, reading);
            fitting++;
            known += image.objects.length - fresh.length;
            if (fresh.length > 0) note(names, place, fresh);
          } else lost.push(image.image);
        } catch (error) {
          failures.push(error);
        }
      }
    } catch (error) {
      if (!among || !isOtherJson(error)) failures.push(error);
    }
  }
  reading.close();
  if (fitting > 0) {
    const frames = [...names.values()].map((ofEntry) => [...ofEntry.values()]);
    const objects = frames.reduce((sum, all) => sum + objectCount(all), 0);
    say(
      text.masksIn.added(objects, frames.length, frames.flat().length),
      text.masksIn.rest(
        known,
        lost.length,
        failures.map((failure) => asMessage(failure).text),
        leftOut,
      ),
    );
  } else if (failures.length > 0) sayError(failures[0]);
  else if (lost.length > 0 || !among) say(text.masksIn.nowhere(lost[0] ?? ''), text.masksIn.nowhereHint);
}

function note(names: Map<string, Map<number, string[]>>, { entry, frame }: Place, fresh: readonly string[]): void {
  const frames = names.get(entry.id) ?? new Map<number, string[]>();
  names.set(entry.id, frames.set(frame, [...(frames.get(frame) ?? []), ...fresh]));
}

/** Whether JSON is not a list of images at all. Invalid annotation files are reported instead. */
const isOtherJson = (error: unknown): boolean =>
  error instanceof SamusError && error.code === 'ANNOTATIONS_JSON' && error.details.where === 'images';

async function readMasks(
  { file, path }: FoundFile,
  sets: ReadonlyMap<string, readonly ClassEntry[]>,
  reading: Reading,
): Promise<Pick<Imported, 'images' | 'leftOut'>> {
  const isSeg = (await dicomKind(file)) === 'segmentation';
  if (isSeg || /\.json$/i.test(path)) {
    const read = isSeg ? readSegmentation({ file, path }) : readJson({ file, path }, reading);
    const { images, classes: named, leftOut } = await read;
    const ids = mergeClasses(named, true);
    const numbered = images.map((image) => ({
      ...image,
      objects: image.objects.map((object) => ({ ...object, classId: ids.get(object.classId) ?? object.classId })),
    }));
    return { images: numbered, leftOut };
  }
  const { width, height, classes: found, spacingMm } = await exportClient().call('label', file);
  // All classes of the dataset, so that new classes get other numbers.
  const ids = mergeClasses(sets.get(datasetOf(path) ?? '') ?? [], true);
  mergeClasses(
    found.filter(({ classId }) => !ids.has(classId)).map(({ classId }) => fallback(classId)),
    false,
  );
  const objects = found.map(({ classId, mask }) => ({
    classId: ids.get(classId) ?? classId,
    start: { mask, origin: 'file', score: null } as const,
    committed: true,
  }));
  return { images: [{ image: path, width, height, objects, ...(spacingMm && { spacingMm }) }], leftOut: [] };
}

/** Images that the file gives no size for have that of the image in the list. */
async function readJson({ file, path }: FoundFile, reading: Reading): Promise<Imported> {
  const ask = (sizes?: KnownSizes) => exportClient().call('annotations', { file, path, ...(sizes && { sizes }) });
  const read = await ask();
  if (!read.unsized) return read;
  const sizes = new Map<string, { readonly width: number; readonly height: number }>();
  for (const name of read.unsized) {
    const entry = imageFor(name, entries.peek());
    // What cannot be read is left out, as what is not in the list.
    const blank = entry && (await blankOf(entry, 1, reading).catch(() => undefined));
    if (blank) sizes.set(name, { width: blank.width, height: blank.height });
  }
  return ask(sizes);
}

/** Where masks go. */
interface Place {
  readonly entry: Entry;
  readonly frame: number;
  readonly image: ImportedImage;
}

/**
 * The image that masks belong to: by content, else by name. A single mask whose name matches no image goes to the
 * open frame.
 */
async function placeFor(image: ImportedImage, alone: boolean, reading: Reading): Promise<Place | undefined> {
  const { image: name, content, frame } = image;
  const all = entries.peek();
  if (content !== undefined) {
    for (const entry of all) if ((await contentOf(entry.id)) === content) return onFrame(entry, image, reading);
    // An image of the same name may be another patient's: devices number their files.
    if (imagesNamed(name, all).length === 0) return undefined;
    throw pageError('MASK_CONTENT', { name });
  }
  const open = all.find(({ id }) => id === currentId.peek());
  if (open && alone && frame === undefined && imagesNamed(name, all).length === 0) {
    return { entry: open, frame: opened.peek()?.picture.frame ?? 1, image };
  }
  const entry = imageFor(name, all);
  return entry && onFrame(entry, image, reading);
}

/**
 * The frame is the one that the masks state, else the one in their name: of a file with several frames, masks are named
 * as the command line writes them, `clip.0002.lesion.png`. A name after image and object names the object.
 */
async function onFrame(entry: Entry, image: ImportedImage, reading: Reading): Promise<Place> {
  const { image: name, objects } = image;
  const rest = isNamedAsMask(name) ? null : objectIn(name, entry.path);
  const [, digits, inFrame] = /^(\d{4,5})(?:\.(.+))?$/.exec(rest ?? '') ?? [];
  const stated = image.frame ?? (digits === undefined ? 1 : Number(digits));
  const frames = stated === 1 && digits === undefined ? 1 : (await reading.fileOf(entry)).frames;
  const isFrame = digits !== undefined && frames > 1;
  const frame = image.frame ?? (isFrame ? stated : 1);
  if (frame > frames || frame < 1) throw pageError('MASK_FRAME', { name, frame, frames });
  const [object, ...others] = objects;
  const own = isFrame ? inFrame : rest;
  const isNamed = object === undefined || others.length > 0 || object.name !== undefined || own == null;
  return { entry, frame, image: isNamed ? image : { ...image, objects: [{ ...object, name: own }] } };
}

/** The file of an image that masks are put on. It stays open for its other frames. */
class Reading {
  #open: { readonly id: string; readonly file: Promise<OpenedFile> } | undefined;

  /** @throws SamusError as {@link openFile} */
  fileOf({ id, file }: Entry): Promise<OpenedFile> {
    if (this.#open?.id === id) return this.#open.file;
    this.close();
    this.#open = { id, file: openFile(file) };
    return this.#open.file;
  }

  close(): void {
    // The caller has already received its error.
    void this.#open?.file.then((file) => file.close()).catch(() => undefined);
    this.#open = undefined;
  }
}

/**
 * @param added ids of objects added by the same call; this adds to them
 * @returns the names of the new objects
 */
async function putObjects({ entry, frame, image }: Place, added: Set<string>, reading: Reading): Promise<string[]> {
  const { width, height, objects, spacingMm } = image;
  const content = await keyOf(entry.id);
  // A DICOM image has its own millimetres by region; JSON of this page contains those set by hand.
  const isTrusted = image.content !== undefined || (spacingMm && !(await isDicomImage(entry.file)));
  const mm = isTrusted ? spacingMm : undefined;
  const begun = (await workOn(content, frame)) ?? (await blankOf(entry, frame, reading));
  // The image may have been annotated while it was being read.
  const work = (await workOn(content, frame)) ?? begun;
  const before = mm && !work.scale ? setScale(work, { mm, origin: 'calibrated' }) : work;
  if (before.width !== width || before.height !== height) {
    const asked = { askedWidth: before.width, askedHeight: before.height };
    throw pageError('MASK_SIZE', { name: entry.name, ...asked, width, height });
  }
  // Files of the same call may repeat a mask for another class.
  const known = new Set(work.objects.filter(({ id }) => !added.has(id)).map(beginning));
  const isThere = ({ name, start }: Omit<ObjectSeed, 'id'>): boolean =>
    work.objects.some((one) => one.name === name && start && one.shape?.counts === start.mask.counts);
  const fresh = objects.filter((object) => !known.has(beginning(object)) && !isThere(object));
  const seeds = fresh.map((object): ObjectSeed => ({ id: newId(), ...object }));
  const next = seeds.reduce<ImageDocument>(addObject, before);
  if (next !== work) putWork(content, frame, next);
  for (const { id } of seeds) added.add(id);
  const ids = new Set(seeds.map(({ id }) => id));
  return next.objects.filter(({ id }) => ids.has(id)).map(({ name }) => name);
}

/** Identifies an object by what corrections never change: its first mask, or else its first prompt or strokes. */
function beginning({
  start,
  points,
  box,
  strokes,
}: Partial<Pick<Annotation, 'start' | 'points' | 'box' | 'strokes'>>): string {
  const [x, y, label = 1] = points?.[0] ?? [];
  const click = x === undefined ? undefined : [x, y, label];
  return JSON.stringify(start?.mask.counts ?? click ?? box ?? [strokes?.added?.counts, strokes?.erased?.counts]);
}

/** An empty document for an image that has not been opened, with the size and scale of its file. */
async function blankOf(entry: Entry, frame: number, reading: Reading): Promise<ImageDocument> {
  const picture = await (await reading.fileOf(entry)).read(frame);
  const mm = picture.spacingMm ?? entry.spacingMm;
  return emptyDocument(picture.width, picture.height, mm ? { mm, origin: 'file' } : null);
}

/** Whether the classes are the initial ones. */
const areFirst = ([one, ...others]: readonly ClassEntry[]): boolean =>
  others.length === 0 && one?.id === FIRST.id && one.name === FIRST.name && one.color === FIRST.color;

/**
 * Adds missing classes; named ones are matched by name.
 * @returns the number here for each number there
 */
function mergeClasses(found: readonly ClassEntry[], byName: boolean): ReadonlyMap<number, number> {
  const ids = new Map<number, number>();
  if (found.length === 0) return ids;
  // If no class was named or used yet, numbers are taken over, so that a dataset keeps its numbering.
  const unused = byName && areFirst(classes.peek()) && entries.peek().every(({ shapes }) => shapes === 0);
  let all = unused ? [] : classes.peek();
  for (const entry of found) {
    const same = ({ id, name }: ClassEntry): boolean => (byName ? name === entry.name : id === entry.id);
    // Of several classes of one name: the one of this number, else none that is another class of the file.
    const others = [
      ...ids.values(),
      ...found.filter((one) => one !== entry && one.name === entry.name).map(({ id }) => id),
    ];
    const known =
      all.find((one) => same(one) && one.id === entry.id) ?? all.find((one) => same(one) && !others.includes(one.id));
    // A class that was restored and renamed keeps its number.
    const gone = removedClasses.peek().filter(({ id }) => !all.some((one) => one.id === id));
    const before = known ?? gone.find(same);
    const ever = [...all, ...removedClasses.peek()];
    const taken = ever.some(({ id }) => id === entry.id);
    const id = before?.id ?? (taken ? freeClass(ever) : entry.id);
    if (id === undefined) throw pageError('CLASSES_FULL');
    ids.set(entry.id, id);
    if (!known) all = [...all, before ? broughtBack(id) : { ...entry, id }].sort((a, b) => a.id - b.id);
  }
  batch(() => {
    classes.value = all;
    if (!all.some(({ id }) => id === currentClass.peek())) currentClass.value = all[0]!.id;
  });
  return ids;
}
