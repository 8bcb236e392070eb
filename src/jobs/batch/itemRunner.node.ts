/**
 * Segments one image of a study, with all its frames, and writes its results. The last file that it writes is the record
 * `BASE.json`: the annotation document of the image, and measurements of its masks.
 */
import { stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Json, SamusError } from '../../errors.js';
import {
  type AnnotatedImage,
  type AnnotatedObject,
  type AnnotationClass,
  annotationJson,
} from '../../formats/annotation.js';
import { makeFolder, replaceFile } from '../../formats/fileWrite.node.js';
import { openImage } from '../../formats/imageFile.node.js';
import { frameName } from '../../formats/outputNames.js';
import { patchOf } from '../../formats/runs.js';
import { unpackedEntry } from '../../formats/zipFile.node.js';
import { measureMask } from '../../predict/measure.js';
import { checkDicom, dicomFiles, writeDicomObjects } from '../dicomResults.node.js';
import { chosenFrames, frameNumbers } from '../frames.js';
import { DICOM_FORMATS, type JobRunner, OUTPUT_FORMATS, type SegmentJob } from '../segmentJob.js';
import { fileHash } from './journal.node.js';
import type { ItemResult, PlannedItem, ResultFile, StudySettings } from './study.js';
import { STUDY_FILES, sha256 } from './studyFolder.node.js';
import { withUnpacked } from './unpackedImage.node.js';

/** The study of an item, as a thread has it. */
export interface ItemStudy {
  readonly folder: string;
  readonly temporary: string;
  readonly settings: StudySettings;
  /** Name of the model. */
  readonly model: string;
  readonly classes: readonly AnnotationClass[];
}

/** A record as tables of all images read it. */
export interface ItemRecord {
  /** The other files of the image. */
  readonly results: readonly ResultFile[];
  readonly images: readonly {
    readonly frame?: number;
    readonly width: number;
    readonly height: number;
    readonly objects: readonly {
      readonly name: string;
      readonly className?: string | null;
      readonly score: number | null;
      readonly presence?: number;
      readonly absent?: boolean;
      readonly area: number;
      readonly box: readonly [number, number, number, number] | null;
      readonly rle: { readonly size: readonly [number, number]; readonly counts: string } | null;
      readonly mask?: string;
      readonly measured: Lengths | null;
      readonly area_mm2?: number | null;
      readonly perimeter_mm?: number | null;
      readonly long_axis_mm?: number | null;
      readonly short_axis_mm?: number | null;
      readonly why_no_mm?: string;
    }[];
  }[];
}

/** Lengths of the largest part of a mask in pixels. */
interface Lengths {
  readonly perimeter_px: number;
  readonly long_axis_px: number;
  readonly short_axis_px: number;
}

/**
 * @throws SamusError why the image failed: BATCH_IMAGE_CHANGED for another content than planned, what reading and
 *   segmenting it throws, and FILE_UNWRITABLE, DISK_FULL
 */
export async function runItem(item: PlannedItem, study: ItemStudy, runner: JobRunner): Promise<ItemResult> {
  const { file, entry, content } = item;
  if (!entry) {
    checkContent(item, await fileHash(await readable(file)));
    return segmented(item, file, study, runner);
  }
  const bytes = await unpackedEntry(file, entry);
  checkContent(item, content === '' ? '' : sha256(bytes));
  return withUnpacked({ path: file, entry, bytes }, study.temporary, (path) => segmented(item, path, study, runner));
}

/** @throws SamusError IMAGE_NOT_FOUND and the like for a file that is gone */
async function readable(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) await openImage(path);
  return path;
}

function checkContent({ content, image }: PlannedItem, found: string | undefined): void {
  if (content === found) return;
  const message = `expected the content of ${image} that was planned, got another`;
  throw new SamusError('BATCH_IMAGE_CHANGED', message, 'run the command again, which plans it anew');
}

