/**
 * Writes masks on the frames of one image as DICOM Segmentation (PS3.3 A.51) or Label Map Segmentation (A.86, supplement
 * 243). Ultrasound has no place in the patient; so that viewers still load the masks, `auto` gives the object a
 * frame of reference that no other object shares, and pixel sizes where they are known. `none` writes no geometry.
 */
import { SamusError } from '../../errors.js';
import type { DataSet } from './dataSet.js';
import {
  commonElements,
  type DicomObject,
  type ExportOrigin,
  type ExportSource,
  finishObject,
  lossyElements,
  objectReference,
  SOURCE_PURPOSE,
  type SourceFacts,
  sourceFacts,
  sourceReference,
  writtenSource,
} from './derivedObject.js';
import { type DicomSegMask, type DicomSegObject, MOST_LABEL, oneLine, segmentItems } from './segments.js';
import { codeItem, dataSet, derivedUid } from './writeDataSet.js';

export interface DicomSegOptions extends ExportOrigin {
  /** Default `auto`. */
  readonly geometry?: 'auto' | 'none';
  /** Default `binary`. */
  readonly kind?: 'binary' | 'labelmap';
}

/** A written segmentation and where its masks are: the object of those given, the frame of the image, and the frame of the file. */
export interface WrittenDicomSeg extends DicomObject {
  readonly frames: readonly { readonly object: number; readonly frame: number; readonly segFrame: number }[];
  /** Whether the object says how large pixels are. */
  readonly measured: boolean;
  /** Names of objects that are longer than a label may be. The file has them whole as descriptions. */
  readonly shortened: readonly string[];
}

const SEGMENTATION = '1.2.840.10008.5.1.4.1.1.66.4';
const LABEL_MAP = '1.2.840.10008.5.1.4.1.1.66.7';
const MAX_FRAMES = 50_000;
const MAX_LABELS = 255;

/** A frame that is written: an object, or all objects of a label map (undefined). */
interface Plane {
  readonly segment: number | undefined;
  readonly frame: number;
  readonly masks: readonly { readonly segment: number; readonly data: Uint8Array }[];
}

/**
 * The file of a segmentation. Objects without pixels are left out; the others are numbered from 1 in their order.
 * @throws SamusError DICOM_SEG_EMPTY, DICOM_SEG_OVERLAP for a label map, DICOM_SEG_REFERENCE for masks of another size or
 *   frame, DICOM_LIMIT
 */
export function writeDicomSeg(
  source: ExportSource,
  objects: readonly DicomSegObject[],
  options: DicomSegOptions,
): WrittenDicomSeg {
  const { geometry = 'auto', kind = 'binary', date = new Date() } = options;
  const facts = sourceFacts(source);
  for (const { masks } of objects) for (const one of masks) checkMask(one, facts);
  const shown = objects
    .map((object, index) => ({ index, object: withPixels(object) }))
    .filter(({ object }) => object.masks.length > 0);
  if (shown.length === 0) {
    throw new SamusError('DICOM_SEG_EMPTY', 'expected a mask with pixels, got none', 'segment an object first');
  }
  const labelled = kind === 'labelmap';
  const segments = shown.map(({ object }) => object);
  const planes = labelled ? labelPlanes(segments) : binaryPlanes(segments);
  const limit = (what: string, most: number, got: number): void => {
    if (got <= most) return;
    throw new SamusError(
      'DICOM_LIMIT',
      `expected at most ${most} ${what} in a segmentation, got ${got}`,
      'export fewer at a time',
    );
  };
  limit('frames', MAX_FRAMES, planes.length);
  limit('objects', labelled ? MAX_LABELS : 0xffff, segments.length);
  const overlap = segmentsOverlap(segments);
  if (labelled && overlap) {
    throw new SamusError(
      'DICOM_SEG_OVERLAP',
      'expected separate objects for a label map, got two that overlap',
      'export a binary segmentation',
    );
  }
  const written = writtenSource(
    source,
    segments.flatMap(({ name, code }) => [name, code.category[2], code.type[2]]).concat(options.model ?? ''),
  );
  const placed = geometry === 'auto';
  const spacing = placed ? commonSpacing(segments) : undefined;
  const elements: DataSet = new Map([
    ...commonElements(
      written,
      { ...options, date },
      {
        sopClass: labelled ? LABEL_MAP : SEGMENTATION,
        modality: 'SEG',
        description: 'Segmentation',
      },
    ),
    ...dataSet(
      [0x0008_0008, ['DERIVED', 'PRIMARY']],
      [0x0008_1115, [seriesReference(facts)]],
      [0x0028_0002, 1],
      [0x0028_0004, 'MONOCHROME2'],
      [0x0028_0008, String(planes.length)],
      [0x0028_0010, facts.rows],
      [0x0028_0011, facts.columns],
      [0x0028_0100, labelled ? 8 : 1],
      [0x0028_0101, labelled ? 8 : 1],
      [0x0028_0102, labelled ? 7 : 0],
      [0x0028_0103, 0],
      [0x0028_0301, 'NO'],
      [0x0062_0001, labelled ? 'LABELMAP' : 'BINARY'],
      [0x0062_0002, segmentItems(segments, labelled, facts, options, written.encode)],
      [0x0070_0080, 'SEGMENTATION'],
      [0x0070_0081, 'samus segmentation, research use only'],
      [0x0070_0084, ''],
      [0x7fe0_0010, { vr: 'OB', bytes: labelled ? labels(planes, facts) : packedBits(planes, facts) }],
    ),
    ...lossyElements(source),
    // Without the value of its background readers take it for an object.
    ...(labelled ? dataSet([0x0028_0120, 0]) : dataSet([0x0062_0013, overlap ? 'YES' : 'NO'])),
    ...(placed
      ? dataSet([0x0020_0052, derivedUid(`samus-for${facts.sopInstanceUid}`)], [0x0020_1040, ''])
      : dataSet([0x0020_0020, ''])),
    ...dimensions(labelled, placed, facts),
    ...dataSet(
      [0x5200_9229, [placed ? sharedGeometry(spacing) : new Map()]],
      [0x5200_9230, frameItems(planes, facts, placed)],
    ),
  ]);
  return {
    ...finishObject(elements),
    frames: planes.flatMap(({ frame, masks }, n) =>
      masks.map(({ segment }) => ({ object: shown[segment - 1]!.index, frame, segFrame: n + 1 })),
    ),
    measured: spacing !== undefined,
    shortened: segments.flatMap(({ name }) => (Array.from(oneLine(name)).length > MOST_LABEL ? [name] : [])),
  };
}

