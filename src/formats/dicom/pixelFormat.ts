/**
 * How the pixels of a DICOM file are stored: the attributes of the Image Pixel module (PS3.3 C.7.6.3) and the transfer
 * syntax, checked before anything is decoded.
 */
import type { ErrorCode } from '../../errorCodes.js';
import { SamusError } from '../../errors.js';
import { corruptDicom, type DataSet, dicomLimit, numbersOf, shortOf, textOf } from './dataSet.js';
import { BIG_ENDIAN, DEFLATED, type DicomFile, EXPLICIT, IMPLICIT } from './dicomFile.js';

/** `lossless` is JPEG lossless, process 14. */
type Coding = 'native' | 'rle' | 'jpeg' | 'lossless' | 'jpegls' | 'j2k' | 'htj2k';

export interface PixelFormat {
  readonly coding: Coding;
  readonly rows: number;
  readonly columns: number;
  /** As in the file. */
  readonly frames: number;
  readonly samples: 1 | 3;
  readonly photometric: string;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
  /** Whether native samples are stored plane by plane. */
  readonly planar: boolean;
  /** Whether the coding changes sample values. */
  readonly lossy: boolean;
}

/** Segmentation and Label Map Segmentation: their samples are masks, which belong to frames of other images. */
const SEGMENTATION = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.66\.[47]$/;

/** Transfer syntaxes behind 1.2.840.10008.1.2. */
const CODINGS: Readonly<Record<string, Coding>> = {
  ...{ '.5': 'rle', '.4.50': 'jpeg', '.4.51': 'jpeg', '.4.57': 'lossless', '.4.70': 'lossless', '.4.80': 'jpegls' },
  ...{ '.4.81': 'jpegls', '.4.90': 'j2k', '.4.91': 'j2k', '.4.201': 'htj2k', '.4.202': 'htj2k', '.4.203': 'htj2k' },
};
const LOSSY = ['.4.50', '.4.51', '.4.81', '.4.91', '.4.203'];
const NATIVE = [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED];
/** MPEG-2, H.264 and HEVC, and video over networks. */
const VIDEO = /^(\.4\.10[0-8](\.1)?|\.8\.[1-3])$/;

const GREY = ['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR'];
const COLOUR = ['RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_PARTIAL_422', 'YBR_RCT', 'YBR_ICT'];

/** Most frames of a file. */
const MOST_FRAMES = 10_000;

/**
 * @throws SamusError DICOM_NO_PIXELS, DICOM_VIDEO, DICOM_TRANSFER_SYNTAX, DICOM_PHOTOMETRIC, DICOM_CORRUPT, DICOM_LIMIT
 * @param native whether the pixels are native, which is stated where they are not in memory; undefined: there are none
 */
export function readPixelFormat(
  { data, transferSyntax, pixels }: DicomFile,
  native = pixels && pixels.content instanceof Uint8Array,
): PixelFormat {
  const rows = shortOf(data, 0x00280010);
  const columns = shortOf(data, 0x00280011);
  const kind = classUid(textOf(data, 0x00080016));
  if (SEGMENTATION.test(kind)) {
    const hint = 'open its image, and use the segmentation as a mask or as prompts of it';
    throw new SamusError('DICOM_NO_PIXELS', `expected an image, got a DICOM segmentation (${kind})`, hint, {
      sopClass: kind,
    });
  }
  if (native === undefined || !rows || !columns) {
    const hint = 'name a file of the study that holds images';
    throw new SamusError('DICOM_NO_PIXELS', `expected an image, got a DICOM object without pixels (${kind})`, hint, {
      sopClass: kind,
    });
  }
  const coding = codingOf(transferSyntax);
  if (native !== (coding === 'native')) {
    throw corruptDicom(`expected ${native ? 'fragments of' : 'native'} pixels, got the other kind`);
  }
  return {
    coding,
    rows,
    columns,
    frames: frameCount(data),
    ...sampleFormat(data),
    lossy: textOf(data, 0x00282110) === '01' || LOSSY.includes(suffix(transferSyntax)),
  };
}

