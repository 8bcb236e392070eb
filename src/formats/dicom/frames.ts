/**
 * Where the frames of a DICOM file are: equal parts of native pixels, or fragments of encapsulated ones, which offset
 * tables group into frames, or the beginnings of their codestreams where the tables are missing or wrong (PS3.5 A.4).
 */
import { bytesOf, corruptDicom, type DataSet, numbersOf } from './dataSet.js';
import type { PixelElement } from './dataSetReader.js';
import { damagedPixels, type PixelFormat } from './pixelFormat.js';

/** Bytes of the tag and the length of a fragment. */
const ITEM_HEADER = 8;

export interface Frames {
  /** Complete frames; fewer than in the header of a truncated file. */
  readonly count: number;
  /** Whether YBR_FULL_422 has three samples a pixel: servers convert it to RGB and keep the name. */
  readonly converted: boolean;
  /** The stored bytes of a frame, from 1. */
  at(frame: number): Uint8Array;
  /** The fragments of each frame; none of native pixels. */
  readonly fragments: readonly (readonly Uint8Array[])[];
}

/** @throws SamusError DICOM_TRUNCATED if no frame is complete, DICOM_CORRUPT if fragments do not make up frames */
export function locateFrames(data: DataSet, pixels: PixelElement, format: PixelFormat): Frames {
  const { content, fragmentCut, truncated } = pixels;
  if (content instanceof Uint8Array) return nativeFrames(content, pixels.stated, format);
  const [table = new Uint8Array(), ...fragments] = content;
  const groups = groupFragments(data, table, fragments, format.frames, {
    fragmentCut: fragmentCut === true,
    open: truncated,
    head: (fragment) => fragment,
    cut: (fragment, length) => fragment.subarray(0, length),
  });
  const at = (frame: number): Uint8Array => join(groups[frame - 1] ?? []);
  return { count: groups.length, converted: false, at, fragments: groups };
}

function nativeFrames(content: Uint8Array, stated: number | undefined, format: PixelFormat): Frames {
  const { size, count, converted } = nativeLayout(content.length, format, stated);
  const at = (frame: number): Uint8Array => content.subarray((frame - 1) * size, frame * size);
  return { count, converted, at, fragments: [] };
}

/**
 * How native pixels of `length` bytes are cut into frames.
 * @param stated bytes, of which a file that is cut off has fewer
 * @throws SamusError DICOM_TRUNCATED, DICOM_CORRUPT
 */
export function nativeLayout(length: number, format: PixelFormat, stated = length) {
  const { rows, columns, samples, bitsAllocated, frames, photometric } = format;
  const subsampled = photometric.endsWith('_422');
  const full = rows * columns * samples * (bitsAllocated / 8);
  const padding = stated - full * frames;
  const converted = photometric === 'YBR_FULL_422' && (length >= full * frames || padding === 0 || padding === 1);
  if (subsampled && !converted && columns % 2 === 1) {
    throw corruptDicom(`expected an even number of columns of ${photometric}, got ${columns}`);
  }
  const size = subsampled && !converted ? rows * columns * 2 : full;
  const count = Math.min(frames, Math.floor(length / size));
  if (count === 0) {
    throw damagedPixels(`expected ${size} bytes of a frame, got ${length}`, 'DICOM_TRUNCATED');
  }
  return { size, count, converted };
}

/** A fragment in memory, or a place in a file. */
interface Fragment {
  readonly byteOffset: number;
  readonly length: number;
}

interface FragmentAccess<F> {
  /** Whether the file ends in a fragment that the list lacks. */
  readonly fragmentCut: boolean;
  /** Whether the delimiter behind the fragments is missing. Frames may be missing, too. */
  readonly open: boolean;
  /** The first bytes; 64 are enough. */
  head(fragment: F): Uint8Array;
  /** A shorter fragment. */
  cut(fragment: F, length: number): F;
}

/**
 * The fragments of each frame; of a file that is cut off those of the complete frames.
 * @param table the Basic Offset Table
 * @throws SamusError DICOM_CORRUPT, DICOM_TRUNCATED
 */
export function groupFragments<F extends Fragment>(
  data: DataSet,
  table: Uint8Array,
  fragments: readonly F[],
  frames: number,
  access: FragmentAccess<F>,
): F[][] {
  const { fragmentCut, head } = access;
  const extended = byExtendedTable(data, fragments, frames, access);
  if (fragmentCut) return extended ?? completeFrames(table, fragments, frames, head);
  const found =
    extended ??
    (frames === 1 && fragments.length > 0 ? [[...fragments]] : undefined) ??
    (fragments.length === frames ? fragments.map((fragment) => [fragment]) : undefined) ??
    byStarts(fragments, basicStarts(table, fragments, frames), frames) ??
    byStarts(fragments, codestreamStarts(fragments.map(head)), frames);
  if (found) return found;
  if (access.open && fragments.length > 0) return completeFrames(table, fragments, frames, head);
  throw corruptDicom(`expected fragments of ${frames} frame(s), got ${fragments.length} fragment(s)`);
}

