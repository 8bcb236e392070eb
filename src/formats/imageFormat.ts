/**
 * The table of file formats. An entry has the name of a format, its extensions, its first bytes and its readers on Node
 * and in the page. File choosers, importers, the server, error messages and help ask this table. Files are detected by
 * their first bytes, never by their name: hospitals export DICOM without an extension, and labelling tools write PNG as
 * `.jpg`.
 */
import { SamusError } from '../errors.js';
import type { ImageFile, ImageLimits, ImageSource, KnownFormat } from './imageSource.js';

/**
 * Opens a file without decoding it.
 * @throws SamusError IMAGE_FORMAT, IMAGE_CORRUPT, IMAGE_TOO_LARGE, or codes of the format
 */
export type OpenFile = (file: ImageFile, limits: Required<ImageLimits>) => Promise<ImageSource>;

/** A pattern at the start of a file, a character for each byte, or further on. */
type Signature = string | { readonly bytes: string; readonly at: number };

export interface FileFormat extends KnownFormat {
  /** Only images are offered as such; files of other kinds are detected so that a message can name them. */
  readonly kind: 'image' | 'volume' | 'clip' | 'other';
  /** In small letters, without the dot; the usual one first. */
  readonly extensions: readonly string[];
  readonly signatures: readonly Signature[];
  /** Detects files that have no signature, from {@link SNIFF_BYTES} bytes. */
  readonly detect?: (head: Uint8Array) => boolean;
  /** What reads it on Node: sharp, another reader of imageFile.node.ts, or a function. Absent: it is not read. */
  readonly node?: 'sharp' | 'tiff' | 'volume' | OpenFile;
  /** What reads it in the page: the browser, fast-png, or a function. Absent: the page names the format and rejects it. */
  readonly page?: 'browser' | 'png' | OpenFile;
}

/** How many bytes from the start of a file {@link sniffFormat} needs. */
export const SNIFF_BYTES = 512;

const headers = () => import('./imageHeader.js');
const openDicom: OpenFile = async (file, limits) => (await import('./dicom/dicomSource.js')).dicomSource(file, limits);
const openBmp: OpenFile = async (file, limits) => (await import('./imageBmp.js')).bmpSource(file, limits);

/** Four characters at byte 4, the name of the first box of a file. */
const box = (bytes: string): Signature => ({ bytes, at: 4 });

