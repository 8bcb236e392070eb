/**
 * The seeded pictures of test/fixtures/images and what the reference programs made of them; the README there says
 * how they were made.
 */
import { readFileSync } from 'node:fs';
import { createImage, type Image } from '../../src/formats/image.js';

const FOLDER = new URL('../fixtures/images/', import.meta.url);

export interface StoredImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Samples, base64. */
  readonly data: string;
}

/** What Pillow reads from one file: its mode, the samples as `L` or `RGB`, and `convert('L')`. */
export interface ReadByPillow {
  readonly mode: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly pixels: string;
  readonly grey: string;
  /** The high bytes of 16-bit grey, which `convert('L')` clips. */
  readonly high?: string;
}

export interface Operations {
  readonly resize: readonly {
    readonly image: StoredImage;
    readonly results: readonly { method: 'bilinear' | 'nearest'; width: number; height: number; data: string }[];
  }[];
  readonly augment: {
    readonly image: StoredImage;
    readonly rotate: readonly { degrees: number; data: string }[];
    readonly contrast: readonly { factor: number; data: string }[];
    readonly gamma: readonly { value: number; data: string }[];
  };
  readonly logits: {
    readonly width: number;
    readonly height: number;
    readonly data: string;
    readonly results: readonly { width: number; height: number; data: string }[];
  };
  readonly rle: readonly {
    size: [number, number];
    counts: string;
    /** The mask, eight pixels a byte, row-major. */
    bits: string;
    area: number;
    box: [number, number, number, number];
  }[];
}

export const fixturePath = (name: string): string => new URL(name, FOLDER).pathname;
export const fixtureBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, FOLDER)));
export const readByPillow = (): Record<string, ReadByPillow> =>
  JSON.parse(readFileSync(new URL('expected.json', FOLDER), 'utf8'));
export const operations = (): Operations => JSON.parse(readFileSync(new URL('operations.json', FOLDER), 'utf8'));
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'));
export const floats = (text: string): Float32Array => new Float32Array(fromBase64(text).buffer);
export const stored = ({ width, height, channels, data }: StoredImage): Image =>
  createImage(width, height, channels, fromBase64(data));

/** How many samples differ, and by how much at most: one number to expect for a whole picture. */
export function difference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): { length: boolean; differing: number; most: number } {
  let differing = 0;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const distance = Math.abs(a[i]! - b[i]!);
    if (distance > 0) differing++;
    if (distance > most) most = distance;
  }
  return { length: a.length === b.length, differing, most };
}

/** What Pillow reads of a frame; `rgb` of files whose samples are Y, Cb, Cr. Both base64. */
interface FrameByPillow {
  readonly width: number;
  readonly height: number;
  readonly grey: string;
  readonly rgb?: string;
}

/** The frames of files that hold several, by file. */
export function framesByPillow(): Record<string, readonly FrameByPillow[]> {
  return JSON.parse(readFileSync(new URL('frames.json', FOLDER), 'utf8'));
}

export const SAME = { length: true, differing: 0, most: 0 } as const;
