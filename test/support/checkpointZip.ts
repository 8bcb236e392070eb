/**
 * A tiny writer of zip archives with stored entries, for made-up checkpoints; each field of the headers can be set to
 * something wrong.
 */
import { crc32 } from '../../src/formats/zipArchiveCrc32.js';
import { bytes, u16, u32, u64 } from './checkpointBytes.js';

export interface ZipPart {
  readonly name: string | Uint8Array;
  readonly data: Uint8Array;
  /** What the headers say, where it is not what is so. */
  readonly crc?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly localMethod?: number;
  readonly localName?: string;
  readonly length?: number;
  readonly packed?: number;
  readonly header?: number;
  /** Whether the directory keeps the sizes in a zip64 field. */
  readonly long?: boolean;
}

export interface ZipOptions {
  readonly zip64?: boolean;
  readonly comment?: string;
  readonly count?: number;
  readonly disk?: number;
  readonly directoryShift?: number;
  readonly afterDirectory?: Uint8Array;
}

export function zip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array<ArrayBuffer> {
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    const file = localFile(part);
    directory.push(listed(part, part.header ?? at));
    files.push(file);
    at += file.length;
  }
  const central = bytes(...directory, options.afterDirectory ?? []);
  const end = ends(at + (options.directoryShift ?? 0), central.length, parts.length, options);
  return bytes(...files, central, end);
}

function localFile(part: ZipPart): Uint8Array {
  const name = bytes(part.localName ?? part.name);
  const method = part.localMethod ?? part.method ?? 0;
  const head = bytes('PK', 3, 4, u16(0), u16(part.flags ?? 0x808), u16(method), u32(0), u32(0), u32(0), u32(0));
  return bytes(head, u16(name.length), u16(0), name, part.data);
}

function listed(part: ZipPart, header: number): Uint8Array {
  const name = bytes(part.name);
  const length = part.length ?? part.data.length;
  const packed = part.packed ?? length;
  const extra = part.long ? bytes(u16(1), u16(24), u64(length), u64(packed), u64(header)) : bytes();
  const [a, b, c] = part.long ? [0xffffffff, 0xffffffff, 0xffffffff] : [packed, length, header];
  const crc = part.crc ?? crc32(part.data);
  const head = bytes('PK', 1, 2, u16(0), u16(0), u16(part.flags ?? 0x808), u16(part.method ?? 0), u32(0), u32(crc));
  const sizes = bytes(u32(a), u32(b), u16(name.length), u16(extra.length), u16(0), u16(0), u16(0), u32(0), u32(c));
  return bytes(head, sizes, name, extra);
}

function ends(offset: number, length: number, parts: number, options: ZipOptions): Uint8Array {
  const { zip64 = false, comment = '', disk = 0, count = parts } = options;
  const record = bytes(
    'PK',
    6,
    6,
    u64(44),
    u16(0),
    u16(0),
    u32(0),
    u32(0),
    u64(count),
    u64(count),
    u64(length),
    u64(offset),
  );
  const locator = bytes('PK', 6, 7, u32(0), u64(offset + length), u32(1));
  const end = bytes('PK', 5, 6, u16(disk), u16(0), u16(count), u16(count), u32(length), u32(offset));
  return bytes(zip64 ? record : [], zip64 ? locator : [], end, u16(comment.length), comment);
}
