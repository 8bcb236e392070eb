/**
 * `samus` on Node: what runs anywhere, and images, models and sessions by the names of files and providers.
 */
export { readCheckpointFile } from './formats/checkpointFile.node.js';
export { openImage, readImage } from './formats/imageFile.node.js';
export type { ImageLimits, ImageSource } from './formats/imageSource.js';
export { encodePng, writePng } from './formats/imageWrite.node.js';
export * from './index.js';
export { bundledModels, loadModel } from './predict/loadModel.node.js';
export { type LoadOptions, Segmenter } from './predict/segmenter.node.js';
export { type NodeRuntimeOptions, nodeRuntime } from './runtime/nodeRuntime.node.js';
export { listProviders } from './runtime/providers.node.js';
