/**
 * Detects what a file is from its first bytes, never from its name: hospitals export DICOM without an ending, and
 * labelling tools write PNG as `.jpg`. It reads no sizes and decodes nothing.
 */

/** Formats that are detected. Readers take some of them; the others are known so that an error can name them. */
export type FileFormat =
  | 'png'
  | 'jpeg'
  | 'webp'
  | 'tiff'
  | 'bmp'
  | 'gif'
  | 'nifti'
  | 'metaimage'
  | 'dicom'
  | 'svg'
  | 'pdf'
  | 'zip'
  | 'gzip'
  | 'avi'
  | 'mp4'
  | 'heif'
  | 'jpeg2000'
  | 'jpegxl'
  | 'jpegxr';

/** How many bytes from the start {@link sniffFormat} looks at. */
export const SNIFF_BYTES = 512;

/** Byte patterns at fixed places; `at` defaults to 0. The order matters, see {@link sniffFormat}. */
const SIGNATURES: readonly { format: FileFormat; bytes: string; at?: number }[] = [
  // DICOM first: its 128 free bytes in front may hold a TIFF header, so that one file serves both kinds of viewer.
  { format: 'dicom', bytes: 'DICM', at: 128 },
  { format: 'png', bytes: '\x89PNG\r\n\x1a\n' },
  { format: 'jpeg', bytes: '\xff\xd8\xff' },
  { format: 'webp', bytes: 'WEBP', at: 8 },
  { format: 'avi', bytes: 'AVI ', at: 8 },
  { format: 'tiff', bytes: 'II*\0' },
  { format: 'tiff', bytes: 'MM\0*' },
  { format: 'tiff', bytes: 'II+\0' },
  { format: 'tiff', bytes: 'MM\0+' },
  { format: 'bmp', bytes: 'BM' },
  { format: 'nifti', bytes: 'n+1\0', at: 344 },
  { format: 'nifti', bytes: 'n+2\0', at: 4 },
  { format: 'metaimage', bytes: 'ObjectType' },
  { format: 'gif', bytes: 'GIF8' },
  { format: 'pdf', bytes: '%PDF' },
  { format: 'zip', bytes: 'PK\x03\x04' },
  { format: 'gzip', bytes: '\x1f\x8b' },
  { format: 'jpeg2000', bytes: '\0\0\0\x0cjP  ' },
  { format: 'jpeg2000', bytes: '\xff\x4f\xff\x51' },
  { format: 'jpegxl', bytes: '\0\0\0\x0cJXL ' },
  { format: 'jpegxl', bytes: '\xff\x0a' },
  { format: 'jpegxr', bytes: 'II\xbc' },
  { format: 'heif', bytes: 'ftypheic', at: 4 },
  { format: 'heif', bytes: 'ftypavif', at: 4 },
  { format: 'heif', bytes: 'ftypmif1', at: 4 },
  { format: 'mp4', bytes: 'ftyp', at: 4 },
  { format: 'svg', bytes: '<svg' },
];

/** The format that the start of a file shows ({@link SNIFF_BYTES} bytes are enough), or undefined. */
export function sniffFormat(bytes: Uint8Array): FileFormat | undefined {
  for (const { format, bytes: pattern, at = 0 } of SIGNATURES) {
    if (startsWith(bytes, pattern, at)) return format;
  }
  return isBareDicom(bytes) ? 'dicom' : undefined;
}

function startsWith(bytes: Uint8Array, pattern: string, at: number): boolean {
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
