/**
 * Preprocessing: how an image becomes the input of a model, as data that an architecture defines and `config.json` contains.
 * imageFrame.ts applies it.
 */
import type { Json } from '../errors.js';

export interface Preprocessing {
  /** Channels of the input. */
  readonly channels: 1 | 3;
  /** Over the whole square, or scaled by the longest side into its top left corner. */
  readonly fit: 'stretch' | 'longest-side';
  /** Of each channel, in grey levels: the input is (level − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Content of the channels: the same grey in all, or colours. Default: grey for one channel, RGB for three. */
  readonly colour?: 'grey' | 'rgb' | 'bgr';
  /**
   * Grey levels as stored, 0 to 255 (default), or stretched so that the darkest sample of the image is 0 and the brightest
   * 255.
   */
  readonly levels?: 'stored' | 'stretched';
  /**
   * How the image gets the model's size: bilinearly as in Pillow (default), to the nearest pixel, or by cubic splines, with
   * a filter before reduction (`cubic-smooth`) or without. Labels always take the nearest pixel.
   */
  readonly resize?: 'bilinear' | 'nearest' | 'cubic' | 'cubic-smooth';
  /**
   * Percentiles of the levels above 0 to which levels are clipped; they become 0 and 255, cut to 8 bits. This is done first;
   * default: no clipping.
   */
  readonly percentiles?: readonly [low: number, high: number];
  /** The final input beyond the image; default 0. */
  readonly padding?: number;
  /**
   * What stays in place when coordinates are scaled: the centre of a pixel, x → (x + 0.5) · scale − 0.5 (default), or the
   * corner of the image, x → x · scale.
   */
  readonly points?: 'centre' | 'corner';
}

type Defaulted = 'colour' | 'levels' | 'padding' | 'points';

/** With the defaults, as in every `config.json`. */
export function complete(preprocessing: Preprocessing): Preprocessing & Required<Pick<Preprocessing, Defaulted>> {
  const colour = preprocessing.channels === 1 ? 'grey' : 'rgb';
  return { colour, levels: 'stored', padding: 0, points: 'centre', ...preprocessing };
}

/** The same without the authors' resizing and clipping. */
export function plainResizing({ resize, percentiles, ...rest }: Preprocessing): Preprocessing {
  return rest;
}

/** Grey from 0 to 1, stretched over the square. */
export const GREY_STRETCHED: Preprocessing = { channels: 1, fit: 'stretch', mean: [0], std: [255] };

/** RGB with the mean and deviation of ImageNet, stretched over the square. */
export const IMAGENET_STRETCHED: Preprocessing = {
  channels: 3,
  fit: 'stretch',
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** As in `config.json`. */
export function preprocessingJson(preprocessing: Preprocessing): { readonly [key: string]: Json } {
  const { mean, std, percentiles, ...rest } = complete(preprocessing);
  return { ...rest, ...(percentiles && { percentiles: [...percentiles] }), mean: [...mean], std: [...std] };
}

/**
 * Whether a `config.json` specifies exactly this preprocessing: as an object, or as the sentence of version 0.1.0. With any
 * other, a model would silently predict different masks.
 */
export function statesPreprocessing(stated: Json, preprocessing: Preprocessing, sentence?: string): boolean {
  if (typeof stated === 'string') return stated === sentence;
  if (typeof stated !== 'object' || stated === null) return false;
  const inOrder = (fields: object): string =>
    JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
  return inOrder(stated) === inOrder(preprocessingJson(preprocessing));
}

/** Whether a model sees colours. */
export function takesColour(preprocessing: Preprocessing): boolean {
  return complete(preprocessing).colour !== 'grey';
}
