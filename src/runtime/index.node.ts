/**
 * `samus/runtime` on Node: the exports of index.ts, and onnxruntime-node.
 */
export * from './index.js';
export { type NodeRuntimeOptions, nodeRuntime } from './nodeRuntime.node.js';
export { listProviders } from './providers.node.js';
