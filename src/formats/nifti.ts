/**
 * Reads NIfTI-1 and NIfTI-2, one file (`.nii`) with its bytes already unpacked. Samples come as they are stored, with
 * the header's slope and intercept applied; the axes are not turned by the affine, because pictures of ultrasound are
 * stored upright and say so by nothing else. Layout: nifti1.h and nifti2.h of the NIfTI data format working group.
 */
import {
  type SampleType,
  sampleCount,
  type Volume,
  type VolumeSamples,
  volumeFormat,
  volumeSamples,
} from './volume.js';

/** Codes of sample types; `channels` where a point has several. */
const TYPES: Readonly<Record<number, { readonly type: SampleType; readonly channels?: 3 }>> = {
  2: { type: 'uint8' },
  4: { type: 'int16' },
  8: { type: 'int32' },
  16: { type: 'float32' },
  64: { type: 'float64' },
  128: { type: 'uint8', channels: 3 },
  256: { type: 'int8' },
  512: { type: 'uint16' },
  768: { type: 'uint32' },
  1024: { type: 'int64' },
  1280: { type: 'uint64' },
};

/** Millimetres in the header's unit of length; without a unit millimetres are meant. */
const UNIT_MM: Readonly<Record<number, number>> = { 0: 1, 1: 1000, 2: 1, 3: 0.001 };

const HEADER_BYTES = { 1: 348, 2: 540 } as const;

/** What both versions say, in different places. */
interface Header {
  readonly dims: readonly number[];
  readonly spacing: readonly number[];
  readonly type: number;
  readonly offset: number;
  readonly slope: number;
  readonly intercept: number;
  readonly units: number;
}

/**
 * The volume in the bytes of a `.nii` file.
 * @param name for messages
 * @throws SamusError VOLUME_FORMAT, VOLUME_CORRUPT, VOLUME_TOO_LARGE
 */
export function parseNifti(bytes: Uint8Array, name: string): Volume {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = versionOf(view);
  if (!kind) throw volumeFormat(name, 'it is no NIfTI file of one part (.nii)', 'convert it to .nii or .nii.gz');
  const { version, littleEndian } = kind;
  const header = version === 1 ? readVersion1(view, littleEndian) : readVersion2(view, littleEndian);
  const known = TYPES[header.type];
  if (!known) throw volumeFormat(name, `its sample type is ${header.type}`, 'convert it to 8 or 16 bits or float32');
  const { type, channels = 1 } = known;
  const count = sampleCount(header.dims, channels, name);
  if (!(header.offset >= HEADER_BYTES[version])) {
    throw volumeFormat(name, `its samples begin at byte ${header.offset}, within the header`, 'export it again');
  }
  const samples = volumeSamples(bytes.subarray(header.offset), type, count, littleEndian, name);
  const unit = UNIT_MM[header.units & 7] ?? 1;
  return {
    size: header.dims,
    spacingMm: header.spacing.map((step) => Math.abs(step) * unit),
    channels,
    samples: scaled(samples, header),
  };
}

/** The header's length shows version and byte order. */
function versionOf(view: DataView): { version: 1 | 2; littleEndian: boolean } | undefined {
  for (const version of [1, 2] as const) {
    if (view.byteLength < HEADER_BYTES[version]) continue;
    for (const littleEndian of [true, false]) {
      if (view.getInt32(0, littleEndian) !== HEADER_BYTES[version]) continue;
      const magicAt = version === 1 ? 344 : 4;
      const magic = String.fromCharCode(...[0, 1, 2].map((i) => view.getUint8(magicAt + i)));
      if (magic === `n+${version}`) return { version, littleEndian };
    }
  }
  return undefined;
}

function readVersion1(view: DataView, little: boolean): Header {
  const rank = view.getInt16(40, little);
  return {
    dims: series(rank, (i) => view.getInt16(42 + 2 * i, little)),
    spacing: series(rank, (i) => view.getFloat32(80 + 4 * i, little)),
    type: view.getInt16(70, little),
    offset: view.getFloat32(108, little),
    slope: view.getFloat32(112, little),
    intercept: view.getFloat32(116, little),
    units: view.getUint8(123),
  };
}

function readVersion2(view: DataView, little: boolean): Header {
  const rank = Number(view.getBigInt64(16, little));
  return {
    dims: series(rank, (i) => Number(view.getBigInt64(24 + 8 * i, little))),
    spacing: series(rank, (i) => view.getFloat64(112 + 8 * i, little)),
    type: view.getInt16(12, little),
    offset: Number(view.getBigInt64(168, little)),
    slope: view.getFloat64(176, little),
    intercept: view.getFloat64(184, little),
    units: view.getInt32(500, little),
  };
}

/** One value for each dimension; none for a rank that cannot be. */
function series(rank: number, value: (index: number) => number): number[] {
  return Array.from({ length: rank >= 1 && rank <= 7 ? rank : 0 }, (_, i) => value(i));
}

/** A slope of 0 means that nothing is scaled. */
function scaled(samples: VolumeSamples, { slope, intercept }: Header): VolumeSamples {
  const plain = slope === 0 || (slope === 1 && intercept === 0) || !Number.isFinite(slope * intercept);
  return plain ? samples : Float64Array.from(samples, (value) => value * slope + intercept);
}
