/**
 * Decodes the frames of a DICOM file to stored samples. The codecs are the WebAssembly builds of libjpeg-turbo, CharLS,
 * OpenJPEG and OpenJPH, and a decoder of lossless JPEG; each is loaded when the first frame needs it. Headers are
 * checked before a codec runs (codestream.ts), and the number of samples after it.
 */
import { SamusError } from '../../errors.js';
import { asUnsigned, checkJpeg, checkJpeg2000, decodeRunLengths, type FrameShape, markRgb } from './codestream.js';
import { checkLosslessScans } from './losslessScan.js';
import { damagedPixels, type PixelFormat } from './pixelFormat.js';

/** The samples of a frame as stored. */
export interface StoredSamples {
  readonly values: Uint8Array | Uint16Array;
  /** Whether they lie plane by plane. */
  readonly planar: boolean;
  /** Whether three samples are RGB, whatever the photometric interpretation says. */
  readonly rgb: boolean;
}

/** From the stored bytes of a frame to its samples. */
export type FrameDecoder = (bytes: Uint8Array, format: PixelFormat) => Promise<StoredSamples>;

type Factory = typeof import('@cornerstonejs/codec-charls/decodewasmjs');
type WasmCodec = Awaited<ReturnType<Factory['default']>>;
type WasmCoding = Exclude<PixelFormat['coding'], 'native' | 'rle' | 'lossless'>;

const FACTORIES: Readonly<Record<WasmCoding, () => Promise<Factory>>> = {
  jpeg: () => import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'),
  jpegls: () => import('@cornerstonejs/codec-charls/decodewasmjs'),
  j2k: () => import('@cornerstonejs/codec-openjpeg/decodewasmjs'),
  htj2k: () => import('@cornerstonejs/codec-openjph/wasmjs'),
};

const loaded = new Map<WasmCoding, Promise<WasmCodec>>();

/** The address of the WebAssembly of a codec; on Node the codecs find it beside themselves. */
let addressOf: ((coding: WasmCoding) => string) | undefined;

/** Sets where a page serves the WebAssembly of the codecs. Call it before the first frame is decoded. */
export function locateCodecs(addresses: Readonly<Record<WasmCoding, string>>): void {
  addressOf = (coding) => addresses[coding];
}

/** @throws SamusError DICOM_PIXELS_DAMAGED, DICOM_CODEC */
export async function decodeFrame(bytes: Uint8Array, format: PixelFormat): Promise<StoredSamples> {
  switch (format.coding) {
    case 'native':
      return { values: samplesOf(bytes, format.bitsAllocated), planar: format.planar, rgb: false };
    case 'rle':
      return { values: samplesOf(decodeRunLengths(bytes, format), format.bitsAllocated), planar: true, rgb: false };
    case 'lossless':
      return decodeLossless(bytes, format);
    case 'jpeg': {
      // Baseline, extended, and progressive, which files call baseline.
      const header = checkJpeg(bytes, format, [0xc0, 0xc1, 0xc2]);
      const bare = format.photometric === 'RGB' && !header.colourMarked;
      const { values } = await runWasm('jpeg', bare ? markRgb(bytes) : bytes, header);
      return { values, planar: false, rgb: true };
    }
    case 'jpegls': {
      const { values, planar } = await runWasm('jpegls', bytes, checkJpeg(bytes, format, [0xf7]));
      return { values, planar, rgb: false };
    }
    default: {
      const header = checkJpeg2000(bytes, format);
      const values = await decodeJpeg2000(format.coding, header);
      const mixed = header.mixesComponents || !format.photometric.startsWith('YBR_FULL');
      return { values, planar: false, rgb: mixed };
    }
  }
}

async function decodeJpeg2000(coding: 'j2k' | 'htj2k', header: ReturnType<typeof checkJpeg2000>) {
  const { stream, components, precision, signed } = header;
  // openjpeg takes negative values of 8 bits for 0.
  const raised = coding === 'j2k' && signed && precision <= 8;
  const { values } = await runWasm(coding, raised ? asUnsigned(stream, components) : stream, header);
  if (coding === 'htj2k') await checkBlocks(stream);
  return raised ? values.map((value) => value ^ (2 ** (precision - 1))) : values;
}