/** In order of detection: the first match wins. */
const FORMATS: FileFormat[] = [
  {
    // First: the 128 free bytes before its signature may hold a TIFF header, for viewers of both kinds.
    ...file('image', 'dicom', 'DICOM', ['dcm'], [{ bytes: 'DICM', at: 128 }]),
    detect: isBareDicom,
    mimeTypes: ['application/dicom'],
    hasFrames: true,
    node: openDicom,
    page: openDicom,
  },
  {
    ...file('image', 'png', 'PNG', ['png'], ['\x89PNG\r\n\x1a\n']),
    mimeTypes: ['image/png'],
    hasFrames: 'rarely',
    node: 'sharp',
    page: 'png',
  },
  {
    ...file('image', 'jpeg', 'JPEG', ['jpg', 'jpeg'], ['\xff\xd8\xff']),
    mimeTypes: ['image/jpeg'],
    inspect: async (bytes) => (await headers()).jpegFacts(bytes),
    node: 'sharp',
    page: 'browser',
  },
  {
    ...file('image', 'webp', 'WebP', ['webp'], [{ bytes: 'WEBP', at: 8 }]),
    mimeTypes: ['image/webp'],
    hasFrames: true,
    inspect: async (bytes) => (await headers()).webpFacts(bytes),
    node: 'sharp',
    page: 'browser',
  },
  {
    ...file('image', 'tiff', 'TIFF', ['tif', 'tiff'], ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']),
    mimeTypes: ['image/tiff'],
    hasFrames: true,
    node: 'tiff',
  },
  {
    ...file('image', 'gif', 'GIF', ['gif'], ['GIF8']),
    mimeTypes: ['image/gif'],
    hasFrames: true,
    inspect: async (bytes, maxFrames) => (await import('./imageGif.js')).gifFacts(bytes, maxFrames),
    node: 'sharp',
    page: 'browser',
  },
  {
    ...file('image', 'bmp', 'BMP', ['bmp'], ['BM']),
    mimeTypes: ['image/bmp'],
    node: openBmp,
    page: openBmp,
  },
  {
    ...file('volume', 'nifti', 'NIfTI', ['nii', 'nii.gz'], [{ bytes: 'n+1\0', at: 344 }, box('n+2\0')]),
    hasFrames: true,
    node: 'volume',
    hint: 'give the path of the volume, not its bytes',
  },
  {
    ...file('volume', 'metaimage', 'MetaImage', ['mha', 'mhd'], ['ObjectType']),
    hasFrames: true,
    node: 'volume',
    hint: 'give the path of the volume, not its bytes',
  },
  // It may hold a NIfTI volume.
  { ...file('other', 'gzip', 'gzip', ['gz'], ['\x1f\x8b']), node: 'volume', hint: 'unpack it first' },
  { ...file('other', 'zip', 'ZIP', ['zip'], ['PK\x03\x04']), hint: 'unpack it first' },
  {
    ...file('other', 'svg', 'SVG', ['svg'], ['<svg']),
    hint: 'drawings hold no pixels: export the image as PNG',
  },
  file('other', 'pdf', 'PDF', ['pdf'], ['%PDF']),
  file('image', 'jpeg2000', 'JPEG 2000', ['jp2'], ['\0\0\0\x0cjP  ', '\xff\x4f\xff\x51']),
  file('image', 'jpegxl', 'JPEG XL', ['jxl'], ['\0\0\0\x0cJXL ', '\xff\x0a']),
  file('image', 'jpegxr', 'JPEG XR', ['jxr'], ['II\xbc']),
  file('image', 'heif', 'HEIF or AVIF', ['heic', 'avif'], ['ftypheic', 'ftypavif', 'ftypmif1'].map(box)),
  file('clip', 'mp4', 'MP4 or QuickTime', ['mp4', 'mov'], ['ftyp', 'moov', 'mdat', 'wide'].map(box)),
  file('clip', 'avi', 'AVI', ['avi'], [{ bytes: 'AVI ', at: 8 }]),
  file('clip', 'matroska', 'Matroska or WebM', ['mkv', 'webm'], ['\x1aE\xdf\xa3']),
  file('clip', 'ogg', 'Ogg', ['ogv'], ['OggS']),
  file('clip', 'flv', 'Flash video', ['flv'], ['FLV']),
  file('clip', 'mpeg', 'MPEG', ['mpg', 'mpeg'], ['\0\0\x01\xba', '\0\0\x01\xb3']),
  file('clip', 'wmv', 'Windows Media', ['wmv'], ['\x30\x26\xb2\x75']),
];

function file(
  kind: FileFormat['kind'],
  id: string,
  title: string,
  extensions: readonly string[],
  signatures: readonly Signature[],
): FileFormat {
  const hint = 'export one frame of the clip as PNG';
  return { id, title, kind, extensions, signatures, ...(kind === 'clip' && { hint }) };
}

/**
 * Registers another format, before the existing ones.
 * @throws SamusError IMAGE_FORMAT_TWICE if its id is taken
 */
export function registerFormat(format: FileFormat): void {
  if (FORMATS.some(({ id }) => id === format.id)) {
    const message = `expected an unused id of a format, got ${format.id}`;
    throw new SamusError('IMAGE_FORMAT_TWICE', message, 'choose another id, or register the format only once');
  }
  FORMATS.unshift(format);
}

/** All formats, in order of detection. */
export const fileFormats = (): readonly FileFormat[] => FORMATS;

/** The formats of images that are read on a platform, in the order of the table. */
export const readFormats = (platform: 'node' | 'page'): FileFormat[] =>
  FORMATS.filter((format) => format.kind === 'image' && format[platform] !== undefined);

/** `PNG, JPEG or BMP`. */
export function titles(formats: readonly FileFormat[], word: 'and' | 'or'): string {
  const names = formats.map(({ title }) => title);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${word} ${names.at(-1)}`;
}

/** Whether a name has the extension of one of these formats. */
export function isNamedAs(formats: readonly FileFormat[], name: string): boolean {
  const lower = name.toLowerCase();
  return formats.some(({ extensions }) => extensions.some((extension) => lower.endsWith(`.${extension}`)));
}

/** The MIME types of images that are read on Node and do not begin with `image/`. */
export const otherTypes = (): string[] =>
  readFormats('node').flatMap(({ mimeTypes = [] }) => mimeTypes.filter((type) => !type.startsWith('image/')));

/** What file choosers accept for these formats: types, and extensions for systems that do not know the types. */
export const acceptedBy = (formats: readonly FileFormat[]): string[] =>
  formats.flatMap(({ mimeTypes = [], extensions }) => [
    ...mimeTypes,
    ...extensions.map((extension) => `.${extension}`),
  ]);

/** The format that the start of a file shows ({@link SNIFF_BYTES} bytes are enough), or undefined. */
export function sniffFormat(bytes: Uint8Array): FileFormat | undefined {
  return (
    FORMATS.find(({ signatures }) => signatures.some((signature) => matches(bytes, signature))) ??
    FORMATS.find(({ detect }) => detect?.(bytes))
  );
}

/** The error for a file that nothing here reads. @param format undefined where it is unknown */
export function unreadFormat(name: string, format: KnownFormat | undefined, empty = false): SamusError {
  const found = empty ? 'is empty' : format ? `is of type ${format.title}` : 'is none of them';
  return new SamusError(
    'IMAGE_FORMAT',
    `expected ${titles(readFormats('node'), 'or')}, but ${name} ${found}`,
    format?.hint ?? 'export the image as PNG',
    { image: name, format: format?.id ?? null },
  );
}

function matches(bytes: Uint8Array, signature: Signature): boolean {
  const { bytes: pattern, at } = typeof signature === 'string' ? { bytes: signature, at: 0 } : signature;
  if (bytes.length < at + pattern.length) return false;
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern.charCodeAt(i)) return false;
  return true;
}

/**
 * A DICOM data set without preamble (old archives): it begins with an element of group 0002 or 0008, little endian,
 * in implicit form (a 4-byte length below the file head's size) or explicit form (two capital letters).
 */
function isBareDicom(bytes: Uint8Array): boolean {
  if (bytes.length < 132 || (bytes[0] !== 2 && bytes[0] !== 8) || bytes[1] !== 0 || bytes[3] !== 0) return false;
  const capital = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
  const explicit = capital(bytes[4]!) && capital(bytes[5]!);
  const implicit = bytes[5]! === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[4]! > 0 && bytes[4]! <= 64;
  return explicit || implicit;
}
