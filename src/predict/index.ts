/**
 * `samus/predict`: from an image and prompts to masks. In a browser these are its exports; on Node index.node.ts adds
 * loading models by name.
 */

export { frameOf as imageFrame } from '../models/graphs.js';
export { type ImageFrame, imageLogits, modelLogits, pointToModel, prepareImage } from '../models/imageFrame.js';
export { modelFromParts, modelFromTensors } from '../models/model.js';
export { type AutomaticResult, segmentEverything } from './automatic.js';
export { AUTOMATIC_DEFAULTS, type AutomaticOptions } from './automaticOptions.js';
export { type ClassAnswer, ClassNetwork, type ClassRequest } from './classNetwork.js';
export { type Diameter, type Measurement, measureMask } from './measure.js';
export { Segmenter, type SegmenterOptions } from './segmenter.js';
export type * from './types.js';
