/**
 * Reads MetaImage (ITK): a text header `Key = Value` and the samples after it (`.mha`) or in another file
 * (`.mhd` and `.raw`). Opening that file and unpacking compressed samples is the caller's part, so that this runs
 * anywhere. Written in text, split over several files or with other than whole-number or real samples it is rejected.
 */
import { type SampleType, sampleCount, type Volume, volumeFormat, volumeSamples } from './volume.js';

const TYPES: Readonly<Record<string, SampleType>> = {
  MET_UCHAR: 'uint8',
  MET_CHAR: 'int8',
  MET_USHORT: 'uint16',
  MET_SHORT: 'int16',
  MET_UINT: 'uint32',
  MET_INT: 'int32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

/** Longest header that is looked at; real ones have less than a kilobyte. */
const MAX_HEADER_BYTES = 65_536;

export interface MetaHeader {
  readonly size: readonly number[];
  readonly spacingMm: readonly number[];
  readonly channels: number;
  readonly type: SampleType;
  readonly littleEndian: boolean;
  readonly compressed: boolean;
  /** The file that holds the samples, or undefined if they follow the header. */
  readonly dataFile?: string;
  /** Where the samples begin, in this file or in the other; -1: as many bytes as they take, at its end. */
  readonly dataOffset: number;
}

/**
 * The header at the start of a `.mha` or `.mhd` file.
 * @param name for messages
 * @throws SamusError VOLUME_FORMAT
 */
export function parseMetaHeader(bytes: Uint8Array, name: string): MetaHeader {
  const fields = new Map<string, string>();
  let at = 0;
  // The data file is named last: what follows that line may be samples.
  while (!fields.has('ElementDataFile') && at < Math.min(bytes.length, MAX_HEADER_BYTES)) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    if (end - at > MAX_HEADER_BYTES) break;
    const line = String.fromCharCode(...bytes.subarray(at, end));
    const equals = line.indexOf('=');
    if (equals > 0) fields.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
    at = end + 1;
  }
  const refuse = (why: string): never => {
    throw volumeFormat(name, why, 'save it as .mha with ITK, SimpleITK or 3D Slicer');
  };
  const field = (key: string, otherwise?: string): string =>
    fields.get(key) ?? otherwise ?? refuse(`its header has no ${key}`);
  const numbers = (key: string, otherwise: string): number[] => field(key, otherwise).split(/\s+/).map(Number);
  const yes = (key: string): boolean => field(key, 'False').toLowerCase() === 'true';

  const rank = Number(field('NDims'));
  const size = field('DimSize').split(/\s+/).map(Number);
  if (size.length !== rank) refuse(`it has ${field('NDims')} dimensions, but ${size.length} sizes`);
  const spacingMm = numbers(
    fields.has('ElementSpacing') ? 'ElementSpacing' : 'ElementSize',
    size.map(() => '1').join(' '),
  );
  if (spacingMm.length !== rank || !spacingMm.every((step) => step > 0)) refuse('its spacing is not positive');
  const type = TYPES[field('ElementType')] ?? refuse(`its sample type is ${field('ElementType')}`);
  const dataFile = field('ElementDataFile');
  if (/^list\b/i.test(dataFile) || dataFile.includes('%')) refuse('its samples are split over several files');
  if (field('BinaryData', 'True').toLowerCase() !== 'true') refuse('its samples are written as text');
  return {
    size,
    spacingMm,
    channels: Number(field('ElementNumberOfChannels', '1')),
    type,
    littleEndian: !(yes('BinaryDataByteOrderMSB') || yes('ElementByteOrderMSB')),
    compressed: yes('CompressedData'),
    ...(dataFile.toUpperCase() !== 'LOCAL' && { dataFile }),
    dataOffset: dataFile.toUpperCase() === 'LOCAL' ? at : Number(field('HeaderSize', '0')),
  };
}

/**
 * The volume of a header and the bytes of its samples, already unpacked, from the first one on.
 * @throws SamusError VOLUME_FORMAT, VOLUME_CORRUPT, VOLUME_TOO_LARGE
 */
export function metaVolume(header: MetaHeader, bytes: Uint8Array, name: string): Volume {
  const { size, spacingMm, channels, type, littleEndian } = header;
  const count = sampleCount(size, channels, name);
  return { size, spacingMm, channels, samples: volumeSamples(bytes, type, count, littleEndian, name) };
}
