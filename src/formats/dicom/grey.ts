/**
 * From stored grey or palette samples to 8 bits: bits are masked, and the modality and window transforms (PS3.3 C.11) or
 * the palette (C.7.6.3.1.5, C.7.9.2) are applied through a table of all stored values.
 */
import { bytesOf, corruptDicom, type DataSet, itemsOf, numberOf, numbersOf, textOf } from './dataSet.js';
import type { PixelFormat } from './pixelFormat.js';

/** The table from a stored value, masked and shifted, to a sample of 8 bits or to three. */
export interface ShownValues {
  readonly channels: 1 | 3;
  readonly table: Uint8Array;
}

/** @throws SamusError DICOM_CORRUPT */
export function shownValues(data: DataSet, format: PixelFormat): ShownValues {
  if (format.photometric === 'PALETTE COLOR') return { channels: 3, table: paletteTable(data, format, false) };
  const presentation = textOf(data, 0x00089205);
  if (format.photometric === 'MONOCHROME2' && (presentation === 'COLOR' || presentation === 'MIXED')) {
    return { channels: 3, table: paletteTable(data, format, true) };
  }
  return { channels: 1, table: greyTable(data, format) };
}

/** The 8-bit picture of stored samples. */
export function showValues(values: ArrayLike<number>, format: PixelFormat, shown: ShownValues): Uint8Array {
  const { bitsStored, highBit } = format;
  const shift = highBit + 1 - bitsStored;
  const mask = 2 ** bitsStored - 1;
  const { table, channels } = shown;
  const result = new Uint8Array(values.length * channels);
  for (let i = 0, at = 0; i < values.length; i++) {
    const from = ((values[i]! >> shift) & mask) * channels;
    for (let c = 0; c < channels; c++) result[at++] = table[from + c]!;
  }
  return result;
}

type Transform = (value: number) => number;

function greyTable(data: DataSet, format: PixelFormat): Uint8Array {
  const modality = modalityOf(data, format);
  const window = windowOf(data, format);
  const inverse = format.photometric === 'MONOCHROME1' || textOf(data, 0x20500020) === 'INVERSE';
  return Uint8Array.from({ length: 2 ** format.bitsStored }, (_, raw) => {
    const shown = Math.floor(Math.min(255, Math.max(0, window(modality(signedValue(raw, format))))) + 0.5);
    return inverse ? 255 - shown : shown;
  });
}

const signedValue = (raw: number, { bitsStored, signed }: PixelFormat): number =>
  signed && raw >= 2 ** (bitsStored - 1) ? raw - 2 ** bitsStored : raw;

/** Modality LUT, or rescale slope and intercept. */
function modalityOf(data: DataSet, format: PixelFormat): Transform {
  const [item] = itemsOf(data, 0x00283000);
  const table = item && lookUp(item, format.signed);
  if (table) return (value) => table.at(value);
  const slope = numberOf(data, 0x00281053) ?? 1;
  const intercept = numberOf(data, 0x00281052) ?? 0;
  return (value) => value * slope + intercept;
}

/** From a value to 0-255, not clipped: the first window, or the VOI LUT, or all stored values. */
function windowOf(data: DataSet, { bitsStored, signed }: PixelFormat): Transform {
  const center = numberOf(data, 0x00281050);
  const width = numberOf(data, 0x00281051);
  const kind = textOf(data, 0x00281056) ?? 'LINEAR';
  if (center !== undefined && width !== undefined && width > 0) {
    if (kind === 'SIGMOID') return (x) => 255 / (1 + Math.exp((-4 * (x - center)) / width));
    if (kind === 'LINEAR_EXACT') return (x) => ((x - center) / width + 0.5) * 255;
    // A window one wide is a threshold.
    if (width <= 1) return (x) => (x <= center - 0.5 ? 0 : 255);
    return (x) => ((x - (center - 0.5)) / (width - 1) + 0.5) * 255;
  }
  const [item] = itemsOf(data, 0x00283010);
  const table = item && lookUp(item, signed);
  if (table) return (x) => (table.at(Math.round(x)) * 255) / (2 ** table.bits - 1);
  return bitsStored <= 8 ? (x) => x : (x) => (x * 255) / (2 ** bitsStored - 1);
}

