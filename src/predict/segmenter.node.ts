/**
 * The segmenter of a model named by a path or a bundled name, on ONNX Runtime for Node.
 */
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { loadModel } from './loadModel.node.js';
import { Segmenter as PortableSegmenter, type SegmenterOptions } from './segmenter.js';

export interface LoadOptions extends SegmenterOptions {
  /** Whether the sessions run off the calling thread; default true. */
  readonly worker?: boolean;
}

/** {@link PortableSegmenter}, and how to load one by name. */
export class Segmenter extends PortableSegmenter {
  /**
   * Reads a model and prepares a segmenter of it; nothing is compiled yet.
   * @param name as {@link loadModel} takes it
   * @throws SamusError what {@link loadModel} throws
   */
  static async load(name: string, { worker = true, ...options }: LoadOptions = {}): Promise<Segmenter> {
    return new Segmenter(await loadModel(name), nodeRuntime({ worker }), options);
  }
}
