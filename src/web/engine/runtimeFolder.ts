/** Where a server has ONNX Runtime's WebAssembly of the version that is bundled here. */

/** The build (vite.config.ts) puts it in. */
declare const __RUNTIME__: string;

/** @param base address of the server's root */
export function runtimeFolder(base: string): string {
  return new URL(`ort/${__RUNTIME__}/`, base).href;
}
