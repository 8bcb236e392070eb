/**
 * Decodes the text of DICOM files by their Specific Character Set (PS3.3 C.12.1.1.2): single bytes, UTF-8, GB18030, and
 * escape sequences of ISO 2022, which switch the alphabets of the lower (G0) and the upper (G1) half of the bytes (PS3.5
 * 6.1.2). TextDecoder knows the alphabets; the switching is here.
 */
import { type DataSet, type DicomElement, textOf, type ValueRepresentation } from './dataSet.js';

const CHARACTER_SET = 0x0008_0005;

/** Representations whose text is in the character set of the file. */
const IN_CHARACTER_SET: ReadonlySet<ValueRepresentation> = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);

/** An alphabet: the label of a decoder, the bytes of a character, and how these become bytes of the decoder. */
interface Alphabet {
  readonly label: string;
  readonly width: 1 | 2;
  /** Bytes before each character. */
  readonly prefix?: readonly number[];
}

const single = (label: string): Alphabet => ({ label, width: 1 });
const KATAKANA: Alphabet = { label: 'shift_jis', width: 1 };
const KOREAN: Alphabet = { label: 'euc-kr', width: 2 };
const CHINESE: Alphabet = { label: 'gbk', width: 2 };
const JAPANESE: Alphabet = { label: 'euc-jp', width: 2 };
const JAPANESE_MORE: Alphabet = { label: 'euc-jp', width: 2, prefix: [0x8f] };

/** Alphabets of the upper half by the number of the set. */
const BY_NUMBER: Readonly<Record<string, Alphabet>> = {
  '100': single('latin1'),
  '101': single('iso-8859-2'),
  '109': single('iso-8859-3'),
  '110': single('iso-8859-4'),
  '144': single('iso-8859-5'),
  '127': single('iso-8859-6'),
  '126': single('iso-8859-7'),
  '138': single('iso-8859-8'),
  '148': single('windows-1254'),
  '203': single('iso-8859-15'),
  '166': single('windows-874'),
  '13': KATAKANA,
  '149': KOREAN,
  '58': CHINESE,
};

/** What follows the escape byte: an alphabet of the lower half (undefined: ASCII), or of the upper one. */
const LOWER: Readonly<Record<string, Alphabet | undefined>> = {
  ...{ '(B': undefined, '(J': undefined, $B: JAPANESE, '$@': JAPANESE, '$(D': JAPANESE_MORE },
};
const UPPER: Readonly<Record<string, Alphabet>> = {
  ...{ '-A': BY_NUMBER['100']!, '-B': BY_NUMBER['101']!, '-C': BY_NUMBER['109']!, '-D': BY_NUMBER['110']! },
  ...{ '-L': BY_NUMBER['144']!, '-G': BY_NUMBER['127']!, '-F': BY_NUMBER['126']!, '-H': BY_NUMBER['138']! },
  ...{ '-M': BY_NUMBER['148']!, '-b': BY_NUMBER['203']!, '-T': BY_NUMBER['166']! },
  ...{ ')I': KATAKANA, '$)C': KOREAN, '$)A': CHINESE },
};

/** Sets that replace all others. */
const WHOLE: Readonly<Record<string, string>> = { 'ISO_IR 192': 'utf-8', GB18030: 'gb18030', GBK: 'gbk' };

const ESCAPE = 0x1b;
/** Tab, line breaks, and the separators of values and of the parts of names return to the first set. */
const SEPARATORS = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x5c, 0x5e, 0x3d]);

/** From the bytes of a text element to its text, without padding at the end. */
export type TextReader = (bytes: Uint8Array) => string;