function checkMask({ frame, mask, spacingMm }: DicomSegMask, { rows, columns, frames }: SourceFacts): void {
  const fits = mask.width === columns && mask.height === rows && mask.data.length === columns * rows;
  const known = Number.isInteger(frame) && frame >= 1 && frame <= frames;
  const sized = !spacingMm || spacingMm.every((side) => Number.isFinite(side) && side > 0);
  if (fits && known && sized) return;
  const got = `${mask.width}x${mask.height} on frame ${frame}${sized ? '' : ` with pixels of ${spacingMm?.join(' x ')} mm`}`;
  throw new SamusError(
    'DICOM_SEG_REFERENCE',
    `expected masks of ${columns}x${rows} pixels on frames 1 to ${frames}, got ${got}`,
    'give masks of the stored size of the image',
  );
}

function withPixels(object: DicomSegObject): DicomSegObject {
  const masks = object.masks.filter(({ mask }) => mask.data.some((value) => value !== 0));
  return { ...object, masks: masks.sort((a, b) => a.frame - b.frame) };
}

/** Segment by segment, each in the order of frames. */
function binaryPlanes(segments: readonly DicomSegObject[]): Plane[] {
  return segments.flatMap(({ masks }, i) =>
    masks.map(({ frame, mask }) => ({ segment: i + 1, frame, masks: [{ segment: i + 1, data: mask.data }] })),
  );
}

function labelPlanes(segments: readonly DicomSegObject[]): Plane[] {
  return usedFrames(binaryPlanes(segments)).map((frame) => {
    const masks = segments.flatMap((object, i) =>
      object.masks.filter((one) => one.frame === frame).map(({ mask }) => ({ segment: i + 1, data: mask.data })),
    );
    return { segment: undefined, frame, masks };
  });
}

const usedFrames = (planes: readonly Pick<Plane, 'frame'>[]): number[] =>
  [...new Set(planes.map(({ frame }) => frame))].sort((a, b) => a - b);

function segmentsOverlap(segments: readonly DicomSegObject[]): boolean {
  return labelPlanes(segments).some(({ masks }) => {
    if (masks.length < 2) return false;
    const taken = new Uint8Array(masks[0]!.data.length);
    return masks.some(({ data }) => {
      let twice = false;
      for (let i = 0; i < data.length; i++) {
        if (data[i] === 0) continue;
        if (taken[i] === 1) twice = true;
        taken[i] = 1;
      }
      return twice;
    });
  });
}

