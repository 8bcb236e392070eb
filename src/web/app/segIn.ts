/**
 * Opens DICOM segmentations: each mask goes to the frame that it names, of the listed image that it names. Nothing is
 * guessed from names or positions.
 */
import { SamusError } from '../../errors.js';
import { type DicomKind, kindOfHead } from '../../formats/dicom/objectKind.js';
import { SNIFF_BYTES } from '../../formats/imageFormat.js';
import { classColor } from '../document/palette.js';
import type { ClassEntry } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import type { DicomInstance, SegMask } from '../exports/exportContract.js';
import type { Imported, ImportedImage } from '../exports/readAnnotations.js';
import { readBytes } from '../open/pictureErrors.js';
import { pageError } from '../pageError.js';
import { keyOf } from './entries.js';
import type { FoundFile } from './listing.js';
import { currentId, type Entry, entries, FIRST_CLASSES } from './state.js';

/** What a DICOM file holds; undefined for another file. Unreadable files are reported when they are opened. */
export async function dicomKind(file: File): Promise<DicomKind | undefined> {
  try {
    return kindOfHead(await readBytes(file.slice(0, SNIFF_BYTES)));
  } catch (error) {
    if (error instanceof SamusError) return undefined;
    throw error;
  }
}

export const isDicomImage = async (file: File): Promise<boolean> => (await instanceOf(file)) !== null;

/** Of listed files, which do not change; null for those that are no DICOM images. */
const instances = new WeakMap<File, Promise<DicomInstance | null>>();

/** @throws SamusError DICOM_SEG_REFERENCE if its image is not in the list or differs from it, and as readDicomSeg */
export async function readSegmentation({ file, path }: FoundFile): Promise<Imported> {
  const seg = await exportClient().call('seg', file);
  const classes = classesOf(seg.objects);
  const images: ImportedImage[] = [];
  let missing = false;
  for (const source of new Set(seg.objects.map((one) => one.source))) {
    const found = await imageOf(source);
    missing ||= !found;
    if (!found) continue;
    const { entry, instance } = found;
    const own = seg.objects.filter((one) => one.source === source);
    const fits = seg.width === instance.width && seg.height === instance.height;
    if (!fits || own.some(({ frame }) => frame < 1 || frame > instance.frames)) throw pageError('DICOM_SEG_REFERENCE');
    const content = await keyOf(entry.id);
    for (const frame of new Set(own.map((one) => one.frame))) {
      const objects = own
        .filter((one) => one.frame === frame)
        .map(({ name, className, mask }) => ({
          name,
          classId: classes.find((one) => one.name === (className ?? UNKNOWN))!.id,
          start: { mask, origin: 'file', score: null } as const,
          committed: true,
        }));
      images.push({ image: path, content, frame, width: seg.width, height: seg.height, objects });
    }
  }
  if (images.length === 0 && (missing || seg.objects.length === 0)) throw pageError('DICOM_SEG_REFERENCE');
  return { images, classes, leftOut: [] };
}

const UNKNOWN = FIRST_CLASSES[0].name;

function classesOf(masks: readonly SegMask[]): ClassEntry[] {
  const names = new Set(masks.map(({ className }) => className ?? UNKNOWN));
  return [...names].map((name, i) => ({ id: i + 1, name, color: classColor(i + 1) }));
}

/** The listed image of a UID, the open one first. */
async function imageOf(uid: string): Promise<{ entry: Entry; instance: DicomInstance } | undefined> {
  const open = currentId.peek();
  const ordered = [...entries.peek()].sort((a, b) => Number(b.id === open) - Number(a.id === open));
  for (const entry of ordered) {
    const instance = await instanceOf(entry.file);
    if (instance?.uid === uid) return { entry, instance };
  }
  return undefined;
}

function instanceOf(file: File): Promise<DicomInstance | null> {
  const known = instances.get(file) ?? readInstance(file);
  instances.set(file, known);
  return known;
}

async function readInstance(file: File): Promise<DicomInstance | null> {
  try {
    return await exportClient().call('instance', file);
  } catch (error) {
    // A listed file that cannot be opened has no masks.
    if (error instanceof SamusError) return null;
    throw error;
  }
}
