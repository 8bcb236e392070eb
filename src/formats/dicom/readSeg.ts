/**
 * Reads masks from DICOM Segmentation and Label Map Segmentation. A mask belongs to the frame that its Derivation Image
 * names; positions are not looked at, because for ultrasound they are made up.
 */
import { SamusError } from '../../errors.js';
import type { Mask } from '../mask.js';
import { type TextReader, textIn, textReader } from './characterSets.js';
import { corruptDicom, type DataSet, dicomLimit, itemsOf, numberOf, numbersOf, shortOf, textOf } from './dataSet.js';
import { type DicomFile, readDicomFile } from './dicomFile.js';
import { kindOfClass } from './objectKind.js';
import { MOST_LABEL } from './segments.js';
import type { Code } from './writeDataSet.js';

/** A segmentation as it is in a file. */
export interface DicomSeg {
  /** SOP Instance UIDs of the images that it refers to. */
  readonly sources: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly segments: readonly ReadSegment[];
}

export interface ReadSegment {
  readonly number: number;
  readonly label: string;
  readonly type?: Code;
  readonly trackingUid?: string;
  readonly masks: readonly ReadMask[];
}

/** The mask on a frame of an image, counted from 1. */
export interface ReadMask {
  /** SOP Instance UID of the image. */
  readonly source: string;
  readonly frame: number;
  /** Unpacked anew at each access, so that thousands of masks take no memory. */
  readonly mask: Mask;
}

/** Transfer syntaxes that leave pixels as they are. */
const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2'];
const MAX_FRAMES = 50_000;
/** Most masks: a small label map can hold those of thousands of objects. */
const MAX_MASKS = 500_000;

/**
 * The masks of a segmentation. Fractional ones count from the half of their maximum.
 * @throws SamusError DICOM_SEG_REFERENCE for a frame that names no image, DICOM_TRANSFER_SYNTAX for compressed ones,
 *   DICOM_TRUNCATED, and as readDicomFile
 */
export async function readDicomSeg(bytes: Uint8Array): Promise<DicomSeg> {
  const file = await readDicomFile(bytes);
  const { data } = file;
  if (kindOfClass(textOf(data, 0x0008_0016)) !== 'segmentation') {
    throw reference('expected a segmentation, got another DICOM object', 'choose a file of DICOM SEG');
  }
  const [height, width] = [shortOf(data, 0x0028_0010) ?? 0, shortOf(data, 0x0028_0011) ?? 0];
  const frames = numberOf(data, 0x0028_0008) ?? 1;
  const bits = shortOf(data, 0x0028_0100) ?? 1;
  if (width === 0 || height === 0 || !Number.isInteger(frames) || frames < 1 || ![1, 8, 16].includes(bits)) {
    throw corruptDicom(
      `expected frames of 1, 8 or 16 bits, got ${frames} of ${width}x${height} pixels with ${bits} bits`,
    );
  }
  if (frames > MAX_FRAMES) throw dicomLimit(`expected at most ${MAX_FRAMES} frames, got ${frames}`);
  const samples = pixelsOf(file, frames * width * height, bits);
  const [shared = new Map()] = itemsOf(data, 0x5200_9229);
  const groups = itemsOf(data, 0x5200_9230);
  const layout: Layout = {
    kind: textOf(data, 0x0062_0001) ?? 'BINARY',
    width,
    height,
    bits,
    samples,
    half: halfOf(data),
  };
  const described = itemsOf(data, 0x0062_0002).filter((item) => !isBackground(item));
  const found = new Map<number, ReadMask[]>();
  for (const item of described) found.set(numberOf(item, 0x0062_0004) ?? 0, []);
  const known = [...found.keys()];
  let masks = 0;
  for (let n = 0; n < frames; n++) {
    const group = groups[n] ?? new Map();
    const place = sourceOf(group, shared);
    for (const number of segmentsIn(n, segmentOf(group, shared), layout, known)) {
      const list = found.get(number);
      if (!list) throw corruptDicom(`expected a description of segment ${number}, got none`);
      masks += 1;
      if (masks > MAX_MASKS) throw dicomLimit(`expected at most ${MAX_MASKS} masks, got more`);
      list.push(storedMask(place.source, place.frame, layout, n, number));
    }
  }
  const read = textReader(data);
  return {
    sources: [...new Set([...found.values()].flatMap((masks) => masks.map(({ source }) => source)))],
    width,
    height,
    segments: described.map((item) => segmentFacts(item, found, read)),
  };
}

/** How frames are stored. */
interface Layout {
  readonly kind: string;
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly samples: Uint8Array;
  /** From where on a fraction is inside. */
  readonly half: number;
}

const halfOf = (data: DataSet): number => (numberOf(data, 0x0062_000e) ?? 255) / 2;

