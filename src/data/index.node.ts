/**
 * `samus/data` on Node: what works in memory anywhere, and dataset folders in the published layout.
 */
export { type Dataset, type LabelledImage, openDataset } from './dataset.node.js';
export * from './index.js';