/** Reads text in the character set of a data set; without one, as UTF-8 if valid, else as Latin 1. */
export function textReader(data: DataSet): TextReader {
  const [first = '', ...others] = (textOf(data, CHARACTER_SET) ?? '').split('\\').map((name) => name.trim());
  const whole = WHOLE[first.replace(/^ISO[ _-]IR[ _-]/, 'ISO_IR ')];
  // Where the first set has no upper half, other programs leave out the escape sequence of the second.
  const [upper] = [first, ...others].flatMap((name) => BY_NUMBER[/IR[ _-]?(\d+)$/.exec(name)?.[1] ?? ''] ?? []);
  const escapes = first.startsWith('ISO 2022') || others.length > 0;
  return (bytes) => {
    const trimmed = bytes.subarray(0, endOf(bytes));
    if (whole !== undefined) return decoded(trimmed, whole);
    if (upper?.width === 1 && !escapes) return decoded(trimmed, upper.label);
    if (upper || escapes || trimmed.includes(ESCAPE)) return withEscapes(trimmed, upper);
    return decoded(trimmed, 'utf-8');
  };
}

/** A text of a data set, empty where it is absent. */
export function textIn(data: DataSet, tag: number, read: TextReader): string {
  const found = data.get(tag);
  return found && found.vr !== 'SQ' ? read(found.bytes) : '';
}

/** An element with its text in UTF-8. Items of sequences may state a character set, which they lose. */
export function inUtf8(element: DicomElement, read: TextReader): DicomElement {
  if (element.vr === 'SQ') {
    const items = element.items.map((item) => {
      const own = item.has(CHARACTER_SET) ? textReader(item) : read;
      const kept = [...item].filter(([tag]) => tag !== CHARACTER_SET);
      return new Map(kept.map(([tag, one]) => [tag, inUtf8(one, own)]));
    });
    return { vr: 'SQ', items };
  }
  if (!IN_CHARACTER_SET.has(element.vr) || element.bytes.every((byte) => byte < 0x80 && byte !== ESCAPE))
    return element;
  return { vr: element.vr, bytes: new TextEncoder().encode(read(element.bytes)) };
}

/** Bytes that the alphabet does not have are shown as Latin 1, so that they are not lost. */
function decoded(bytes: Uint8Array, label: string): string {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

/** Without the padding at the end. */
function endOf(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0)) end -= 1;
  return end;
}

/** @param first the alphabet of the upper half at the beginning of each value */
function withEscapes(bytes: Uint8Array, first: Alphabet | undefined): string {
  let [text, lower, upper] = ['', undefined as Alphabet | undefined, first];
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at]!;
    const sequence = byte === ESCAPE ? sequenceAt(bytes, at + 1) : undefined;
    if (sequence !== undefined) {
      if (sequence in UPPER) upper = UPPER[sequence];
      else lower = LOWER[sequence];
      at += 1 + sequence.length;
      continue;
    }
    const alphabet = byte < 0x80 ? lower : upper;
    if (byte < 0x80 && (!alphabet || byte <= 0x20)) {
      text += String.fromCharCode(byte);
      if (SEPARATORS.has(byte) && !alphabet) upper = first ?? upper;
      at += 1;
      continue;
    }
    const end = runEnd(bytes, at, byte >= 0x80);
    text += inAlphabet(bytes.subarray(at, end), alphabet);
    at = end;
  }
  return text;
}

function sequenceAt(bytes: Uint8Array, at: number): string | undefined {
  for (const length of [2, 3]) {
    const sequence = String.fromCharCode(...bytes.subarray(at, at + length));
    if (sequence in UPPER || sequence in LOWER) return sequence;
  }
  return undefined;
}

/** The end of the bytes of one half. */
function runEnd(bytes: Uint8Array, start: number, high: boolean): number {
  let at = start;
  while (at < bytes.length && bytes[at]! >= 0x80 === high && (high || bytes[at]! > 0x20)) at += 1;
  return at;
}

/** Bytes of one half in an alphabet; without one as UTF-8 or Latin 1. */
function inAlphabet(bytes: Uint8Array, alphabet: Alphabet | undefined): string {
  if (!alphabet) return decoded(bytes, 'utf-8');
  const { label, width, prefix = [] } = alphabet;
  const characters: number[] = [];
  for (let i = 0; i + width <= bytes.length; i += width) {
    characters.push(...prefix, ...[...bytes.subarray(i, i + width)].map((byte) => byte | 0x80));
  }
  const rest = bytes.subarray(bytes.length - (bytes.length % width));
  return decoded(Uint8Array.from(characters), label) + decoded(rest, 'latin1');
}
