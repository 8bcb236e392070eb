/**
 * `samus/runtime` on Node: what runs anywhere, and onnxruntime-node.
 */
export * from './index.js';
export { type NodeRuntimeOptions, nodeRuntime } from './nodeRuntime.node.js';
export { listProviders } from './providers.node.js';