function pixelsOf({ transferSyntax, pixels }: DicomFile, count: number, bits: number): Uint8Array {
  if (pixels && (!NATIVE.includes(transferSyntax) || !(pixels.content instanceof Uint8Array))) {
    throw new SamusError(
      'DICOM_TRANSFER_SYNTAX',
      `expected uncompressed masks, got transfer syntax ${transferSyntax}`,
      'convert the file first: dcmconv, dcmdrle or gdcmconv --raw',
    );
  }
  const content = pixels?.content instanceof Uint8Array ? pixels.content : new Uint8Array(0);
  const needed = Math.ceil((count * bits) / 8);
  if (content.length < needed) {
    const message = `expected ${needed} bytes of masks, got ${content.length}`;
    throw new SamusError('DICOM_TRUNCATED', message, 'export the file again');
  }
  return content;
}

/** The image and frame of a frame of the segmentation. */
function sourceOf(group: DataSet, shared: DataSet): { readonly source: string; readonly frame: number } {
  const derivations = [group, shared].flatMap((one) => itemsOf(one, 0x0008_9124));
  const images = derivations.flatMap((one) => itemsOf(one, 0x0008_2112));
  const [image] = images;
  const source = image && textOf(image, 0x0008_1155);
  if (!image || source === undefined) {
    throw reference(
      'expected the image of each mask in Derivation Image, got none',
      'the masks cannot be placed: export the segmentation with references to its image',
    );
  }
  return { source, frame: numbersOf(image, 0x0008_1160)[0] ?? 1 };
}

/** The segment of a frame; undefined in label maps. */
function segmentOf(group: DataSet, shared: DataSet): number | undefined {
  const [identification] = [group, shared].flatMap((one) => itemsOf(one, 0x0062_000a));
  return identification && numberOf(identification, 0x0062_000b);
}

/** The segments of frame `n` (from 0); of a label map those of the known ones that have pixels. */
function segmentsIn(n: number, segment: number | undefined, layout: Layout, known: readonly number[]): number[] {
  if (layout.kind === 'LABELMAP') {
    const size = layout.width * layout.height;
    const present = new Uint8Array(0x1_0000);
    for (let i = n * size; i < (n + 1) * size; i++) present[valueAt(layout, i)] = 1;
    return known.filter((number) => present[number] === 1);
  }
  const number = segment ?? (known.length === 1 ? known[0] : undefined);
  if (number === undefined) throw corruptDicom('expected the segment of each frame, got none');
  return [number];
}

function valueAt({ bits, samples }: Layout, at: number): number {
  if (bits === 1) return (samples[Math.floor(at / 8)]! >> (at % 8)) & 1;
  return bits === 8 ? samples[at]! : samples[2 * at]! | (samples[2 * at + 1]! << 8);
}

/** @param n the frame of the segmentation, from 0 */
function storedMask(source: string, frame: number, layout: Layout, n: number, segment: number): ReadMask {
  return {
    source,
    frame,
    get mask() {
      const { width, height, kind, half } = layout;
      const size = width * height;
      const least = kind === 'FRACTIONAL' ? half : 1;
      const data = new Uint8Array(size);
      for (let i = 0, at = n * size; i < size; i++, at++) {
        const value = valueAt(layout, at);
        if (kind === 'LABELMAP' ? value === segment : value >= least) data[i] = 1;
      }
      return { width, height, data };
    },
  };
}

const isBackground = (item: DataSet): boolean => numberOf(item, 0x0062_0004) === 0;

function segmentFacts(item: DataSet, found: ReadonlyMap<number, ReadSegment['masks']>, read: TextReader): ReadSegment {
  const number = numberOf(item, 0x0062_0004) ?? 0;
  const [code] = itemsOf(item, 0x0062_000f);
  const [value, scheme] = code ? [textOf(code, 0x0008_0100), textOf(code, 0x0008_0102)] : [];
  const trackingUid = textOf(item, 0x0062_0021);
  return {
    number,
    label: labelOf(item, read),
    ...(code &&
      value !== undefined &&
      scheme !== undefined && { type: [value, scheme, textIn(code, 0x0008_0104, read)] }),
    ...(trackingUid !== undefined && { trackingUid }),
    masks: found.get(number) ?? [],
  };
}

/** The name of a segment: its label, or its description where this program had to cut the label. */
export function labelOf(segment: DataSet, read: TextReader): string {
  const [label, description, tracking] = [0x0062_0005, 0x0062_0006, 0x0062_0020].map((tag) =>
    textIn(segment, tag, read),
  );
  const cut = description !== undefined && description === tracking && Array.from(description).length > MOST_LABEL;
  return (cut ? description : label) ?? '';
}

function reference(message: string, hint: string): SamusError {
  return new SamusError('DICOM_SEG_REFERENCE', message, hint);
}
