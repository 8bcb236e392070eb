/**
 * `samus/predict` on Node: its {@link Segmenter} also loads models by the name of a folder, a file or a bundled model.
 */
export * from './index.js';
export { bundledModels, loadModel } from './loadModel.node.js';
export { type LoadOptions, Segmenter } from './segmenter.node.js';
