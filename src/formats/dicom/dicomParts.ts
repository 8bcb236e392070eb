/**
 * Reads DICOM files of any size in parts: the elements before the pixels, where the fragments are, and then one frame at
 * a time. So a clip of a gigabyte takes no more memory than its header and a frame.
 */
import { SamusError } from '../../errors.js';
import type { FileParts } from '../imageSource.js';
import { corruptDicom, dicomLimit } from './dataSet.js';
import { ITEM, ITEM_END, inLittleEndian, MOST_FRAGMENTS, SEQUENCE_END, UNDEFINED } from './dataSetReader.js';
import { type DicomHead, isDeflated, readDicomHead } from './dicomFile.js';
import { groupFragments, join, nativeLayout } from './frames.js';
import type { PixelFormat } from './pixelFormat.js';

/** How much of a file is searched for its pixels at first, and by what it grows. */
const FIRST = 2 ** 18;
const GROWTH = 8;
/** The most that is searched, and the largest file that has to be inflated as a whole. */
const MOST_HEAD = 2 ** 27;
const MOST_DEFLATED = 2 ** 28;
/** How much is read at once on the way from fragment to fragment. */
const WINDOW = 2 ** 16;
/** Bytes of a fragment that show whether a frame begins with it. */
const HEAD = 64;

const ITEM_HEADER = 8;

/** Frames that are read on request; as in frames.ts. */
export interface StoredFrames {
  readonly count: number;
  readonly converted: boolean;
  at(frame: number): Uint8Array | Promise<Uint8Array>;
  /** Bytes of all fragments, of a file that is not cut off. */
  readonly fragmentBytes?: number;
}

/**
 * The beginning of a file up to its pixels. Undefined where only the whole file shows them: a deflated data set, or none.
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT
 */
export async function readHead(parts: FileParts): Promise<DicomHead | undefined> {
  for (let size = Math.min(FIRST, parts.size); ; size = Math.min(size * GROWTH, parts.size)) {
    const bytes = await parts.read(0, size);
    const whole = size === parts.size;
    if (!whole && size >= MOST_HEAD) throw dicomLimit(`expected pixels within ${MOST_HEAD} bytes, got none`);
    try {
      if (isDeflated(bytes)) {
        if (parts.size > MOST_DEFLATED) throw tooMuchDeflated(parts.size);
        return undefined;
      }
      const head = readDicomHead(bytes);
      if (head || whole) return head;
    } catch (error) {
      // An element may go on behind what was read.
      if (whole || (error instanceof SamusError && error.code === 'DICOM_LIMIT')) throw error;
    }
  }
}

const tooMuchDeflated = (size: number): SamusError =>
  dicomLimit(`expected at most ${MOST_DEFLATED} bytes of a deflated file, got ${size}`);

/** @throws SamusError DICOM_TRUNCATED, DICOM_CORRUPT, DICOM_LIMIT */
export async function locateStoredFrames(
  parts: FileParts,
  { data, pixels }: DicomHead,
  format: PixelFormat,
): Promise<StoredFrames> {
  if (pixels.length === undefined) return encapsulated(parts, pixels.start, data, format);
  const stored = Math.min(pixels.length, parts.size - pixels.start);
  const length = stored - (stored % pixels.swap);
  const { size, count, converted } = nativeLayout(length, format, pixels.length);
  return {
    count,
    converted,
    async at(frame) {
      // Whole words, which frames of an odd size share.
      const from = (frame - 1) * size;
      const before = from % pixels.swap;
      const end = Math.min(Math.ceil((from + size) / pixels.swap) * pixels.swap, length);
      const words = await parts.read(pixels.start + from - before, end - from + before);
      return inLittleEndian(words, pixels.swap).subarray(before, before + size);
    },
  };
}

/** A fragment in the file. */
interface StoredFragment {
  readonly byteOffset: number;
  readonly length: number;
  readonly head: Uint8Array;
}

async function encapsulated(
  parts: FileParts,
  start: number,
  data: DicomHead['data'],
  { frames }: PixelFormat,
): Promise<StoredFrames> {
  const read = ({ byteOffset, length }: StoredFragment) => parts.read(byteOffset, length);
  const { fragments: all, ended, cut: fragmentCut } = await listFragments(parts, start);
  const [table, ...fragments] = all;
  const groups = groupFragments(data, table ? await read(table) : new Uint8Array(), fragments, frames, {
    fragmentCut,
    open: !ended,
    head: ({ head }) => head,
    cut: (fragment, length) => ({ ...fragment, length }),
  });
  return {
    count: groups.length,
    converted: false,
    ...(ended && { fragmentBytes: fragments.reduce((sum, { length }) => sum + length, 0) }),
    at: async (frame) => join(await Promise.all((groups[frame - 1] ?? []).map(read))),
  };
}

/** The items of encapsulated pixels, which are little endian. */
async function listFragments(parts: FileParts, start: number) {
  let ended = false;
  let cut = false;
  const fragments: StoredFragment[] = [];
  let [window, from] = [new Uint8Array(), start];
  const seen = async (at: number, length: number): Promise<Uint8Array> => {
    const end = Math.min(at + length, parts.size);
    if (at < from || end > from + window.length) {
      window = new Uint8Array(await parts.read(at, Math.min(WINDOW, parts.size - at)));
      from = at;
    }
    return window.subarray(at - from, end - from);
  };
  for (let at = start; at < parts.size; ) {
    const header = await seen(at, ITEM_HEADER + HEAD);
    const left = parts.size - at - ITEM_HEADER;
    cut = left < 0;
    if (cut) break;
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    const tag = view.getUint16(0, true) * 0x10000 + view.getUint16(2, true);
    const length = view.getUint32(4, true);
    at += ITEM_HEADER;
    ended = tag === SEQUENCE_END;
    if (ended) break;
    if (tag === ITEM_END) continue;
    if (tag !== ITEM) throw corruptDicom('expected an item of a sequence, got another element');
    if (length === UNDEFINED) throw corruptDicom('expected a length of each fragment, got none');
    cut = length > left;
    if (cut) break;
    if (fragments.length > MOST_FRAGMENTS) throw dicomLimit(`expected at most ${MOST_FRAGMENTS} fragments, got more`);
    const head = header.slice(ITEM_HEADER, ITEM_HEADER + Math.min(HEAD, length));
    fragments.push({ byteOffset: at, length, head });
    at += length;
  }
  return { fragments, ended, cut };
}