/** A Modality or VOI LUT, or undefined where the item has none. @throws SamusError DICOM_CORRUPT */
function lookUp(item: DataSet, signed: boolean) {
  const descriptor = numbersOf(item, 0x00283002);
  const values = bytesOf(item, 0x00283006);
  if (descriptor.length === 0 && !values) return undefined;
  const { entries, first, bits } = descriptorOf(descriptor, signed);
  const table = values && tableOf(values, entries, bits);
  if (!table) throw corruptDicom(`expected ${entries} entries of a look-up table, got ${values?.length ?? 0} bytes`);
  return { bits, at: (value: number): number => table[Math.min(entries - 1, Math.max(0, value - first))] ?? 0 };
}

function descriptorOf([entries, first = 0, bits = 0]: readonly number[], signed: boolean) {
  if (entries === undefined || bits < 8 || bits > 16) {
    throw corruptDicom('expected entries, first value and 8 to 16 bits of a look-up table');
  }
  return { entries: entries === 0 ? 65_536 : entries, first: signed && first > 32_767 ? first - 65_536 : first, bits };
}

/** Entries as words, or as bytes; undefined where the length fits neither. */
function tableOf(bytes: Uint8Array, entries: number, bits: number): Uint8Array | Uint16Array | undefined {
  if (bytes.length === entries * 2) return wordsOf(bytes);
  return bits === 8 && bytes.length === entries + (entries % 2) ? bytes.subarray(0, entries) : undefined;
}

function wordsOf(bytes: Uint8Array): Uint16Array {
  const words = new Uint16Array(Math.floor(bytes.length / 2));
  for (let i = 0; i < words.length; i++) words[i] = bytes[i * 2]! | (bytes[i * 2 + 1]! << 8);
  return words;
}

/** @param supplemental stored values below the first of the palette stay grey */
function paletteTable(data: DataSet, format: PixelFormat, supplemental: boolean): Uint8Array {
  const palettes = [0, 1, 2].map((colour) => readPalette(data, colour, format.signed));
  const grey = supplemental ? greyTable(data, format) : undefined;
  // Tables of 16 bits hold 8 bits in either byte.
  const low = palettes.every(({ values }) => values.every((value) => value <= 255));
  const table = new Uint8Array(2 ** format.bitsStored * 3);
  for (let raw = 0, at = 0; at < table.length; raw++, at += 3) {
    const value = signedValue(raw, format);
    for (const [c, { values, first }] of palettes.entries()) {
      const entry = values[Math.min(values.length - 1, Math.max(0, value - first))]!;
      table[at + c] = grey && value < first ? grey[raw]! : low ? entry : entry >> 8;
    }
  }
  return table;
}

function readPalette(data: DataSet, colour: number, signed: boolean) {
  const { entries, first, bits } = descriptorOf(numbersOf(data, 0x00281101 + colour), signed);
  const plain = bytesOf(data, 0x00281201 + colour);
  const segments = bytesOf(data, 0x00281221 + colour);
  const values = plain ? tableOf(plain, entries, bits) : segments && expand(segments, entries, bits);
  if (values?.length !== entries) {
    throw corruptDicom(`expected ${entries} entries of a palette, got ${values?.length ?? (plain?.length ?? 0) / 2}`);
  }
  return { values, first };
}

/** Expands a segmented palette. @throws SamusError DICOM_CORRUPT */
function expand(bytes: Uint8Array, entries: number, bits: number): Uint16Array {
  const width = bits === 8 ? 1 : 2;
  const data = width === 1 ? bytes : wordsOf(bytes);
  const table = new Uint16Array(entries);
  let done = 0;
  const append = (value: number | undefined): void => {
    if (value === undefined || done >= entries)
      throw corruptDicom(`expected ${entries} entries of a segmented palette`);
    table[done++] = value;
  };
  /** Appends the segment at a position; the position behind it. */
  const segment = (at: number): number => {
    const [kind, count = 0] = data.subarray(at, at + 2);
    if (kind === 0) {
      for (let i = 0; i < count; i++) append(data[at + 2 + i]);
      return at + 2 + count;
    }
    const end = data[at + 2];
    if (kind !== 1 || end === undefined || done === 0) throw corruptDicom('expected a segment of a palette');
    const start = table[done - 1]!;
    for (let i = 1; i <= count; i++) append(Math.round(start + ((end - start) * i) / count));
    return at + 3;
  };
  for (let at = 0; at + 1 < data.length && done < entries; ) {
    if (data[at] !== 2) {
      at = segment(at);
      continue;
    }
    const offset = Array.from(data.subarray(at + 2, at + 2 + 4 / width)).reduceRight(
      (sum, part) => sum * 256 ** width + part,
      0,
    );
    let from = offset / width;
    for (let i = 0; i < data[at + 1]!; i++) from = segment(from);
    at += 2 + 4 / width;
  }
  return table.subarray(0, done);
}
