/**
 * Whether the scans of a lossless JPEG frame have a code for each sample, no more and no fewer. Its decoder fills up what
 * is missing and goes on after damage. Codes are read, differences are skipped (ITU-T T.81 annexes F.2 and H).
 */
import { damagedPixels } from './pixelFormat.js';

const [DHT, SOS, DRI, EOI] = [0xc4, 0xda, 0xdd, 0xd9];
/** Bits that may follow the last code of an interval: padding to a byte, and one more byte. */
const MOST_PADDING = 15;

/** By the next 16 bits: the length of the code times 32, plus its category. 0 where no code begins so. */
type Codes = Uint16Array;

/**
 * @param bytes a frame with an end marker, whose header is checked
 * @throws SamusError DICOM_PIXELS_DAMAGED
 */
export function checkLosslessScans(
  bytes: Uint8Array,
  { width, height, components }: { readonly width: number; readonly height: number; readonly components: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<number, Codes>();
  let [restart, scanned, at] = [0, 0, 2];
  while (scanned < components && at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff || marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === EOI) break;
    const end = at + 2 + view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, end);
    at = end;
    if (marker === DHT) readTables(segment, tables);
    if (marker === DRI && segment.length >= 2) restart = segment[0]! * 256 + segment[1]!;
    if (marker !== SOS) continue;
    const codes = Array.from({ length: segment[0] ?? 0 }, (_, i) => tables.get((segment[2 + i * 2] ?? 0) >> 4));
    const known = codes.filter((one) => one !== undefined);
    if (known.length === 0 || known.length < codes.length) throw damagedPixels('expected a Huffman table of each scan');
    at = checkScan(bytes, at, { count: width * height, restart, codes: known });
    scanned += known.length;
  }
  if (scanned !== components) throw damagedPixels(`expected scans of ${components} component(s), got ${scanned}`);
}

interface Scan {
  /** Samples of a component. */
  readonly count: number;
  /** Samples of a component between two restart markers; 0: there are none. */
  readonly restart: number;
  readonly codes: readonly Codes[];
}

/** @returns where the marker behind the scan is */
function checkScan(bytes: Uint8Array, start: number, { count, restart, codes }: Scan): number {
  const step = restart === 0 ? count : restart;
  let at = start;
  for (let done = 0; done < count; done += step) {
    const { bits, next, restarts } = interval(bytes, at);
    checkInterval(bits, Math.min(step, count - done), codes);
    if (restarts !== done + step < count) throw damagedPixels('expected the restart markers that a frame states');
    at = restarts ? next + 2 : next;
  }
  return at;
}

/** The bits up to the next marker, without the zeros that follow 255. */
function interval(bytes: Uint8Array, start: number) {
  let [at, stuffed] = [start, 0];
  for (; at < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    if (bytes[at + 1] !== 0) break;
    at += 1;
    stuffed += 1;
  }
  const end = Math.min(at, bytes.length);
  const bits = new Uint8Array(end - start - stuffed);
  for (let from = start, to = 0; from < end; from++, to++) {
    bits[to] = bytes[from]!;
    if (bytes[from] === 0xff) from += 1;
  }
  const marker = bytes[at + 1] ?? 0;
  return { bits, next: end, restarts: marker >= 0xd0 && marker <= 0xd7 };
}

/** @param count of samples of each component */
function checkInterval(bytes: Uint8Array, count: number, codes: readonly Codes[]): void {
  const length = bytes.length * 8;
  let at = 0;
  for (let n = 0; n < count; n++) {
    for (const table of codes) {
      const first = at >> 3;
      const three = ((bytes[first] ?? 0) << 16) | ((bytes[first + 1] ?? 0) << 8) | (bytes[first + 2] ?? 0);
      const code = table[(three >> (8 - (at & 7))) & 0xffff]!;
      const category = code & 31;
      // Category 16 has no further bits.
      at += (code >> 5) + (category === 16 ? 0 : category);
      if (code === 0 || at > length) throw damagedPixels(`expected codes of ${count} pixels, got ${n}`);
    }
  }
  if (length - at > MOST_PADDING) throw damagedPixels(`expected the end of a scan, got ${length - at} more bits`);
}

/** The tables of a DHT segment: class and number, how many codes have each length, and their categories. */
function readTables(segment: Uint8Array, tables: Map<number, Codes>): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, one) => sum + one, 0);
    const categories = segment.subarray(at + 17, at + 17 + total);
    const codes: Codes = new Uint16Array(0x1_0000);
    let [code, next] = [0, 0];
    for (const [i, many] of counts.entries()) {
      const width = 0x1_0000 >> (i + 1);
      for (let n = 0; n < many; n++, next++, code += width) {
        const category = categories[next] ?? 31;
        if (category <= 16 && code + width <= 0x1_0000) codes.fill((i + 1) * 32 + category, code, code + width);
      }
    }
    tables.set(segment[at]! & 15, codes);
    at += 17 + total;
  }
}
