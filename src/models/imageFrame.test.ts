import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TINY_SAM, TINY_SAMUS } from '../../test/support/tinyModel.js';
import { createImage, type Image } from '../formats/image.js';
import { frameOf } from './graphs.js';
import {
  type ImageFrame,
  imageLogits,
  imageMask,
  maskToLowRes,
  modelLogits,
  normalise,
  pointToModel,
  prepareImage,
  promptTokens,
  type ShownPicture,
  seenBy,
} from './imageFrame.js';
import { GREY_STRETCHED, type Preprocessing } from './preprocessing.js';
import { SAM_PREPROCESSING, SAM_VIT_B } from './sam/config.js';
import { SAMUS_B } from './samus/config.js';

const MODELS = [
  ['SAMUS', SAMUS_B],
  ['SAM', SAM_VIT_B],
] as const;

const sizes = fc.record({ width: fc.integer({ min: 20, max: 700 }), height: fc.integer({ min: 20, max: 700 }) });

/** A grey image with one bright square around a point. */
function spot(width: number, height: number, x: number, y: number, radius: number): Image {
  const data = new Uint8Array(width * height);
  for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
    data.fill(255, v * width + Math.max(0, x - radius), v * width + Math.min(width - 1, x + radius) + 1);
  }
  return createImage(width, height, 1, data);
}

/** Centre of what is positive, in pixels of the map. */
function centre(map: Float32Array, width: number, weight: (value: number) => number): [number, number] {
  let [sum, sumX, sumY] = [0, 0, 0];
  for (const [i, value] of map.entries()) {
    const w = weight(value);
    sum += w;
    sumX += w * (i % width);
    sumY += w * Math.floor(i / width);
  }
  return [sumX / sum, sumY / sum];
}

describe('a click', () => {
  it('follows the rule of the stretched image', () => {
    const frame = frameOf(SAMUS_B, 640, 480);
    const [x, y] = pointToModel(frame, 120, 88);
    expect(x).toBeCloseTo((120.5 * 256) / 640 - 0.5, 9);
    expect(y).toBeCloseTo((88.5 * 256) / 480 - 0.5, 9);
  });

  it('stays where it is in an image of the size of the model', () => {
    expect(pointToModel(frameOf(SAMUS_B, 256, 256), 17.25, 200)).toEqual([17.25, 200]);
    expect(pointToModel(frameOf(SAM_VIT_B, 1024, 1024), 17.25, 200)).toEqual([17.25, 200]);
  });

  it('is scaled without a shift for SAM', () => {
    const [x, y] = pointToModel(frameOf(SAM_VIT_B, 220, 150), 100, 60);
    expect(x).toBeCloseTo((100 * 1024) / 220, 9);
    expect(y).toBeCloseTo((60 * 698) / 150, 9);
  });

  it('maps edges of a stretched image to edges, and back', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), ({ width, height }, share) => {
        const frame = frameOf(SAMUS_B, width, height);
        const [left, top] = pointToModel(frame, -0.5, -0.5);
        const [right, bottom] = pointToModel(frame, width - 0.5, height - 0.5);
        expect(left).toBeCloseTo(-0.5, 9);
        expect(top).toBeCloseTo(-0.5, 9);
        expect(right).toBeCloseTo(255.5, 9);
        expect(bottom).toBeCloseTo(255.5, 9);
        // The same rule from 256 pixels back to the image is its inverse.
        const x = share * width - 0.5;
        const [there] = pointToModel(frame, x, 0);
        expect(((there + 0.5) * width) / 256 - 0.5).toBeCloseTo(x, 9);
      }),
    );
  });

  it.each(MODELS)('lies on what was clicked on in the input of %s', (_, config) => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 10, max: 89 }), fc.integer({ min: 10, max: 89 }), (size, atX, atY) => {
        const { width, height } = size;
        const [x, y] = [Math.round((width * atX) / 100), Math.round((height * atY) / 100)];
        const frame = frameOf(config, width, height);
        const side = config.imageSize;
        const input = prepareImage(frame, spot(width, height, x, y, 1)).data.subarray(0, side * side);
        const darkest = Math.min(...[0, 1].map((i) => input[i * (frame.shownWidth - 1)]!));
        const shown = input.map((value, i) =>
          i % side < frame.shownWidth && Math.floor(i / side) < frame.shownHeight ? value - darkest : 0,
        );
        const [foundX, foundY] = centre(shown, side, (value) => Math.max(0, value));
        const [expectedX, expectedY] = pointToModel(frame, x, y);
        // SAM's missing half-pixel shift is worth half an enlarged pixel.
        const slack = config.architecture === 'sam' ? 0.5 + side / Math.max(width, height) / 2 : 0.5;
        expect(Math.abs(foundX - expectedX)).toBeLessThan(slack);
        expect(Math.abs(foundY - expectedY)).toBeLessThan(slack);
      }),
      { numRuns: 15 },
    );
  });
});

