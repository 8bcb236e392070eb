import { describe, expect, it } from 'vitest';
import { fixtureBytes } from '../../test/support/imageFixtures.js';
import { gifFacts, withOpaqueFirstFrame } from './imageGif.js';
import { webpFacts } from './imageHeader.js';

/** A GIF of 1 x 1 with a frame for each delay, in hundredths of a second; undefined: without a control extension. */
function gif(...delays: readonly (number | undefined)[]): Uint8Array {
  const control = (delay: number) => [0x21, 0xf9, 4, 0, delay & 255, delay >> 8, 0, 0];
  const picture = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0];
  const frames = delays.flatMap((delay) => [...(delay === undefined ? [] : control(delay)), ...picture]);
  return Uint8Array.from([...Buffer.from('GIF89a'), 1, 0, 1, 0, 0, 0, 0, ...frames, 0x3b]);
}

describe('how long the frames of an animation are shown', () => {
  it('is read from the headers of GIF and WebP', () => {
    expect(gifFacts(fixtureBytes('frames.gif'), 100).delaysMs).toEqual([40, 40, 40, 40]);
    expect(webpFacts(fixtureBytes('frames.webp')).delaysMs).toEqual([40, 40, 40, 40]);
    expect(gifFacts(gif(5, 300, 1000), 100)).toMatchObject({ frames: 3, delaysMs: [50, 3000, 10_000] });
  });

  it('is 100 ms where a file says almost nothing, as in browsers', () => {
    expect(webpFacts(fixtureBytes('moving.webp')).delaysMs).toEqual([100, 100]);
    expect(gifFacts(gif(0, 1, 2, undefined), 100).delaysMs).toEqual([100, 100, 20, 100]);
  });

  it('is no question of one frame, and ends with the frames that are counted', () => {
    expect(gifFacts(gif(5), 100).delaysMs).toBeUndefined();
    expect(webpFacts(fixtureBytes('lossy.webp')).delaysMs).toBeUndefined();
    expect(gifFacts(gif(5, 6, 7), 2)).toMatchObject({ frames: 2, delaysMs: [50, 60] });
    expect(gifFacts(gif(5, 6).subarray(0, 25), 9).frames).toBe(1);
  });
});

describe('a GIF that is cut off', () => {
  it('has its complete frames, and states the others', () => {
    const whole = gif(5, 6, 7);
    expect(gifFacts(whole, 9)).not.toHaveProperty('framesStated');
    // Without the last byte, which programs leave out.
    expect(gifFacts(whole.subarray(0, -1), 9)).not.toHaveProperty('framesStated');
    expect(gifFacts(whole.subarray(0, -3), 9)).toMatchObject({ frames: 2, framesStated: 3, delaysMs: [50, 60] });
    expect(gifFacts(whole.subarray(0, 40), 9)).toMatchObject({ frames: 1, framesStated: 2 });
    // Within the first frame.
    expect(gifFacts(whole.subarray(0, 33), 9)).toMatchObject({ frames: 1, cutOff: true });
  });
});

describe('a GIF with transparent pixels', () => {
  it('loses transparency in the first frame alone', () => {
    const transparent = gif(5, 6).map((byte, i, all) => (all[i - 2] === 0xf9 && all[i - 1] === 4 ? 5 : byte));
    expect([...transparent.filter((_, i) => transparent[i - 2] === 0xf9)]).toEqual([5, 5]);
    const opaque = withOpaqueFirstFrame(transparent);
    expect(opaque.filter((byte, i) => byte !== transparent[i])).toEqual(Uint8Array.of(4));
    expect(opaque.findIndex((byte, i) => byte !== transparent[i])).toBe(16);
    for (const other of [gif(5), gif(undefined), Uint8Array.of(71)]) expect(withOpaqueFirstFrame(other)).toBe(other);
  });
});
