/**
 * The structure of GIF files (GIF89a): their frames, without decoding them. sharp and the browser decode the pixels.
 */
import { shownFor } from './imageHeader.js';
import type { ImageFacts } from './imageSource.js';

interface GifFrame {
  readonly delayMs: number;
  /** Where the flags of the graphic control extension before it are, if there is one. */
  readonly flagsAt: number | undefined;
  /** Whether the file ends before its pixels do. */
  readonly cutOff: boolean;
}

const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;
/** The frame has a colour index that is transparent. */
const TRANSPARENT = 1;

/**
 * The size is that of the screen that all frames are drawn on. Frames are counted up to `most`; of a file that is cut off
 * within a frame, the complete ones are.
 */
export function gifFacts(bytes: Uint8Array, most: number): ImageFacts {
  if (bytes.length < 13) return { width: 0, height: 0, frames: 1, lossy: false };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = [...gifFrames(bytes, most)];
  const delaysMs = found.filter(({ cutOff }) => !cutOff).map(({ delayMs }) => delayMs);
  const frames = Math.max(1, delaysMs.length);
  return {
    width: view.getUint16(6, true),
    height: view.getUint16(8, true),
    frames,
    ...(found[0]?.cutOff && { cutOff: true }),
    ...(found.length > frames && { framesStated: found.length }),
    lossy: false,
    ...(frames > 1 && { delaysMs }),
  };
}

/**
 * The file with the colours of the transparent pixels of its first frame, below which there is nothing: the stored
 * colour counts, as for other formats and in Pillow. Later frames need transparency to be drawn over those before.
 */
export function withOpaqueFirstFrame(bytes: Uint8Array): Uint8Array {
  const [first] = gifFrames(bytes, 1);
  if (first?.flagsAt === undefined || (bytes[first.flagsAt]! & TRANSPARENT) === 0) return bytes;
  const opaque = bytes.slice();
  opaque[first.flagsAt]! &= ~TRANSPARENT;
  return opaque;
}

function* gifFrames(bytes: Uint8Array, most: number): Generator<GifFrame> {
  if (bytes.length < 13) return;
  const table = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let [delay, count] = [0, 0];
  let flagsAt: number | undefined;
  let at = 13 + table(bytes[10]!);
  while (at < bytes.length && count < most) {
    const block = bytes[at];
    const isFrame = block === IMAGE && at + 10 <= bytes.length;
    if (block === EXTENSION) {
      if (bytes[at + 1] === GRAPHIC_CONTROL) {
        // Hundredths of a second, after the size of the block and its flags.
        delay = (bytes[at + 4] ?? 0) | ((bytes[at + 5] ?? 0) << 8);
        flagsAt = at + 3 < bytes.length ? at + 3 : undefined;
      }
      at += 2;
    } else if (block === IMAGE) at += 11 + (isFrame ? table(bytes[at + 9]!) : 0);
    else return;
    // Sub-blocks, each with its length in front; an empty one ends them.
    while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
    const cutOff = at >= bytes.length;
    // What is cut off in front of a frame belongs to it.
    if (isFrame || cutOff) {
      yield { delayMs: shownFor(delay * 10), flagsAt, cutOff };
      [delay, flagsAt] = [0, undefined];
      count++;
    }
    at++;
  }
}