describe('logits', () => {
  /** Logits that are highest at a point of the model's input. */
  function peak(frame: ImageFrame, x: number, y: number): Float32Array {
    const side = frame.logitSide;
    const cell = frame.imageSize / side;
    return Float32Array.from({ length: side * side }, (_, i) => {
      const [dx, dy] = [((i % side) + 0.5) * cell - 0.5 - x, (Math.floor(i / side) + 0.5) * cell - 0.5 - y];
      return 10 - Math.hypot(dx, dy) / cell;
    });
  }

  it.each(MODELS)('of %s come back to the place of the click', (_, config) => {
    for (const [width, height, x, y] of [
      [640, 480, 120, 88],
      [97, 301, 70, 250],
      [1200, 300, 900, 40],
    ] as const) {
      const frame = frameOf(config, width, height);
      const lowRes = peak(frame, ...pointToModel(frame, x, y));
      const logits = imageLogits(frame, lowRes);
      expect(logits).toHaveLength(width * height);
      const mask = imageMask(frame, lowRes);
      expect(logits.every((logit, i) => mask[i] === (logit > 0 ? 1 : 0))).toBe(true);
      const [foundX, foundY] = centre(logits, width, (value) => Math.max(0, value - 6));
      // Half a pixel of the model's input, in pixels of the image, where SAM does not shift.
      const slack = 0.5 + Math.max(width / frame.shownWidth, height / frame.shownHeight) / 2;
      expect(Math.abs(foundX - x)).toBeLessThan(slack);
      expect(Math.abs(foundY - y)).toBeLessThan(slack);
    }
  });

  it('are those of the model where the image has its size', () => {
    const frame = frameOf(TINY_SAMUS, 32, 32);
    const lowRes = peak(frame, 11, 20);
    expect(imageLogits(frame, lowRes)).toEqual(modelLogits(TINY_SAMUS, lowRes));
  });
});