/** The number of frames in the header. @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
function frameCount(data: DataSet): number {
  const [frames = 1] = numbersOf(data, 0x00280008);
  if (!Number.isInteger(frames) || frames < 1) throw corruptDicom(`expected a number of frames, got ${frames}`);
  if (frames > MOST_FRAMES) throw dicomLimit(`expected at most ${MOST_FRAMES} frames, got ${frames}`);
  return frames;
}

function sampleFormat(data: DataSet) {
  const samples = shortOf(data, 0x00280002) ?? 1;
  const photometric = textOf(data, 0x00280004) ?? 'MONOCHROME2';
  const bitsAllocated = shortOf(data, 0x00280100) ?? 0;
  const bitsStored = shortOf(data, 0x00280101) ?? bitsAllocated;
  const highBit = shortOf(data, 0x00280102) ?? bitsStored - 1;
  if ((samples !== 1 && samples !== 3) || !(samples === 1 ? GREY : COLOUR).includes(photometric)) {
    const known = [...GREY, ...COLOUR].includes(photometric) ? photometric : 'another photometric interpretation';
    throw unreadPixels(`expected grey, palette, RGB or YBR_FULL, got ${samples} samples of ${known}`);
  }
  if (bitsAllocated !== 8 && (bitsAllocated !== 16 || samples === 3)) {
    throw unreadPixels(`expected ${samples} sample(s) of 8${samples === 1 ? ' or 16' : ''} bits, got ${bitsAllocated}`);
  }
  if (bitsStored < 1 || bitsStored > bitsAllocated || highBit >= bitsAllocated || highBit < bitsStored - 1) {
    throw corruptDicom(`expected bits within ${bitsAllocated}, got ${bitsStored} bits up to bit ${highBit}`);
  }
  const signed = shortOf(data, 0x00280103) === 1;
  const planar = shortOf(data, 0x00280006) === 1;
  return { samples, photometric, bitsAllocated, bitsStored, highBit, signed, planar } as const;
}

/** The coding of a video by its transfer syntax; undefined for other files. */
export function videoCoding(transferSyntax: string): 'MPEG-2' | 'H.264' | 'HEVC' | 'streamed' | undefined {
  const known = transferSyntax.startsWith(`${IMPLICIT}.`) ? suffix(transferSyntax) : '';
  if (!VIDEO.test(known)) return undefined;
  if (known.startsWith('.8.')) return 'streamed';
  return /^\.4\.10[01]/.test(known) ? 'MPEG-2' : /^\.4\.10[78]/.test(known) ? 'HEVC' : 'H.264';
}

const suffix = (transferSyntax: string): string => transferSyntax.slice(IMPLICIT.length);

function codingOf(transferSyntax: string): Coding {
  if (NATIVE.includes(transferSyntax)) return 'native';
  const known = transferSyntax.startsWith(`${IMPLICIT}.`) ? suffix(transferSyntax) : '';
  const coding = Object.hasOwn(CODINGS, known) ? CODINGS[known] : undefined;
  if (coding) return coding;
  const uid = classUid(transferSyntax);
  if (VIDEO.test(known)) {
    const hint = 'extract the video with dcmdump +W, make PNG of it with ffmpeg, or let the PACS send JPEG';
    throw new SamusError('DICOM_VIDEO', `expected images, got a video (transfer syntax ${uid})`, hint, {
      transferSyntax: uid,
    });
  }
  const hint = 'let the PACS send the file uncompressed or as JPEG';
  throw new SamusError('DICOM_TRANSFER_SYNTAX', `cannot read pixels of the transfer syntax ${uid}`, hint, {
    transferSyntax: uid,
  });
}

/** The UID of a class or transfer syntax, for messages. Others could be any text, or trace a patient. */
export const classUid = (text = ''): string =>
  /^(1\.2\.840\.10008|1\.2\.840\.113619\.5)\.[0-9.]{1,40}$/.test(text) ? text : 'not one of the standard';

function unreadPixels(message: string): SamusError {
  return new SamusError('DICOM_PHOTOMETRIC', message, 'export the frames as 8-bit RGB or grey');
}

/** The error for pixels that do not match the header. */
export function damagedPixels(reason: string, code: ErrorCode = 'DICOM_PIXELS_DAMAGED'): SamusError {
  return new SamusError(code, reason, 'export the file again from the scanner or the PACS');
}
