/**
 * A folder of DICOM files as hospitals export them, with folders in it: the frames of the images are pictures, and DICOM
 * segmentations in the folder their labels. Files are found by their content; DICOMDIR, reports and files that are not
 * DICOM are skipped. Frames without a mask have no label, because a missing mask does not mean that there is no object. Names of files
 * are not used, because they may name patients.
 */
import { basename, relative } from 'node:path';
import { SamusError } from '../../errors.js';
import { textOf } from '../../formats/dicom/dataSet.js';
import { patientKey } from '../../formats/dicom/dicomFacts.js';
import { dicomKind } from '../../formats/dicom/dicomKind.node.js';
import { type DicomImage, isDicom } from '../../formats/dicom/dicomSource.js';
import { filesBelow, whyUnreadable } from '../../formats/fileSystem.node.js';
import { openImage } from '../../formats/imageFile.node.js';
import { cutOffNote } from '../../formats/imageSource.js';
import { groupBy } from '../groupBy.js';
import { layoutError } from './files.node.js';
import { datasetEntry, type FrameSelection, type Importer, type ImportItem, type Skipped } from './importer.js';
import { type ClassOfSegment, maskedFrames, SegmentationReader } from './segLabels.node.js';

const LAYOUT = 'a folder of DICOM images, and maybe of segmentations of them';
const MOST_CLASSES = 255;
const BURNED_IN = 'pictures show what is burned into the pixels, such as names: look before you share them';

/** An image of the folder. */
interface FoundImage {
  readonly path: string;
  /** Relative to the source; never written. */
  readonly place: string;
  readonly uid: string | undefined;
  readonly frames: number;
  /** That frames are missing. */
  readonly note: string | undefined;
  /** What names the patient; never written. */
  readonly patientId: string | undefined;
  /** A secondary capture by this program, whose masks would be learnt from. */
  readonly drawn: boolean;
  /** The segmentations that have masks on its frames. */
  readonly masks: { readonly path: string; readonly frames: ReadonlySet<number> }[];
}

export const dicom: Importer = {
  id: 'dicom',
  layout: LAYOUT,
  options: ['dataset', 'classes', 'frames'],
  async plan(source, { dataset = 'Own-Data', classes: named, frames = 'all' }) {
    const failed: Skipped[] = [];
    const skipped: Skipped[] = [];
    const nameOf = (path: string): string => relative(source, path);
    const attempt = async <T>(path: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof SamusError) || error.kind === 'machine') throw error;
        failed.push({ file: nameOf(path), reason: error.message, code: error.code });
        return undefined;
      }
    };
    const files = await dicomFiles(source);
    failed.push(...files.unreadable);
    const images: FoundImage[] = [];
    for (const path of files.image) {
      const found = await attempt(path, () => readFacts(path, nameOf(path)));
      if (found?.drawn) skipped.push({ file: nameOf(path), reason: 'it is a picture with masks drawn in' });
      else if (found) images.push(found);
    }
    const byUid = groupBy(images, ({ uid = '' }) => uid);
    const reader = new SegmentationReader();
    const labels = new Set<string>();
    for (const path of files.segmentation) {
      const seg = await attempt(path, () => reader.read(path));
      if (!seg) continue;
      const known = seg.sources.flatMap((uid) => byUid.get(uid) ?? []);
      if (known.length === 0) {
        skipped.push({ file: nameOf(path), reason: 'the images that it refers to are not in the folder' });
        continue;
      }
      for (const { uid = '', masks } of known) masks.push({ path, frames: new Set(maskedFrames(seg, uid)) });
      for (const { label } of seg.segments) labels.add(classNameOf(label));
    }
    if (images.length === 0 && failed.length === 0) throw layoutError(source, LAYOUT, 'there is no DICOM image');
    const classes = named ?? [...labels];
    const unused = [...labels].filter((label) => !classes.includes(label));
    if (classes.length > MOST_CLASSES) {
      const message = `expected at most ${MOST_CLASSES} classes, got ${classes.length} labels of segments`;
      throw new SamusError('IMPORT_ANNOTATION', message, 'choose some with --classes');
    }
    const ids = new Map(classes.map((name, i) => [name, i + 1]));
    const loader = new FrameLoader(reader, (label) => ids.get(classNameOf(label)));
    const items = images.flatMap((image): ImportItem[] => {
      const { place, uid, patientId } = image;
      // Of several files with one UID, each has a name of its own.
      const copy = byUid.get(uid ?? '')?.indexOf(image) ?? 0;
      const file = uid === undefined ? `place ${place}` : copy === 0 ? uid : `${uid} ${copy}`;
      return chosenFrames(image, frames).map((frame) => ({
        ...{ dataset, name: place, source: place },
        identity: {
          file,
          ...(image.frames > 1 && { frame }),
          ...(patientId !== undefined && { patient: patientId }),
        },
        load: () => loader.load(image, frame),
      }));
    });
    const copies = [...byUid].some(([uid, of]) => uid !== '' && of.length > 1);
    const warnings = [
      ...(unused.length > 0 ? [`${unused.length} label(s) of segments are not among the classes`] : []),
      ...(copies
        ? ['some files have the UID of another one: they are copies, and masks of one are masks of both']
        : []),
      ...images.flatMap(({ place, note }) => (note === undefined ? [] : [`${place}: ${note}`])),
      ...(files.others > 0 ? [`${files.others} DICOM object(s) without an image, such as reports, left out`] : []),
      ...(items.length > 0 ? [BURNED_IN] : []),
    ];
    const entry = datasetEntry(classes.length > 0 ? classes : ['object'], 'not stated', 'own');
    return { datasets: new Map([[dataset, entry]]), items, skipped, failed, warnings };
  },
};