describe('the input of the encoder', () => {
  it('is grey from 0 to 1 for SAMUS', () => {
    const red = createImage(
      40,
      20,
      3,
      Uint8Array.from({ length: 2400 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
    );
    const { shape, data } = prepareImage(frameOf(TINY_SAMUS, 40, 20), red);
    expect(shape).toEqual([1, 1, 32, 32]);
    expect(new Set(data)).toEqual(new Set([Math.fround(76 / 255)]));
  });

  it('is normalised colour for SAM, and zero beyond the image', () => {
    const grey = createImage(40, 20, 1, new Uint8Array(800).fill(200));
    const { shape, data } = prepareImage(frameOf(TINY_SAM, 40, 20), grey);
    expect(shape).toEqual([1, 3, 32, 32]);
    expect(data[2 * 1024]).toBeCloseTo((200 - 103.53) / 57.375, 5);
    expect(data[15 * 32 + 31]).toBeCloseTo((200 - 123.675) / 58.395, 5);
    expect(data.subarray(16 * 32, 32 * 32).every((value) => value === 0)).toBe(true);
  });

  it('follows every field of the preprocessing', () => {
    const shape = { preprocessing: GREY_STRETCHED, imageSize: 2 };
    const rgb = {
      width: 1,
      height: 2,
      channels: 3,
      data: Uint8Array.from([50, 100, 150, 50, 100, 150]),
      white: 255,
    } as const;
    const inputOf = (preprocessing: Preprocessing, picture: ShownPicture = rgb): number[] =>
      [...normalise({ ...shape, preprocessing }, picture)].map((value) => Math.round(value * 1000) / 1000);
    const colours = { channels: 3, fit: 'longest-side', mean: [0, 50, 100], std: [50, 50, 10] } as const;
    expect(inputOf(colours)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 5, 0, 5, 0]);
    expect(inputOf({ ...colours, colour: 'bgr', padding: -7 })).toEqual([3, -7, 3, -7, 1, -7, 1, -7, -5, -7, -5, -7]);
    // MedSAM: each picture from 0 to 1.
    const own = { ...colours, levels: 'stretched', mean: [0, 0, 0], std: [255, 255, 255] } as const;
    expect(inputOf(own)).toEqual([0, 0, 0, 0, 0.5, 0, 0.5, 0, 1, 0, 1, 0]);
    const grey = { width: 2, height: 2, channels: 1, data: Float32Array.from([0.2, 0.4, 0.6, 1]), white: 1 } as const;
    const three = { channels: 3, colour: 'grey', fit: 'stretch', mean: [0, 0, 0], std: [255, 255, 255] } as const;
    expect(inputOf(three, grey)).toEqual([0.2, 0.4, 0.6, 1, 0.2, 0.4, 0.6, 1, 0.2, 0.4, 0.6, 1]);
    const beyond = (pixel: number): boolean => pixel === 3;
    const part = { ...three, levels: 'stretched', padding: 9 } as const;
    expect(inputOf(part, { ...grey, beyond }).slice(0, 4)).toEqual([0, 0.5, 1, 9]);
    expect(inputOf(part, { ...grey, data: new Float32Array(4).fill(0.3) }).slice(0, 4)).toEqual([0, 0, 0, 0]);
  });

  it('has the same values for each grey level, whether from bytes or from shares of white, as 0.1.0 had', () => {
    const side = 16;
    const data = Uint8Array.from({ length: 256 }, (_, level) => level);
    const shares = Float32Array.from(data, (level) => level / 255);
    const picture = { width: side, height: side, channels: 1 } as const;
    for (const preprocessing of [GREY_STRETCHED, SAM_PREPROCESSING]) {
      const { channels, mean, std } = preprocessing;
      const shape = { preprocessing, imageSize: side };
      const each = (of: (level: number, c: number) => number): Float32Array =>
        Float32Array.from({ length: channels * 256 }, (_, i) => of(i % 256, Math.floor(i / 256)));
      const predicted = normalise(shape, { ...picture, data, white: 255 });
      expect(predicted).toEqual(each((level, c) => (level - mean[c]!) / std[c]!));
      const trained = normalise(shape, { ...picture, data: shares, white: 1 });
      expect(trained).toEqual(
        each((level, c) => (channels === 1 ? shares[level]! : (shares[level]! * 255 - mean[c]!) * (1 / std[c]!))),
      );
    }
  });

  it('exists for an image that is a line', () => {
    expect(prepareImage(frameOf(TINY_SAM, 3000, 1), createImage(3000, 1, 1, new Uint8Array(3000))).shape).toEqual([
      1, 3, 32, 32,
    ]);
  });
});

describe('a first guess', () => {
  const [width, height] = [90, 60];
  const disc = Uint8Array.from({ length: width * height }, (_, i) =>
    Math.hypot((i % width) - 50, Math.floor(i / width) - 25) < 18 ? 1 : 0,
  );

  it.each(MODELS)('as a mask comes back as that mask from %s', (_, config) => {
    const frame = frameOf(config, width, height);
    const back = imageLogits(frame, maskToLowRes(frame, disc));
    const wrong = disc.reduce((count, value, i) => count + (value === (back[i]! > 0 ? 1 : 0) ? 0 : 1), 0);
    expect(wrong / disc.length).toBeLessThan(0.01);
  });

  it.each(MODELS)('as logits comes back as those logits from %s', (_, config) => {
    const frame = frameOf(config, width, height);
    const logits = Float32Array.from(disc, (_, i) => 5 - Math.hypot((i % width) - 50, Math.floor(i / width) - 25) / 4);
    const back = imageLogits(frame, maskToLowRes(frame, logits));
    const most = logits.reduce((worst, value, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      const inner = x > 3 && y > 3 && x < width - 4 && y < height - 4;
      return inner ? Math.max(worst, Math.abs(value - back[i]!)) : worst;
    }, 0);
    expect(most).toBeLessThan(0.3);
  });

  it('is confident inside and outside the mask, and −10 beyond the image', () => {
    const frame = frameOf(SAM_VIT_B, 200, 100);
    const lowRes = maskToLowRes(frame, new Uint8Array(200 * 100).fill(7));
    expect(lowRes[0]).toBe(10);
    expect(lowRes[125 * 256 + 255]).toBe(10);
    expect(lowRes[130 * 256]).toBe(-10);
    expect(new Set(maskToLowRes(frame, new Uint8Array(200 * 100)))).toEqual(new Set([-10]));
  });
});

describe('clipping to percentiles', () => {
  const levels = Uint8Array.from({ length: 35 }, (_, i) => (7 * i * i + 31 * i) % 251);
  it('equals numpy', () => {
    const { data } = seenBy({ ...GREY_STRETCHED, percentiles: [0.5, 99.5] }, createImage(7, 5, 1, levels));
    // np.percentile of the levels above 0 gives 6.165 and 234.02.
    const expected = [0, 35, 93, 167, 255, 81, 202, 58, 210, 97, 0, 199, 132, 82, 47, 28, 25, 37, 65, 109, 168, 243];
    expect([...data.subarray(0, 22)]).toEqual(expected);
  });
  it('leaves images with a single level', () => {
    for (const level of [0, 9]) {
      const flat = createImage(3, 1, 1, Uint8Array.of(level, level, level));
      expect(seenBy({ ...GREY_STRETCHED, percentiles: [0.5, 99.5] }, flat).data).toEqual(flat.data);
    }
  });
});

describe('the points of a prompt', () => {
  it('are clicks, then the box or SAM’s padding', () => {
    expect(promptTokens([[3, 4, 1]])).toEqual([
      [3, 4, 1],
      [0, 0, -1],
    ]);
    expect(promptTokens([[3, 4, 0]], [1, 2, 5, 6])).toEqual([
      [3, 4, 0],
      [1, 2, 2],
      [5, 6, 3],
    ]);
    expect(promptTokens([], [1, 2, 5, 6], 3)).toEqual([
      [1, 2, 2],
      [5, 6, 3],
      [0, 0, -1],
    ]);
    expect(promptTokens([])).toEqual([]);
  });
});
