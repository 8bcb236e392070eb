/**
 * The end of a zip archive: where its directory lies and how many entries it claims, with and without the zip64
 * records that torch.save always writes. The entries themselves are in zipArchive.ts.
 */
import type { ByteSource } from './byteSource.js';
import { checkpointError } from './checkpointError.js';

const END_RECORD = 22;
const LONG_LOCATOR = 20;
const LONG_RECORD = 56;
const MAX_COMMENT = 65_535;

export interface DirectoryBounds {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

/**
 * Finds the directory; it ends exactly where the records of the end start.
 * @throws SamusError CHECKPOINT_TRUNCATED without an end record (truncation removes the end of a file),
 *   CHECKPOINT_ZIP_DIRECTORY if the records do not agree with each other or with the file
 */
export async function directoryBounds(source: ByteSource): Promise<DirectoryBounds> {
  const tailLength = Math.min(source.size, END_RECORD + MAX_COMMENT);
  const tailStart = source.size - tailLength;
  const tail = viewOf(await source.read(tailStart, tailLength));
  const at = findEndRecord(tail);
  const end = tailStart + at;
  if (tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 6, true) !== 0) throw bad('it spans several files');
  const short: DirectoryBounds = {
    count: tail.getUint16(at + 10, true),
    length: tail.getUint32(at + 12, true),
    offset: tail.getUint32(at + 16, true),
  };
  if (short.count !== tail.getUint16(at + 8, true)) throw bad('it spans several files');
  const long = await longBounds(source, end);
  if (long === undefined) {
    if (short.offset + short.length !== end) throw bad('its directory does not end where the end record starts');
    return short;
  }
  // The short record holds the same, or a mark that it cannot.
  const agrees =
    (short.count === 0xffff || short.count === long.count) &&
    (short.length === 0xffffffff || short.length === long.length) &&
    (short.offset === 0xffffffff || short.offset === long.offset);
  if (!agrees) throw bad('its two end records disagree');
  return long;
}

/** Searched from the back: the record is the last whose comment reaches exactly to the end of the file. */
function findEndRecord(tail: DataView): number {
  for (let at = tail.byteLength - END_RECORD; at >= 0; at--) {
    const comment = tail.byteLength - at - END_RECORD;
    if (tail.getUint32(at, true) === 0x06054b50 && tail.getUint16(at + 20, true) === comment) return at;
  }
  throw checkpointError(
    'CHECKPOINT_TRUNCATED',
    'the end record of the zip archive is missing',
    'the download or copy broke off: get the file again',
  );
}

/** The zip64 record, if its locator stands before the end record. */
async function longBounds(source: ByteSource, end: number): Promise<DirectoryBounds | undefined> {
  if (end < LONG_LOCATOR) return undefined;
  const locator = viewOf(await source.read(end - LONG_LOCATOR, LONG_LOCATOR));
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
  const at = exact(locator, 8);
  // Without the optional extensible part, so it stands right before its locator.
  if (at !== end - LONG_LOCATOR - LONG_RECORD) throw bad('its zip64 record is not right before its locator');
  const record = viewOf(await source.read(at, LONG_RECORD));
  if (record.getUint32(0, true) !== 0x06064b50 || exact(record, 4) !== LONG_RECORD - 12) {
    throw bad('its zip64 record is missing');
  }
  if (record.getUint32(16, true) !== 0 || record.getUint32(20, true) !== 0) throw bad('it spans several files');
  const bounds = { count: exact(record, 32), length: exact(record, 40), offset: exact(record, 48) };
  if (bounds.count !== exact(record, 24)) throw bad('it spans several files');
  if (bounds.offset + bounds.length !== at) throw bad('its directory does not end where the zip64 record starts');
  return bounds;
}

function exact(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw bad('a number in its zip64 records has over 53 bits');
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bad(what: string): Error {
  return checkpointError('CHECKPOINT_ZIP_DIRECTORY', `cannot read the end of the zip archive: ${what}`);
}
