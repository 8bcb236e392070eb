/** The worker that runs the model in the browser: connects localEngine.ts to onnxruntime-web. */
import { ClassNetwork } from '../../predict/classNetwork.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { pageError } from '../pageError.js';
import { serveWorker } from '../pageWorker.js';
import type { EngineContract } from './engineContract.js';
import { LocalEngine } from './localEngine.js';
import { loadServedModel } from './modelFiles.js';
import { runtimeFolder, yieldingRuntime } from './wasmRuntime.js';

let engine: LocalEngine | undefined;

function loaded(key: string): LocalEngine {
  if (!engine) throw pageError('ENGINE_IMAGE_UNKNOWN', { key });
  return engine;
}

serveWorker<EngineContract>({
  async load({ base, model: name, weights, provider, threads }, { progress }) {
    const model = await loadServedModel(base, name, weights, progress);
    progress({ phase: 'session', loaded: 0, total: 1 });
    const runtime = webRuntime({
      wasmPaths: runtimeFolder(base),
      threads,
      defaults: { provider },
    });
    const prepared = new LocalEngine(ClassNetwork.orSegmenter(model, yieldingRuntime(runtime), { provider, threads }));
    await prepared.warmUp();
    engine = prepared;
    progress({ phase: 'session', loaded: 1, total: 1 });
    return null;
  },
  async encode({ key, image }, { signal }) {
    await loaded(key).encode(key, image, signal);
    return null;
  },
  async segment({ key, prompt, multimask, clean }, { signal, transfer }) {
    const mask = await loaded(key).segment(key, prompt, { multimask, clean }, signal);
    transfer(mask.lowResLogits.buffer);
    return mask;
  },
  everything: ({ key }, { signal, progress }) => loaded(key).everything(key, signal, progress),
  classes: ({ key }, { signal }) => loaded(key).classes(key, signal),
  async forget(key) {
    engine?.forget(key);
    return null;
  },
  timings: async () => engine?.timings ?? { encodeMs: null, decodeMs: null },
});
