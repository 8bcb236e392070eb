/**
 * How a picture becomes the input of a model, as data: an architecture gives it for a configuration.
 */
export interface Preprocessing {
  /** Grey or RGB. */
  readonly channels: 1 | 3;
  /** Over the whole square, or by its longest side into the top left corner. */
  readonly fit: 'stretch' | 'longest-side';
  /** Of each channel, in grey levels from 0 to 255: the input is (level − mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}