interface DicomFiles {
  readonly image: string[];
  readonly segmentation: string[];
  /** How many hold neither. */
  others: number;
  /** What cannot be opened, DICOM or not. */
  readonly unreadable: Skipped[];
}

/** The DICOM files of a folder and the folders in it, by what they are. */
async function dicomFiles(source: string): Promise<DicomFiles> {
  const paths = (await filesBelow(source))
    .filter((path) => !basename(path).startsWith('.'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1));
  const found: DicomFiles = { image: [], segmentation: [], others: 0, unreadable: [] };
  for (const path of paths) {
    const kind = await dicomKind(path);
    if (kind === 'image' || kind === 'segmentation') found[kind].push(path);
    else if (kind === 'other') found.others++;
    else if (kind === undefined) {
      // It may be one of them.
      const reason = await whyUnreadable(path);
      if (reason !== undefined) found.unreadable.push({ file: relative(source, path), reason });
    }
  }
  return found;
}

async function openDicom(path: string): Promise<DicomImage> {
  const source = await openImage(path);
  if (isDicom(source)) return source;
  throw new SamusError('IMAGE_FORMAT', `expected a DICOM image, got another file: ${path}`, 'import the folder again');
}

async function readFacts(path: string, place: string): Promise<FoundImage> {
  const source = await openDicom(path);
  const { file, frames, sopInstanceUid: uid } = source;
  const patientId = patientKey(file.data);
  const drawn = textOf(file.data, 0x0008_0070) === 'samus' && textOf(file.data, 0x0008_0064) === 'WSD';
  return { path, place, uid, frames, note: cutOffNote(source), patientId, drawn, masks: [] };
}

function chosenFrames({ frames, masks }: FoundImage, selection: FrameSelection): number[] {
  const all = Array.from({ length: frames }, (_, i) => i + 1);
  if (selection === 'all') return all;
  if (selection === 'masks') return all.filter((frame) => masks.some((one) => one.frames.has(frame)));
  return all.filter((frame) => (frame - 1) % selection.every === 0);
}

/** Loads frames, and keeps the last file open. */
class FrameLoader {
  readonly #segmentations: SegmentationReader;
  readonly #classOf: ClassOfSegment;
  #last: { readonly path: string; readonly image: DicomImage } | undefined;

  constructor(segmentations: SegmentationReader, classOf: ClassOfSegment) {
    this.#segmentations = segmentations;
    this.#classOf = classOf;
  }

  /** @throws SamusError DICOM_SEG_REFERENCE for masks of another size, and as openImage and readDicomSeg */
  async load({ path, masks }: FoundImage, frame: number) {
    if (this.#last?.path !== path) this.#last = { path, image: await openDicom(path) };
    const source = this.#last.image;
    const image = await source.read(frame);
    const used = masks.flatMap((one) => (one.frames.has(frame) ? [one.path] : []));
    if (used.length > 0) {
      return { image, ...(await this.#segmentations.label(source, image, frame, used, this.#classOf)) };
    }
    const spacingMm = source.spacingMm(frame);
    return { image, ...(spacingMm && { spacingMm }) };
  }
}

const classNameOf = (label: string): string => label.replace(/\p{Cc}/gu, ' ').trim() || 'object';
