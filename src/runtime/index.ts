/**
 * `samus/runtime`: sessions of ONNX Runtime. These are the exports for browsers; index.node.ts adds those for Node.
 */
export type { Provider, ProviderStatus, RunOptions, Runtime, Session, SessionOptions } from './session.js';
export { listWebProviders, type WebRuntimeOptions, webRuntime } from './webRuntime.js';