/**
 * The frames whose end is known: by the Basic Offset Table, where the next frame begins; without, those before the last
 * codestream that begins, and that one if all frames are single fragments.
 * @throws SamusError DICOM_TRUNCATED if there is none
 */
function completeFrames<F extends Fragment>(
  table: Uint8Array,
  fragments: readonly F[],
  frames: number,
  head: (fragment: F) => Uint8Array,
): F[][] {
  const known = knownStarts(table, fragments, frames);
  const starts = known ?? codestreamStarts(fragments.map(head));
  const single = !known && frames > 1 && starts.length === fragments.length;
  const ends = single ? [...starts.slice(1), fragments.length] : starts.slice(1);
  if (starts[0] !== 0 || ends.length === 0) {
    throw damagedPixels('expected a whole frame, got the end of the file', 'DICOM_TRUNCATED');
  }
  return ends.slice(0, frames).map((end, i) => fragments.slice(starts[i], end));
}

/** Position of the item of a fragment behind the Basic Offset Table. */
function positions(fragments: readonly Fragment[]): number[] {
  const first = fragments[0]?.byteOffset ?? 0;
  return fragments.map((fragment) => fragment.byteOffset - first);
}

/** Each frame is one fragment, with its length without padding. */
function byExtendedTable<F extends Fragment>(
  data: DataSet,
  fragments: readonly F[],
  frames: number,
  { open, cut }: FragmentAccess<F>,
) {
  const [offsets, lengths] = [0x7fe00001, 0x7fe00002].map((tag) =>
    bytesOf(data, tag)?.length === frames * 8 ? numbersOf(data, tag) : [],
  );
  if (offsets?.length !== frames || lengths?.length !== frames) return undefined;
  // A table that names a fragment twice is wrong.
  if (new Set(offsets).size < frames) return undefined;
  const fragmentAt = new Map(positions(fragments).map((position, i) => [position, fragments[i]]));
  const found = offsets.map((offset, i) => {
    const fragment = fragmentAt.get(offset);
    const length = lengths[i] ?? 0;
    return fragment && length > 0 && length <= fragment.length ? [cut(fragment, length)] : [];
  });
  const missing = found.findIndex(({ length }) => length === 0);
  if (missing < 0) return found;
  return open && missing > 0 && missing === fragments.length ? found.slice(0, missing) : undefined;
}

/** Which fragments begin a frame by the Basic Offset Table; none where it does not fit. */
function basicStarts(table: Uint8Array, fragments: readonly Fragment[], frames: number): number[] {
  const starts = tableStarts(table, positions(fragments), frames);
  return starts.length === frames ? starts : [];
}

/** The same of a file that is cut off; the last may be the end of the fragments. Undefined where the table does not fit. */
function knownStarts(table: Uint8Array, fragments: readonly Fragment[], frames: number): number[] | undefined {
  const places = positions(fragments);
  const [last, lastPlace] = [fragments.at(-1), places.at(-1)];
  if (!last || lastPlace === undefined) return undefined;
  const starts = tableStarts(table, [...places, lastPlace + ITEM_HEADER + last.length], frames);
  return starts.length > 1 ? starts : undefined;
}

/** The items that the entries of the table point to, up to the first entry that points to none. */
function tableStarts(table: Uint8Array, places: readonly number[], frames: number): number[] {
  if (table.length !== frames * 4) return [];
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const indexAt = new Map(places.map((place, i) => [place, i]));
  const starts = Array.from({ length: frames }, (_, i) => indexAt.get(view.getUint32(i * 4, true)) ?? -1);
  const wrong = starts.findIndex((start, i) => start < 0 || (i > 0 && start <= starts[i - 1]!));
  return wrong < 0 ? starts : starts.slice(0, wrong);
}

function codestreamStarts(heads: readonly Uint8Array[]): number[] {
  return heads.flatMap((head, i) => (beginsCodestream(head) ? [i] : []));
}

/** JPEG and JPEG-LS, JPEG 2000 with and without boxes, or a header of RLE. */
function beginsCodestream(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if (a === 0xff && b === 0xd8) return true;
  if (a === 0xff && b === 0x4f && c === 0xff && d === 0x51) return true;
  if (String.fromCharCode(...bytes.subarray(4, 8)) === 'jP  ') return true;
  if (bytes.length < 64) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const segments = view.getUint32(0, true);
  return segments >= 1 && segments <= 15 && view.getUint32(4, true) === 64;
}

function byStarts<F>(fragments: readonly F[], starts: readonly number[], frames: number) {
  if (starts.length !== frames || starts[0] !== 0) return undefined;
  return starts.map((start, i) => fragments.slice(start, starts[i + 1]));
}

/** The bytes of several parts; one is not copied. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
