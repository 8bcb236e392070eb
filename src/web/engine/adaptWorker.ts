/** The worker for adaptations. It runs train/adapt.ts and answers a single call. */
import { toFloat16 } from '../../formats/halfFloat.js';
import { encodeSafetensors } from '../../formats/safetensorsWrite.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { adaptModel } from '../../train/adapt.js';
import { serveWorker } from '../pageWorker.js';
import type { AdaptContract } from './adapt.js';
import { loadServedModel } from './modelFiles.js';
import { runtimeFolder, yieldingRuntime } from './wasmRuntime.js';

serveWorker<AdaptContract>({
  async adapt({ base, model: name, weights, samples, threads, steps }, { signal, progress }) {
    const model = await loadServedModel(base, name, weights);
    const runtime = yieldingRuntime(webRuntime({ wasmPaths: runtimeFolder(base), threads }));
    const options = { threads, signal, progress, ...(steps !== undefined && { steps }) };
    const { tensors, ...scores } = await adaptModel(model.config, model.tensors, samples, runtime, options);
    const half = new Map([...tensors].map(([tensor, values]) => [tensor, toFloat16(values)]));
    const parts = [...encodeSafetensors(half, new Map([['adapted from', name]]))];
    return { ...scores, weights: new Blob(parts.map((part) => Uint8Array.from(part))) };
  },
});