async function segmented(item: PlannedItem, path: string, study: ItemStudy, runner: JobRunner): Promise<ItemResult> {
  const { folder, settings, classes } = study;
  const base = join(folder, STUDY_FILES.images, ...item.base.split('/'));
  const dicom = DICOM_FORMATS.filter((format) => settings.formats.includes(format));
  if (dicom.length > 0) await checkDicom(path);
  const jobs = await jobsOf(item, path, base, study);
  await makeFolder(join(base, '..'));
  const entries: AnnotatedImage[] = [];
  for (const job of jobs) entries.push(await runner.run(job));
  const { dicom: options, auto, everything } = settings;
  if (dicom.length > 0) {
    const ways = { automatic: auto || everything !== undefined, named: everything === undefined };
    const request = { ...options, ...ways, model: study.model, classes };
    // Nothing was found: an empty segmentation is none.
    await writeDicomObjects(path, entries, dicomFiles(base, dicom), request);
  }
  const named = entries.map((one) => below(one, folder, item));
  const written = named.flatMap(({ objects, files: others = {} }) => [
    ...objects.flatMap(({ maskFile }) => maskFile ?? []),
    ...Object.values(others),
  ]);
  const files = await Promise.all([...new Set(written)].map((one) => hashed(folder, one)));
  const record = `${base}.json`;
  const text = `${JSON.stringify({ ...recordOf(named, study), results: files }, null, 2)}\n`;
  await replaceFile(record, (temporary) => writeFile(temporary, text, { flag: 'wx' }));
  const more = jobs[0]?.image.frame === undefined && (entries[0]?.frames ?? 1) > 1;
  return {
    files: [...files, await hashed(folder, relativeTo(folder, record))],
    objects: named.reduce((sum, { objects }) => sum + objects.length, 0),
    ...(more && { moreFrames: true as const }),
    ...(entries[0]?.framesStated !== undefined && { cutOff: true as const }),
  };
}

/** The jobs of an image, one for each frame that is to be segmented. */
async function jobsOf(item: PlannedItem, path: string, base: string, study: ItemStudy): Promise<SegmentJob[]> {
  const { settings, classes } = study;
  const { objects, frames, multimask, clean, minPresence, auto, everything, formats } = settings;
  const asked = (item.asked ?? [{ objects }]).map((one) => ({
    image: { path, content: item.content, ...(one.frame !== undefined && { frame: one.frame }) },
    objects: one.objects,
  }));
  const chosen = frames ? chosenFrames(asked, frameNumbers(frames, await openImage(path), item.image)) : asked;
  return chosen.map(({ image, objects: prompted }) => ({
    image,
    objects: prompted,
    multimask,
    clean,
    ...(minPresence !== undefined && { minPresence }),
    ...(auto && { auto }),
    ...(everything && { everything }),
    classes,
    outputs: {
      base: image.frame === undefined ? base : frameName(base, image.frame),
      // The record has all frames.
      formats: OUTPUT_FORMATS.filter((one) => one !== 'json' && formats.includes(one)),
    },
  }));
}

/** An entry with paths below the folder of the study, and the name of the image in lists. */
function below(entry: AnnotatedImage, folder: string, { image, content }: PlannedItem): AnnotatedImage {
  const files = Object.entries(entry.files ?? {}).map(([format, path]) => [format, relativeTo(folder, path)]);
  return {
    ...entry,
    image: { ...entry.image, path: image, content },
    objects: entry.objects.map((object) =>
      object.maskFile === undefined ? object : { ...object, maskFile: relativeTo(folder, object.maskFile) },
    ),
    files: Object.fromEntries(files),
  };
}

const relativeTo = (folder: string, path: string): string => relative(folder, path).split(sep).join('/');

async function hashed(folder: string, path: string): Promise<ResultFile> {
  const file = join(folder, path);
  return [path, (await stat(file)).size, (await fileHash(file)) ?? ''];
}

/** The annotation document, with `measured` in each object. */
function recordOf(images: readonly AnnotatedImage[], { model, classes }: ItemStudy): Record<string, Json> {
  const document = annotationJson({ model, classes, images });
  const listed = Array.isArray(document.images) ? document.images : [];
  return {
    ...document,
    images: listed.map((image: { readonly [key: string]: Json }, i) => ({
      ...image,
      objects: (Array.isArray(image.objects) ? image.objects : []).map(
        (object: { readonly [key: string]: Json }, k) => ({
          ...object,
          measured: lengthsOf(images[i]!.objects[k]!),
        }),
      ),
    })),
  };
}

function lengthsOf({ mask }: AnnotatedObject): Json {
  const patch = mask && patchOf(mask);
  if (!patch) return null;
  const { perimeterPx, longestDiameterPx, shortestDiameterPx } = measureMask(patch);
  return {
    perimeter_px: rounded(perimeterPx),
    long_axis_px: rounded(longestDiameterPx),
    short_axis_px: rounded(shortestDiameterPx),
  };
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000;
