/**
 * The work of `samus dicom info`: what a DICOM file is, without what identifies the patient, and without UIDs of objects,
 * which the hospital's archive can trace, unless asked.
 */
import { groupBy } from '../data/groupBy.js';
import { type Json, SamusError } from '../errors.js';
import { type DataSet, numberOf, textOf } from '../formats/dicom/dataSet.js';
import { frameTimes, patientFacts } from '../formats/dicom/dicomFacts.js';
import { type DicomFile, readDicomFile } from '../formats/dicom/dicomFile.js';
import { type DicomImage, isDicom } from '../formats/dicom/dicomSource.js';
import { type ObjectReference, referencesOf, reportFacts, segmentsOf } from '../formats/dicom/objectFacts.js';
import { kindOfClass } from '../formats/dicom/objectKind.js';
import { videoCoding } from '../formats/dicom/pixelFormat.js';
import {
  type Calibration,
  type PartSpacing,
  readCalibration,
  regionsJson,
  spacingIn,
} from '../formats/dicom/regions.js';
import { openFileSource } from '../formats/fileSource.node.js';
import { openImage } from '../formats/imageFile.node.js';
import { SNIFF_BYTES, sniffFormat } from '../formats/imageFormat.js';
import { cutOffNote } from '../formats/imageSource.js';
import { type Outcome, oneLine } from './run.js';

export interface DicomInfoOptions {
  readonly patient?: boolean;
  readonly uids?: boolean;
  readonly json?: boolean;
}

/** What is printed of a file. */
interface Description {
  readonly document: Record<string, Json>;
  readonly lines: readonly string[];
}

/** Reports; key objects are none. */
const REPORTS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.(1\d|2\d|3\d|4\d|50|6\d|7\d)(\.\d+)?$/;
const SECONDARY_CAPTURES = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.7(\.[1-4])?$/;

/**
 * Describes an image, a video, a segmentation or a report.
 * @throws SamusError DICOM_NO_PIXELS for other objects without an image, and as openImage
 */
export async function describeDicom(path: string, options: DicomInfoOptions): Promise<Outcome> {
  const { data, found } = await describe(path, options.uids === true);
  const patient = options.patient ? patientFacts(data) : undefined;
  return {
    document: { ...found.document, ...(patient && { patient }) },
    lines: [...found.lines, ...Object.entries(patient ?? {}).map(([name, value]) => `${name}: ${value}`)].map(oneLine),
  };
}

async function describe(path: string, uids: boolean): Promise<{ data: DataSet; found: Description }> {
  try {
    const source = await openImage(path);
    if (isDicom(source)) return { data: source.file.data, found: imageDescription(source, uids) };
    throw otherType(path, source.format);
  } catch (error) {
    const described = error instanceof SamusError && (error.code === 'DICOM_VIDEO' || error.code === 'DICOM_NO_PIXELS');
    const file = described ? await readWhole(path) : undefined;
    const found = file && objectDescription(file, uids);
    if (!file || !found) throw error;
    return { data: file.data, found };
  }
}

