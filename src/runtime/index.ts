/**
 * `samus/runtime`: sessions of ONNX Runtime. In a browser these are its exports; on Node index.node.ts adds to them.
 */
export type { Provider, ProviderStatus, RunOptions, Runtime, Session, SessionOptions } from './session.js';
export { listWebProviders, type WebRuntimeOptions, webRuntime } from './webRuntime.js';
