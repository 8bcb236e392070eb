/**
 * Writes the masks of DICOM images as DICOM objects: one file for all segmented frames of an image, after the last of
 * them. What the objects contain is known in formats/dicom/.
 */
import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { SamusError } from '../errors.js';
import type { AnnotatedImage, FailedImage } from '../formats/annotation.js';
import { isDicom } from '../formats/dicom/dicomSource.js';
import { type DicomSegObject, MOST_LABEL } from '../formats/dicom/segments.js';
import { type DrawnFrame, writeDicomSc } from '../formats/dicom/writeSc.js';
import { type DicomSegOptions, writeDicomSeg } from '../formats/dicom/writeSeg.js';
import { writeDicomSr } from '../formats/dicom/writeSr.js';
import { makeFolder, replaceFile } from '../formats/fileWrite.node.js';
import { openImage } from '../formats/imageFile.node.js';
import type { ImageSource } from '../formats/imageSource.js';
import { outputStems } from '../formats/outputNames.js';
import { dicomObjects, drawnFrame, type ObjectRequest, objectMeasurements } from './dicomObjects.js';
import { DICOM_FORMATS, type DicomFormat } from './segmentJob.js';

interface Surroundings {
  /** Runs each write, so that the caller does not end during one. */
  readonly uninterrupted?: <T>(write: () => Promise<T>) => Promise<T>;
  /** Takes what a person should know about a file that is written. */
  readonly warn?: (message: string) => void;
}

/** What the command line asks for. */
export interface DicomRequest extends ObjectRequest, Pick<DicomSegOptions, 'geometry' | 'kind'> {
  readonly model: string;
  readonly version: string;
}

const ENDINGS: Readonly<Record<DicomFormat, string>> = { dcmseg: 'seg', dcmsr: 'sr', dcmsc: 'sc' };

/**
 * The files for each image, one of each format for all its frames. A report needs the segmentation that it refers to.
 * @param out folder
 */
export function dicomPaths(
  images: readonly string[],
  formats: readonly DicomFormat[],
  out: string,
): ReadonlyMap<string, ReadonlyMap<DicomFormat, string>> {
  if (formats.length === 0) return new Map();
  const paths = [...new Set(images)];
  const stems = outputStems(
    paths.map((path) => ({ path })),
    (path) => basename(path, extname(path)),
  );
  return new Map(paths.map((path, i) => [path, dicomFiles(join(out, stems[i]!), formats)]));
}

/** The files of one image. @param base path prefix */
export function dicomFiles(base: string, formats: readonly DicomFormat[]): ReadonlyMap<DicomFormat, string> {
  const wanted = DICOM_FORMATS.filter(
    (format) => formats.includes(format) || (format === 'dcmseg' && formats.includes('dcmsr')),
  );
  return new Map(wanted.map((format) => [format, `${base}.${ENDINGS[format]}.dcm`]));
}

/** @throws SamusError DICOM_SEG_REFERENCE for another format, and as openImage */
export async function checkDicom(path: string): Promise<void> {
  if (!isDicom(await openImage(path))) throw notDicom(path);
}

function notDicom(path: string): SamusError {
  const message = `expected a DICOM image for --format ${DICOM_FORMATS.join(', ')}, got ${path}`;
  return new SamusError('DICOM_SEG_REFERENCE', message, 'choose other formats for it, such as png', { path });
}

/**
 * Writes the objects of one image.
 * @param entries its segmented frames
 * @throws SamusError DICOM_SEG_EMPTY where nothing was found, as the writers of formats/dicom, and of reading and writing
 */
async function writeDicomResults(
  path: string,
  entries: readonly AnnotatedImage[],
  paths: ReadonlyMap<DicomFormat, string>,
  request: DicomRequest,
  { uninterrupted = (write) => write(), warn = () => undefined }: Surroundings,
): Promise<void> {
  const source = await openImage(path);
  if (!isDicom(source)) throw notDicom(path);
  const { file } = source;
  const objects = dicomObjects(entries, source, request);
  const origin = { model: request.model, version: request.version, date: new Date() };
  const put = async (target: string | undefined, bytes: () => Uint8Array): Promise<void> => {
    if (target === undefined) return;
    const content = bytes();
    await makeFolder(dirname(target));
    await uninterrupted(() => replaceFile(target, (temporary) => writeFile(temporary, content, { flag: 'wx' })));
  };
  const { geometry = 'auto', kind = 'binary' } = request;
  const seg = writeDicomSeg(file, objects, { ...origin, geometry, kind });
  for (const name of paths.has('dcmseg') ? seg.shortened : []) {
    warn(
      `the label of ${name} in ${paths.get('dcmseg')} is cut to ${MOST_LABEL} characters; its description has the whole name`,
    );
  }
  await put(paths.get('dcmseg'), () => seg.bytes);
  await put(
    paths.get('dcmsr'),
    () => writeDicomSr(file, seg, objects, objects.flatMap(objectMeasurements), origin).bytes,
  );
  const drawn = paths.has('dcmsc') ? await drawnFrames(entries, source, objects) : [];
  await put(paths.get('dcmsc'), () => writeDicomSc(file, drawn, origin).bytes);
}

/** The segmented frames with the masks drawn in. */
async function drawnFrames(
  entries: readonly AnnotatedImage[],
  source: ImageSource,
  objects: readonly DicomSegObject[],
): Promise<DrawnFrame[]> {
  const drawn: DrawnFrame[] = [];
  const frames = [...new Set(entries.map(({ image }) => image.frame ?? 1))].sort((a, b) => a - b);
  for (const frame of frames) drawn.push(drawnFrame(frame, await source.read(frame), objects));
  return drawn;
}

/** Writes the DICOM objects of an image and names them in its entries. @returns why there are none */
export async function writeDicomObjects(
  path: string,
  entries: (AnnotatedImage | FailedImage)[],
  paths: ReadonlyMap<DicomFormat, string>,
  request: DicomRequest,
  surroundings: Surroundings = {},
): Promise<SamusError | undefined> {
  const own = entries.flatMap((entry) => ('error' in entry || entry.image.path !== path ? [] : [entry]));
  if (own.length === 0) return undefined;
  try {
    await writeDicomResults(path, own, paths, request, surroundings);
  } catch (error) {
    if (error instanceof SamusError && error.code === 'DICOM_SEG_EMPTY') return error;
    throw error;
  }
  for (const [i, entry] of entries.entries()) {
    if ('error' in entry || entry.image.path !== path) continue;
    entries[i] = { ...entry, files: { ...entry.files, ...Object.fromEntries(paths) } };
  }
  return undefined;
}
