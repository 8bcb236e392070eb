/** Animated PNG by Pillow 13, each frame compared with what Pillow reads; what it does differently is made here. */
import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { fixtureBytes } from '../../test/support/imageFixtures.js';
import { apngSource, isApng } from './apng.js';
import { toRgb } from './image.js';
import { DEFAULT_LIMITS } from './imageSource.js';
import { crc32 } from './zipArchiveCrc32.js';

interface Example {
  readonly width: number;
  readonly height: number;
  /** Base64 of the file, and of red, green and blue of each frame. */
  readonly png: string;
  readonly rgb: readonly string[];
}

const examples: Readonly<Record<string, Example>> = JSON.parse(new TextDecoder().decode(fixtureBytes('apng.json')));
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const open = (bytes: Uint8Array, limits = DEFAULT_LIMITS) =>
  apngSource(bytes, { name: 'a.png', format: 'png', fail: (why) => new Error(why) }, limits);

function chunk(name: string, data: readonly number[] | Uint8Array): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length, 0);
  whole.write(name, 4, 'latin1');
  whole.set(data, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length);
  return whole;
}

interface Part {
  readonly size?: readonly [width: number, height: number];
  readonly at?: readonly [x: number, y: number];
  readonly dispose?: number;
  readonly blend?: number;
  /** Grey and alpha of each pixel. */
  readonly pixels: readonly number[];
}

/** An animation of 2 x 1 pixels of grey and alpha. */
function animation(...parts: readonly Part[]): Uint8Array {
  const u32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  let sequence = 0;
  const frames = parts.flatMap(({ size = [2, 1], at = [0, 0], dispose = 0, blend = 0, pixels }, i) => {
    const [width, height] = size;
    const still = Buffer.from(encode({ width, height, channels: 2, depth: 8, data: Uint8Array.from(pixels) }));
    const from = still.indexOf('IDAT') + 4;
    const data = still.subarray(from, from + still.readUInt32BE(from - 8));
    const control = [...[sequence++, width, height, ...at].flatMap(u32), 0, 1, 0, 10, dispose, blend];
    const body = i === 0 ? chunk('IDAT', data) : chunk('fdAT', [...u32(sequence++), ...data]);
    return [chunk('fcTL', control), body];
  });
  const head = chunk('IHDR', [...u32(2), ...u32(1), 8, 4, 0, 0, 0]);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    ...[signature, head, chunk('acTL', [...u32(parts.length), ...u32(0)])],
    ...[...frames, chunk('IEND', [])],
  ]);
}

const shown = async (bytes: Uint8Array): Promise<number[][]> => {
  const source = open(bytes);
  const all: number[][] = [];
  for (let frame = 1; frame <= source.frames; frame++) all.push([...(await source.read(frame)).data]);
  return all;
};

describe('an animated PNG', () => {
  it.each(Object.keys(examples))('of kind %s has the frames that Pillow reads, in any order', async (name) => {
    const { png, rgb, width, height } = examples[name]!;
    const bytes = bytesOf(png);
    expect(isApng(bytes)).toBe(true);
    const source = open(bytes);
    expect(source).toMatchObject({ frames: rgb.length, width, height });
    const order = rgb.map((_, i) => i + 1);
    for (const frame of [...order, ...[...order].reverse(), 2, 1, 3]) {
      expect(toRgb(await source.read(frame)).data, `frame ${frame}`).toEqual(bytesOf(rgb[frame - 1]!));
    }
  });

  it('has its own times, with those of browsers for frames of almost none', () => {
    expect(open(bytesOf(examples.grey!.png)).timing?.delaysMs).toEqual([40, 80, 100, 500]);
  });

  it('brings back what was below a frame, and clears below the first', async () => {
    const [a, b, dot] = [
      [10, 255, 20, 255],
      [30, 255, 40, 255],
      [99, 255],
    ];
    const one = { size: [1, 1], at: [1, 0], pixels: dot } as const;
    expect(await shown(animation({ pixels: a! }, { ...one, dispose: 2 }, { ...one, at: [0, 0] }))).toEqual([
      [10, 20],
      [10, 99],
      [99, 20],
    ]);
    expect(await shown(animation({ pixels: a!, dispose: 2 }, one, { pixels: b! }))).toEqual([
      [10, 20],
      [0, 99],
      [30, 40],
    ]);
    // Half of a colour over another, and the stored colours of the first frame.
    const half = [110, 128, 0, 0];
    expect(await shown(animation({ pixels: [10, 0, 20, 255] }, { pixels: half, blend: 1 }))).toEqual([
      [10, 20],
      [110, 20],
    ]);
    expect(await shown(animation({ pixels: a! }, { pixels: half, blend: 1 }))).toEqual([
      [10, 20],
      [60, 20],
    ]);
  });

  it('that is cut off or damaged has the frames before, and states the others', async () => {
    const whole = bytesOf(examples.rgb!.png);
    const damaged = whole.slice();
    damaged[whole.length - 40]! ^= 1;
    for (const bytes of [whole.subarray(0, -60), damaged]) {
      const source = open(bytes);
      expect(source).toMatchObject({ frames: 2, framesStated: 3 });
      expect(await source.read(2)).toEqual(await open(whole).read(2));
      await expect(source.read(3)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    }
    expect(() => open(whole.subarray(0, 200))).toThrow('no frame is complete');
    const outside = animation({ pixels: [1, 255, 2, 255] }, { size: [2, 1], at: [1, 0], pixels: [1, 255, 2, 255] });
    expect(open(outside)).toMatchObject({ frames: 1, framesStated: 2 });
  });

  it('is no PNG of one picture, and has limits', () => {
    for (const file of ['grey.png', 'palette.png', 'rgb.bmp']) expect(isApng(fixtureBytes(file))).toBe(false);
    expect(isApng(animation({ pixels: [1, 255, 2, 255] }))).toBe(false);
    const bytes = bytesOf(examples.rgb!.png);
    for (const limits of [{ maxFrames: 2 }, { maxPixels: 9 }]) {
      expect(() => open(bytes, { ...DEFAULT_LIMITS, ...limits })).toThrow(
        expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }),
      );
    }
  });
});