/** @throws SamusError as openFileSource and readDicomFile */
async function readWhole(path: string): Promise<DicomFile | undefined> {
  const source = await openFileSource(path);
  try {
    const head = await source.read(0, Math.min(SNIFF_BYTES, source.size));
    if (sniffFormat(head)?.id !== 'dicom') return undefined;
    return await readDicomFile(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

/** Text that is no UID is not repeated. */
const uidIn = (text = ''): string | null => (/^[0-9.]{1,64}$/.test(text) ? text : null);
const classOf = (data: DataSet): string | null => uidIn(textOf(data, 0x0008_0016));

function imageDescription(source: DicomImage, uids: boolean): Description {
  const { file, pixelFormat, calibration, frames, framesStated } = source;
  const { data, transferSyntax } = file;
  const { rows, columns, photometric } = pixelFormat;
  const note = cutOffNote(source);
  const times = frameTimes(data);
  const sopClass = classOf(data);
  const references = SECONDARY_CAPTURES.test(sopClass ?? '') ? referencesOf(data) : undefined;
  return {
    document: {
      ...{ sopClass, transferSyntax, rows, columns, frames },
      ...(framesStated !== undefined && { frames_stated: framesStated }),
      ...{ photometric, regions: regionsJson(calibration.regions), frame_times_ms: times && [...times] },
      ...spacingJson(calibration, frames),
      ...(references && { kind: 'secondary capture', ...referencesJson(references, uids) }),
    },
    lines: [
      ...(references ? ['secondary capture'] : []),
      `${columns}x${rows} pixels, ${frames} frame(s), ${photometric}`,
      `transfer syntax ${transferSyntax}, SOP class ${sopClass ?? 'none'}`,
      ...(note === undefined ? [] : [note]),
      ...regionLines(calibration, frames),
      ...(references ? referenceLines(references, uids) : []),
    ],
  };
}

const sizeText = ({ spacingMm, why }: PartSpacing): string =>
  spacingMm ? `pixels of ${spacingMm.join(' x ')} mm` : `no millimetres (${why})`;

/** The spacing of each frame if the file specifies them separately, else one for all. */
function frameSpacings(calibration: Calibration, frames: number): PartSpacing[] {
  const count = Math.min(frames, calibration.framesMm?.length ?? 1);
  return Array.from({ length: count }, (_, i) => spacingIn(calibration, i + 1));
}

/** Of all frames, or of ranges of frames where they differ. */
function regionLines(calibration: Calibration, frames: number): string[] {
  const { regions } = calibration;
  if (regions.length > 0) {
    return regions.map((region, i) => `region ${i + 1}, ${region.box.join(',')}: ${sizeText(region)}`);
  }
  const all = frameSpacings(calibration, frames);
  const same = groupBy(all.keys(), (i) => sizeText(all[i]!));
  return [...same].map(([size, of]) => (same.size === 1 ? size : `frame(s) ${ranges(of.map((i) => i + 1))}: ${size}`));
}

/** The size of a pixel that holds on all frames, or why there is none; and that of each frame where they differ. */
function spacingJson(calibration: Calibration, frames: number): Record<string, Json> {
  const all = frameSpacings(calibration, frames);
  const [first] = all;
  const differ = new Set(all.map(sizeText)).size > 1;
  const { spacingMm = null, why = null } = differ ? { why: 'frames have different spacings' } : (first ?? {});
  return {
    ...{ spacing_x_mm: spacingMm?.[0] ?? null, spacing_y_mm: spacingMm?.[1] ?? null },
    ...(why !== null && { why_no_mm: why }),
    ...(differ && {
      frame_spacings_mm: all.map((one) => one.spacingMm && { x: one.spacingMm[0], y: one.spacingMm[1] }),
    }),
  };
}

/** A video, a segmentation or a report; undefined for other objects. */
function objectDescription(file: DicomFile, uids: boolean): Description | undefined {
  const { data } = file;
  const transferSyntax = uidIn(file.transferSyntax);
  const sopClass = classOf(data);
  const size = (tag: number): number | null => numberOf(data, tag) ?? null;
  const [rows, columns] = [size(0x0028_0010), size(0x0028_0011)];
  const frames = numberOf(data, 0x0028_0008) ?? 1;
  const head = { sopClass, transferSyntax };
  const coded = `transfer syntax ${transferSyntax ?? 'unknown'}, SOP class ${sopClass ?? 'none'}`;
  const references = referencesOf(data);
  const video = videoCoding(file.transferSyntax);
  if (video !== undefined) {
    const calibration = readCalibration(data);
    const times = frameTimes(data);
    return {
      document: {
        ...{ ...head, kind: 'video', coding: video, rows, columns, frames },
        ...{ regions: regionsJson(calibration.regions), frame_times_ms: times && [...times] },
        ...spacingJson(calibration, frames),
      },
      lines: [
        `${video} video of ${columns}x${rows} pixels, ${frames} frame(s); its frames are not read`,
        coded,
        ...regionLines(calibration, frames),
        'extract it with dcmdump +W and make PNG of it with ffmpeg, or let the PACS send JPEG',
      ],
    };
  }
  if (kindOfClass(sopClass ?? undefined) === 'segmentation') {
    const stated = textOf(data, 0x0062_0001) ?? '';
    const type = ['BINARY', 'FRACTIONAL', 'LABELMAP'].includes(stated) ? stated : null;
    const segments = segmentsOf(data);
    return {
      document: {
        ...{ ...head, kind: 'segmentation', segmentation: type, rows, columns, frames },
        segments: segments.map((one) => ({ ...one })),
        ...referencesJson(references, uids),
      },
      lines: [
        `segmentation${type === null ? '' : ` (${type})`} of ${columns}x${rows} pixels, ${frames} frame(s)`,
        coded,
        ...segments.map(({ number, label, type: code, algorithm, frames: masked }) => {
          const facts = [code, algorithm, masked === null ? null : `${masked} frame(s)`].filter(
            (fact) => fact !== null,
          );
          return `segment ${number}, ${label || 'no label'}: ${facts.join(', ')}`;
        }),
        ...referenceLines(references, uids),
      ],
    };
  }
  if (!REPORTS.test(sopClass ?? '')) return undefined;
  const { title, groups } = reportFacts(data);
  return {
    document: {
      ...{ ...head, kind: 'report', title },
      measurements: groups.map(({ finding, values }) => ({ finding, values: values.map((value) => ({ ...value })) })),
      ...referencesJson(references, uids),
    },
    lines: [
      `report: ${title ?? 'no title'}, ${groups.length} group(s) of measurements`,
      coded,
      ...groups.map(({ finding, values }, i) => {
        const numbers = values.map(({ name, value, unit }) => `${name} ${Number(value.toPrecision(6))} ${unit}`.trim());
        return `measurements ${i + 1}${finding === null ? '' : `, ${finding}`}: ${numbers.join(', ')}`;
      }),
      ...referenceLines(references, uids),
    ],
  };
}

function referencesJson(references: readonly ObjectReference[], uids: boolean): Record<string, Json> {
  return {
    references: references.map(({ sopInstanceUid, segmentation, frames }) => ({
      ...(uids && { sopInstanceUid }),
      ...{ kind: segmentation ? 'segmentation' : 'image', frames: [...frames] },
    })),
  };
}

function referenceLines(references: readonly ObjectReference[], uids: boolean): string[] {
  if (references.length === 0) return ['refers to nothing'];
  return references.map(({ sopInstanceUid, segmentation, frames }) => {
    const what = `refers to ${segmentation ? 'a segmentation' : 'an image'}`;
    const which = frames.length === 0 ? '' : `, frame(s) ${ranges(frames)}`;
    return `${what}${uids ? ` ${sopInstanceUid}` : ''}${which}`;
  });
}

/** `1-3,7` */
function ranges(frames: readonly number[]): string {
  const parts: [from: number, to: number][] = [];
  for (const frame of frames) {
    const last = parts.at(-1);
    if (last && frame === last[1] + 1) last[1] = frame;
    else parts.push([frame, frame]);
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

function otherType(path: string, format: string): SamusError {
  return new SamusError('IMAGE_FORMAT', `expected a DICOM file, but ${path} is of another type`, 'name a DICOM file', {
    image: path,
    format,
  });
}
