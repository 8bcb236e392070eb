/**
 * Writes masks on DICOM images as DICOM objects, one file of a kind for all frames of an image: a segmentation, a report
 * of measurements with the segmentation that it refers to, or pictures with the masks drawn in. They hold the patient and
 * study of the image.
 */
import type { AnnotatedImage } from '../../formats/annotation.js';
import { codeOfName, isKnownCode } from '../../formats/dicom/codes.js';
import { type DicomImage, isDicom } from '../../formats/dicom/dicomSource.js';
import type { DicomSegObject } from '../../formats/dicom/segments.js';
import { type DrawnFrame, writeDicomSc } from '../../formats/dicom/writeSc.js';
import { writeDicomSeg } from '../../formats/dicom/writeSeg.js';
import { writeDicomSr } from '../../formats/dicom/writeSr.js';
import { OutputNames, stemInFolder } from '../../formats/outputNames.js';
import { dicomObjects, drawnFrame, objectMeasurements } from '../../jobs/dicomObjects.js';
import type { Annotation, ClassEntry } from '../document/types.js';
import { openPicture } from '../open/decodePicture.js';
import { pageError } from '../pageError.js';
import {
  type DicomExportFormat,
  type Exported,
  type ExportImage,
  type ExportRequest,
  type OutputFile,
  owned,
} from './exportContract.js';

/** Put in by the build (vite.config.ts): the version of the program. */
declare const __SAMUS__: string;

const ENDINGS: Readonly<Record<DicomExportFormat, string>> = { dcmseg: 'seg', dcmsr: 'sr', dcmsc: 'sc' };

/** @throws SamusError EXPORT_DICOM if none of the images is DICOM, and as the writers */
export async function exportDicom(
  request: ExportRequest,
  format: DicomExportFormat,
  progress: (done: number) => void,
): Promise<Exported> {
  const groups = groupByContent(request.images);
  const names = new OutputNames(groups.map(([image]) => image.path));
  const files: OutputFile[] = [];
  const others: number[] = [];
  let [done, unmeasured, shortened] = [0, 0, 0];
  for (const frames of groups) {
    const [{ file, path }] = frames;
    const { source } = await openPicture(file);
    try {
      if (isDicom(source)) {
        const stem = names.takeWhole(stemInFolder(path));
        const written = await writeObjects(source, frames, format, request);
        for (const { ending, bytes } of written.files)
          files.push({ path: `${stem}.${ending}.dcm`, bytes: owned(bytes) });
        if (!written.measured) unmeasured++;
        shortened += written.shortened;
      } else others.push(...frames.map((image) => request.images.indexOf(image)));
    } finally {
      source.close?.();
    }
    done += frames.length;
    progress(done);
  }
  if (files.length === 0) throw pageError('EXPORT_DICOM');
  return { files, skipped: [], others, unmeasured, shortened };
}

type Frames = [ExportImage, ...ExportImage[]];

/** The frames of each file. */
function groupByContent(images: readonly ExportImage[]): Frames[] {
  const groups = new Map<string, Frames>();
  for (const image of images) {
    const known = groups.get(image.content);
    if (known) known.push(image);
    else groups.set(image.content, [image]);
  }
  return [...groups.values()];
}

interface WrittenObjects {
  readonly files: readonly { readonly ending: string; readonly bytes: Uint8Array }[];
  /** Whether 3D Slicer can place the segmentation. */
  readonly measured: boolean;
  /** Number of labels that are cut. */
  readonly shortened: number;
}

async function writeObjects(
  source: DicomImage,
  images: readonly ExportImage[],
  format: DicomExportFormat,
  { classes, dicom }: ExportRequest,
): Promise<WrittenObjects> {
  const objects = objectsOf(source, images, classes);
  const origin = { model: modelOf(images), version: __SAMUS__, date: new Date() };
  if (format === 'dcmsc') {
    const drawn = await drawnFrames(source, images, objects);
    return {
      files: [{ ending: ENDINGS.dcmsc, bytes: writeDicomSc(source.file, drawn, origin).bytes }],
      measured: true,
      shortened: 0,
    };
  }
  const seg = writeDicomSeg(source.file, objects, { ...origin, ...dicom });
  const files: { ending: string; bytes: Uint8Array }[] = [{ ending: ENDINGS.dcmseg, bytes: seg.bytes }];
  if (format === 'dcmsr') {
    const measurements = objects.flatMap(objectMeasurements);
    files.push({ ending: ENDINGS.dcmsr, bytes: writeDicomSr(source.file, seg, objects, measurements, origin).bytes });
  }
  return { files, measured: seg.measured || dicom?.geometry === 'none', shortened: seg.shortened.length };
}

/** The objects over all frames, by their names; what they are follows from their name, else from their class. */
function objectsOf(
  source: DicomImage,
  images: readonly ExportImage[],
  classes: readonly ClassEntry[],
): DicomSegObject[] {
  const scales = new Map(images.map(({ frame, document }) => [frame, document.scale]));
  const all = images.flatMap(({ document }) => document.objects.filter(({ shape }) => shape !== null));
  const entries = images.map(
    ({ frame, document }): AnnotatedImage => ({
      image: { frame },
      objects: document.objects.flatMap(({ name, classId, color, points, shape, answer, start }) => {
        if (!shape) return [];
        const score = answer?.score ?? start?.score ?? null;
        return [{ name, classId, points, mask: shape, score, ...(color !== null && { color }) }];
      }),
    }),
  );
  const spacingMm = (frame: number, box?: Parameters<typeof source.spacingMm>[1]) => {
    const scale = scales.get(frame);
    return scale?.origin === 'calibrated' ? scale.mm : source.spacingMm(frame, box);
  };
  const found = dicomObjects(entries, { frames: source.frames, spacingMm }, { classes, automatic: false, named: true });
  return found.map((object) => {
    const own = all.filter(({ name }) => name === object.name);
    const className = classes.find(({ id }) => id === own[0]?.classId)?.name ?? '';
    const code = isKnownCode(object.code) ? object.code : codeOfName(className);
    const algorithm = own.length > 0 && own.every(isAutomatic) ? ('AUTOMATIC' as const) : object.algorithm;
    return { ...object, code, algorithm };
  });
}

const isAutomatic = ({ start, points, box }: Annotation): boolean =>
  start?.origin === 'automatic' && points.length === 0 && box === null;

function modelOf(images: readonly ExportImage[]): string {
  const models = images.flatMap(({ document }) => document.objects.flatMap(({ answer }) => answer?.model ?? []));
  return [...new Set(models)].join(', ') || 'unknown';
}

async function drawnFrames(
  source: DicomImage,
  images: readonly ExportImage[],
  objects: readonly DicomSegObject[],
): Promise<DrawnFrame[]> {
  const drawn: DrawnFrame[] = [];
  for (const frame of images.map((one) => one.frame).sort((a, b) => a - b)) {
    drawn.push(drawnFrame(frame, await source.read(frame), objects));
  }
  return drawn;
}
