/**
 * Directory of a zip archive: where each stored entry lies in the source, so that it is read straight from there.
 * Made for the archives of torch.save: encryption, several disks and entries that share bytes are rejected; compressed
 * entries are listed, and archivedCheckpoint.ts alone reads them. Source: PKWARE APPNOTE 6.3.10.
 */
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { directoryBounds } from './zipArchiveEnd.js';

export interface ZipEntry {
  readonly name: string;
  /** First byte of the data in the source. */
  readonly offset: number;
  readonly length: number;
  /** Bytes of the contents. */
  readonly size: number;
  /** CRC-32 of the contents that the directory records. */
  readonly crc32: number;
  /** Whether the bytes are not those of the contents; {@link refuseCompressed}. */
  readonly compressed: boolean;
  /** Whether the bytes are the contents compressed by deflate. */
  readonly deflated: boolean;
}

/** Torch writes one entry a storage; a directory of this many entries is not one of a model. */
const MAX_ENTRIES = 65_536;
const LOCAL_HEADER = 30;
const DIRECTORY_HEADER = 46;
const FLAG_ENCRYPTED = 1;
const UINT32_MAX = 0xffffffff;

/** An entry as the directory has it, before its local header is looked at. */
interface Listed {
  readonly name: string;
  readonly header: number;
  readonly length: number;
  readonly size: number;
  readonly crc32: number;
  readonly method: number;
}

/**
 * All entries by name, in the order of the directory.
 * @param maxEntries more are an error
 * @throws SamusError CHECKPOINT_TRUNCATED; CHECKPOINT_ZIP_DIRECTORY for a directory that does not add up;
 *   CHECKPOINT_ZIP_NAME, _DUPLICATE, _ENCRYPTED, _OVERLAP, _LIMIT
 */
export async function readZipDirectory(
  source: ByteSource,
  maxEntries = MAX_ENTRIES,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const bounds = await directoryBounds(source);
  // A header takes more than 46 bytes, so the claimed count is also checked against bytes that exist.
  const most = Math.min(maxEntries, Math.floor(bounds.length / DIRECTORY_HEADER));
  if (bounds.count > most) {
    throw checkpointError(
      'CHECKPOINT_ZIP_LIMIT',
      `expected at most ${most} entries in the zip archive, got ${bounds.count}`,
    );
  }
  const listed = parseDirectory(await source.read(bounds.offset, bounds.length), bounds.count);
  const entries = new Map<string, ZipEntry>();
  for (const one of listed) {
    if (entries.has(one.name)) {
      throw checkpointError(
        'CHECKPOINT_ZIP_DUPLICATE',
        `expected each name once in the zip archive, got ${quoted(one.name)} twice`,
      );
    }
    entries.set(one.name, await locate(source, one, bounds.offset));
  }
  checkOverlaps(listed, entries, bounds.offset);
  return entries;
}

/**
 * Torch never compresses what a state dict is made of, so a compressed entry does not belong to a checkpoint.
 * @throws SamusError CHECKPOINT_ZIP_COMPRESSED
 */
export function refuseCompressed(entry: ZipEntry): void {
  if (!entry.compressed) return;
  throw checkpointError(
    'CHECKPOINT_ZIP_COMPRESSED',
    `expected an uncompressed entry ${quoted(entry.name)}, got a compressed one`,
    'unpack the archive and pack it again without compression (zip -0)',
  );
}

function parseDirectory(bytes: Uint8Array, count: number): Listed[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const listed: Listed[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY_HEADER > bytes.byteLength || view.getUint32(at, true) !== 0x02014b50) {
      throw badDirectory(`entry ${i} of ${count} is missing`);
    }
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const end = at + DIRECTORY_HEADER + nameLength + extraLength + view.getUint16(at + 32, true);
    if (end > bytes.byteLength) throw badDirectory(`entry ${i} reaches past its end`);
    const nameEnd = at + DIRECTORY_HEADER + nameLength;
    const name = checkedName(bytes.subarray(at + DIRECTORY_HEADER, nameEnd));
    if (view.getUint16(at + 8, true) & FLAG_ENCRYPTED) {
      throw checkpointError(
        'CHECKPOINT_ZIP_ENCRYPTED',
        `expected an unencrypted entry ${quoted(name)}, got an encrypted one`,
        'decrypt the archive',
      );
    }
    const [length, packed, header] = sizes(view, at, nameEnd, nameEnd + extraLength);
    const method = view.getUint16(at + 10, true);
    if (method === 0 && packed !== length) throw badDirectory(`stored entry ${quoted(name)} has two lengths`);
    listed.push({ name, header, length: packed, size: length, crc32: view.getUint32(at + 16, true), method });
    at = end;
  }
  if (at !== bytes.byteLength) throw badDirectory(`${bytes.byteLength - at} bytes follow its last entry`);
  return listed;
}