/** The size of a pixel that all masks share, undefined if one of them has none or another. */
function commonSpacing(segments: readonly DicomSegObject[]): readonly [x: number, y: number] | undefined {
  const all = segments.flatMap(({ masks }) => masks.map(({ spacingMm }) => spacingMm));
  const first = all[0];
  const same = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-3 * Math.abs(b);
  return first && all.every((one) => one && same(one[0], first[0]) && same(one[1], first[1])) ? first : undefined;
}

function seriesReference({ seriesUid, sopClass, sopInstanceUid }: SourceFacts): DataSet {
  return dataSet([0x0020_000e, seriesUid], [0x0008_114a, [objectReference(sopClass, sopInstanceUid)]]);
}

function dimensions(labelled: boolean, placed: boolean, { sopInstanceUid }: SourceFacts): DataSet {
  const organization = derivedUid(`samus-dimensions${sopInstanceUid}`);
  const dimension = (pointer: number, group: number, label: string): DataSet =>
    dataSet([0x0020_9164, organization], [0x0020_9165, pointer], [0x0020_9167, group], [0x0020_9421, label]);
  const bySegment = dimension(0x0062_000b, 0x0062_000a, 'Segment Number');
  const byFrame = placed
    ? dimension(0x0020_0032, 0x0020_9113, 'Image Position Patient')
    : dimension(0x0020_9128, 0x0020_9111, 'Temporal Position Index');
  return dataSet(
    [0x0020_9221, [dataSet([0x0020_9164, organization])]],
    [0x0020_9222, labelled ? [byFrame] : [bySegment, byFrame]],
  );
}

function sharedGeometry(spacing: readonly [x: number, y: number] | undefined): DataSet {
  const orientation = dataSet([0x0020_0037, [1, 0, 0, 0, 1, 0]]);
  const measures = spacing && dataSet([0x0028_0030, [spacing[1], spacing[0]]], [0x0018_0050, 1], [0x0018_0088, 1]);
  return dataSet([0x0020_9116, [orientation]], ...(measures ? ([[0x0028_9110, [measures]]] as const) : []));
}

function frameItems(planes: readonly Plane[], facts: SourceFacts, placed: boolean): DataSet[] {
  const ranks = new Map(usedFrames(planes).map((frame, i) => [frame, i + 1]));
  const derivation = codeItem(['113076', 'DCM', 'Segmentation']);
  const purpose = codeItem(SOURCE_PURPOSE);
  return planes.map(({ segment, frame }) => {
    const rank = ranks.get(frame)!;
    const image = new Map([
      ...sourceReference(facts, frame),
      ...dataSet([0x0028_135a, 'YES'], [0x0040_a170, [purpose]]),
    ]);
    const content = dataSet(
      [0x0020_9157, segment === undefined ? [rank] : [segment, rank]],
      // Validators demand that it equals the index of its dimension.
      ...(placed ? [] : ([[0x0020_9128, rank]] as const)),
    );
    return dataSet(
      [0x0008_9124, [dataSet([0x0008_2112, [image]], [0x0008_9215, [derivation]])]],
      [0x0020_9111, [content]],
      // A step of 1 for each frame: programs that stack frames by their position keep them apart.
      ...(placed ? ([[0x0020_9113, [dataSet([0x0020_0032, [0, 0, frame - 1]])]]] as const) : []),
      ...(segment === undefined ? [] : ([[0x0062_000a, [dataSet([0x0062_000b, segment])]]] as const)),
    );
  });
}

/** One bit a pixel, the lowest of a byte first; frames follow each other without a gap (PS3.5 8.1.1). */
function packedBits(planes: readonly Plane[], { rows, columns }: SourceFacts): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((planes.length * rows * columns) / 8));
  let [at, byte, bit] = [0, 0, 1];
  for (const { masks } of planes) {
    for (const value of masks[0]!.data) {
      if (value !== 0) byte |= bit;
      bit <<= 1;
      if (bit < 0x100) continue;
      bytes[at++] = byte;
      [byte, bit] = [0, 1];
    }
  }
  if (bit > 1) bytes[at] = byte;
  return bytes;
}

function labels(planes: readonly Plane[], { rows, columns }: SourceFacts): Uint8Array {
  const pixels = rows * columns;
  const bytes = new Uint8Array(planes.length * pixels);
  for (const [n, { masks }] of planes.entries()) {
    for (const { segment, data } of masks) {
      for (let i = 0; i < pixels; i++) if (data[i] !== 0) bytes[n * pixels + i] = segment;
    }
  }
  return bytes;
}
