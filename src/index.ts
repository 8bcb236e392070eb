/**
 * `samus`: what most programs need, from an image to masks. In a browser these are its exports; on Node index.node.ts
 * adds files. Each layer has its own entry with everything that it exports: `samus/predict`, `samus/models`,
 * `samus/formats`, `samus/data`, `samus/nn`, `samus/graph`, `samus/runtime`.
 */
export { ERRORS, type ErrorCode, type ErrorKind } from './errorCodes.js';
export { type Json, SamusError } from './errors.js';
export { blobSource, memorySource } from './formats/byteSource.js';
export { type Checkpoint, readCheckpoint } from './formats/checkpoint.js';
export { createImage, type Image, maskToImage, toGrey, toRgb } from './formats/image.js';
export type { Mask, PixelBox } from './formats/mask.js';
export { type CleaningPrompt, cleanMask } from './formats/maskRegions.js';
export { drawOverlay, type OverlayObject, type OverlayOptions } from './formats/overlay.js';
export { decodeRle, encodeRle, type Rle } from './formats/rle.js';
export type { ModelConfig } from './models/architecture.js';
export { modelFromParts, modelFromTensors } from './models/model.js';
export type { SamConfig } from './models/sam/config.js';
export type { SamusConfig } from './models/samus/config.js';
export { type AutomaticResult, segmentEverything } from './predict/automatic.js';
export type { AutomaticOptions } from './predict/automaticOptions.js';
export { type Diameter, type Measurement, measureMask } from './predict/measure.js';
export { Segmenter, type SegmenterOptions } from './predict/segmenter.js';
export type * from './predict/types.js';
export type { Provider, ProviderStatus, Runtime, Session, SessionOptions } from './runtime/session.js';
export { listWebProviders, type WebRuntimeOptions, webRuntime } from './runtime/webRuntime.js';