/** OpenJPH leaves damaged code blocks empty and says nothing. OpenJPEG reads HTJ2K, too, and names them. */
async function checkBlocks(stream: Uint8Array): Promise<void> {
  const { J2KDecoder } = await loadCodec('j2k');
  if (!J2KDecoder) throw codecFailed('it has no decoder');
  malformed = false;
  try {
    const decoder = new J2KDecoder();
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    decoder.delete();
  } catch {
    // What OpenJPEG cannot read may still be right.
    loaded.delete('j2k');
  }
  if (malformed) throw damagedPixels('expected code blocks that decode, got damaged ones');
}

async function decodeLossless(bytes: Uint8Array, format: PixelFormat): Promise<StoredSamples> {
  const header = checkJpeg(bytes, format, [0xc3]);
  checkLosslessScans(bytes, header);
  const { Decoder } = await import('@cornerstonejs/jpeg-lossless-decoder-js');
  const width = bytesOfSample(header);
  try {
    const { buffer } = Uint8Array.from(bytes);
    const output = new Decoder().decode(buffer, 0, buffer.byteLength, width);
    const decoded = new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
    return { values: checkLength(decoded, header), planar: false, rgb: false };
  } catch (error) {
    throw asDamage(error);
  }
}

async function runWasm(coding: WasmCoding, bytes: Uint8Array, header: FrameShape) {
  const codec = await loadCodec(coding);
  const Decoder = codec.JPEGDecoder ?? codec.JpegLSDecoder ?? codec.J2KDecoder ?? codec.HTJ2KDecoder;
  if (!Decoder) throw codecFailed('it has no decoder');
  try {
    const decoder = new Decoder();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    // A copy: the memory is the codec's.
    const decoded = Uint8Array.from(decoder.getDecodedBuffer());
    const planar = header.components > 1 && decoder.getInterleaveMode?.() === 0;
    decoder.delete();
    return { values: checkLength(decoded, header), planar };
  } catch (error) {
    // After a trap, the memory of the codec may be in any state.
    loaded.delete(coding);
    throw asDamage(error);
  }
}

function loadCodec(coding: WasmCoding): Promise<WasmCodec> {
  const known = loaded.get(coding);
  if (known) return known;
  const loading = startCodec(coding);
  loaded.set(coding, loading);
  loading.catch(() => loaded.delete(coding));
  return loading;
}

/** Whether a codec has printed about a damaged code block since the last reset. */
let malformed = false;

async function startCodec(coding: WasmCoding): Promise<WasmCodec> {
  // Codecs print about damage to standard output, which belongs to results.
  const note = (line: string): void => {
    malformed ||= line.includes('Malformed');
  };
  const silent = { print: note, printErr: note };
  const address = addressOf?.(coding);
  try {
    const { default: create } = await FACTORIES[coding]();
    return await create({ ...silent, ...(address !== undefined && { locateFile: () => address }) });
  } catch (error) {
    throw codecFailed(error instanceof Error ? error.message : String(error));
  }
}

const bytesOfSample = ({ precision }: FrameShape): 1 | 2 => (precision > 8 ? 2 : 1);

/** @throws SamusError DICOM_PIXELS_DAMAGED; openjpeg returns nothing for damage, and does not throw */
function checkLength(decoded: Uint8Array, header: FrameShape): Uint8Array | Uint16Array {
  const expected = header.width * header.height * header.components * bytesOfSample(header);
  if (decoded.length !== expected) {
    throw damagedPixels(`expected ${expected} bytes of a decoded frame, got ${decoded.length}`);
  }
  return samplesOf(decoded, bytesOfSample(header) * 8);
}

/** Samples of 8 bits, or of 16 in little endian. */
function samplesOf(bytes: Uint8Array, bits: number): Uint8Array | Uint16Array {
  if (bits === 8) return bytes;
  const values = new Uint16Array(Math.floor(bytes.length / 2));
  for (let i = 0; i < values.length; i++) values[i] = bytes[i * 2]! | (bytes[i * 2 + 1]! << 8);
  return values;
}

const asDamage = (error: unknown): SamusError =>
  error instanceof SamusError ? error : damagedPixels('expected a frame that decodes, got damaged bytes');

function codecFailed(reason: string): SamusError {
  return new SamusError('DICOM_CODEC', `cannot load the codec of the frames: ${reason}`, 'install samus again', {
    reason,
  });
}