/** Length, packed length and offset of the header; the zip64 field holds those that need more than 32 bits. */
function sizes(view: DataView, at: number, extraStart: number, extraEnd: number): [number, number, number] {
  const short = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)] as const;
  let field = extraStart;
  while (field + 4 <= extraEnd && view.getUint16(field, true) !== 1) field += 4 + view.getUint16(field + 2, true);
  let next = field + 4;
  const fieldEnd = field + 4 <= extraEnd ? next + view.getUint16(field + 2, true) : next;
  const long = (value: number): number => {
    if (value !== UINT32_MAX) return value;
    if (next + 8 > fieldEnd || fieldEnd > extraEnd) throw badDirectory('a size over 32 bits has no zip64 field');
    const exact = Number(view.getBigUint64(next, true));
    next += 8;
    if (!Number.isSafeInteger(exact)) throw badDirectory('a size has over 53 bits');
    return exact;
  };
  // In the order in which the zip64 field holds them.
  return [long(short[0]), long(short[1]), long(short[2])];
}

/** Nothing is ever written by these names, but a name made to escape a folder marks an archive made to do harm. */
function checkedName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw checkpointError('CHECKPOINT_ZIP_NAME', 'expected names in UTF-8 in the zip archive, got other bytes');
  }
  const parts = name.split('/');
  if (name === '' || name.includes('\\') || name.includes('\0') || /^[A-Za-z]:/.test(name) || parts[0] === '') {
    throw checkpointError(
      'CHECKPOINT_ZIP_NAME',
      `expected a relative path as a name in the zip archive, got ${quoted(name)}`,
    );
  }
  if (parts.includes('..')) {
    throw checkpointError('CHECKPOINT_ZIP_NAME', `expected a name inside the zip archive, got ${quoted(name)}`);
  }
  return name;
}

/** Finds the data behind the local header, which must describe the same entry. */
async function locate(source: ByteSource, listed: Listed, directory: number): Promise<ZipEntry> {
  const { name, header, length, size, method } = listed;
  const damaged = (what: string) => badDirectory(`entry ${quoted(name)} ${what}`);
  if (header + LOCAL_HEADER > directory) throw damaged('starts after the data');
  const bytes = await source.read(header, LOCAL_HEADER);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0x04034b50) throw damaged('has no header where its data should be');
  const nameLength = view.getUint16(26, true);
  const offset = header + LOCAL_HEADER + nameLength + view.getUint16(28, true);
  if (offset + length > directory) throw damaged(`needs ${length} bytes at ${offset}, past the end of the data`);
  const local = await source.read(header + LOCAL_HEADER, nameLength);
  // Compression and encryption again: another reader would believe this header.
  const sameKind = view.getUint16(8, true) === method && (view.getUint16(6, true) & FLAG_ENCRYPTED) === 0;
  if (!sameKind || !sameBytes(local, new TextEncoder().encode(name))) throw damaged('has another header at its data');
  return { name, offset, length, size, crc32: listed.crc32, compressed: method !== 0, deflated: method === 8 };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Entries that share bytes let a small file unpack to a large one, and two readers see different contents. */
function checkOverlaps(listed: readonly Listed[], entries: ReadonlyMap<string, ZipEntry>, directory: number): void {
  const sorted = listed.toSorted((a, b) => b.header - a.header);
  let next = directory;
  for (const { name, header } of sorted) {
    const entry = entries.get(name)!;
    if (entry.offset + entry.length > next) {
      throw checkpointError(
        'CHECKPOINT_ZIP_OVERLAP',
        `expected entry ${quoted(name)} to end before the next one, got shared bytes`,
      );
    }
    next = header;
  }
}

function badDirectory(what: string): Error {
  return checkpointError('CHECKPOINT_ZIP_DIRECTORY', `cannot read the directory of the zip archive: ${what}`);
}
