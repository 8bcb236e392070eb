/**
 * What an inference thread does: holds one half of each model, and turns jobs into results. Nothing here knows of
 * threads or queues, so that it can be tried without them.
 */
import { openImage } from '../../formats/imageFile.node.js';
import { float32 } from '../../graph/tensorData.js';
import { weightsByPart } from '../../models/graphs.js';
import { segmentEverything } from '../../predict/automatic.js';
import { loadModel } from '../../predict/loadModel.node.js';
import { Segmenter } from '../../predict/segmenter.js';
import type { Encoding, ObjectResult } from '../../predict/types.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import type { Handlers } from '../../runtime/threadProtocol.js';
import { allocateShared, packTensors, unpackTensors } from '../../runtime/threadTensors.js';
import { answerOf, promptOf, promptSummary } from './answers.js';
import type { InferenceContract, InputOf, ModelPart, ObjectAnswer, OutputOf, ThreadSetup } from './messages.js';

/** Pixels of the masks that are in memory at a time while many objects of a large image are answered. */
const MASK_PIXELS = 64e6;

export class Work implements Handlers<InferenceContract> {
  readonly #setup: ThreadSetup;
  readonly #segmenters = new Map<string, Promise<Segmenter>>();
  // This thread has nothing to do but to compute.
  readonly #runtime = nodeRuntime({ worker: false });

  constructor(setup: ThreadSetup) {
    this.#setup = setup;
  }

  async prepare({ model }: InputOf<'prepare'>): Promise<null> {
    await (await this.#segmenter(model)).prepare(this.#setup.part);
    return null;
  }

  async encode({ model, bytes, frame, maxPixels }: InputOf<'encode'>): Promise<OutputOf<'encode'>> {
    const segmenter = await this.#segmenter(model);
    const source = await openImage(bytes, { maxPixels });
    const image = await source.read(frame);
    const start = performance.now();
    const encoding = await segmenter.encode(image);
    return { encoding: { ...shared(encoding), frames: source.frames }, ms: since(start) };
  }

  /** Several objects in one run, as far as their masks fit into memory. */
  async segment(input: InputOf<'segment'>): Promise<OutputOf<'segment'>> {
    const { model, encoding, objects, multimask, clean, form } = input;
    const segmenter = await this.#segmenter(model);
    const start = performance.now();
    const named = objects.map((object, i) => ({ ...object, name: object.name ?? `object-${i + 1}` }));
    const prompts = named.map((object) => promptOf(object, encoding));
    const step = Math.max(1, Math.floor(MASK_PIXELS / (encoding.width * encoding.height)));
    const answers: ObjectAnswer[] = [];
    for (let i = 0; i < prompts.length; i += step) {
      const asked = prompts.slice(i, i + step);
      const results: ObjectResult[] = await segmenter.segment(encoding, asked, { multimask, clean });
      for (const [k, result] of results.entries()) {
        const { points = [] } = prompts[i + k]!;
        answers.push(await answerOf(result, points, promptSummary(prompts[i + k]!), form));
      }
    }
    return { objects: answers, ms: since(start) };
  }

  async everything(
    { model, encoding, options, form }: InputOf<'everything'>,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<OutputOf<'everything'>> {
    const segmenter = await this.#segmenter(model);
    const start = performance.now();
    const found = await segmentEverything(segmenter, encoding, { ...options, signal });
    const objects: ObjectAnswer[] = [];
    for (const result of found) {
      const answer = await answerOf(result, [[...result.point, 1]], undefined, form);
      objects.push({ ...answer, stability: result.stability });
    }
    return { objects, ms: since(start) };
  }

  async infer({ model, feeds }: InputOf<'infer'>): Promise<OutputOf<'infer'>> {
    const segmenter = await this.#segmenter(model);
    return packTensors(await segmenter.run(this.#setup.part, unpackTensors(feeds)), true).packed;
  }

  async close(): Promise<void> {
    const segmenters = await Promise.allSettled(this.#segmenters.values());
    for (const settled of segmenters) if (settled.status === 'fulfilled') await settled.value.dispose();
  }

  /** What failed once is tried again at the next job. */
  #segmenter(name: string): Promise<Segmenter> {
    const known = this.#segmenters.get(name);
    if (known) return known;
    const { part, models, threads } = this.#setup;
    const loading = loadHalf(models.get(name) ?? name, part).then((model) =>
      Segmenter.create({ ...model, name }, this.#runtime, threads === undefined ? {} : { threads }),
    );
    this.#segmenters.set(name, loading);
    loading.catch(() => this.#segmenters.delete(name));
    return loading;
  }
}

/** A model with the weights of one half only: the other half is another thread's. */
async function loadHalf(source: string, part: ModelPart) {
  const model = await loadModel(source);
  return { ...model, tensors: weightsByPart(model.config, model.tensors)[part] };
}

/** In memory that all threads see, so that an embedding which serves many clicks is never copied on its way. */
function shared({ embedding, width, height }: Encoding): Encoding {
  const bytes = allocateShared(embedding.data.byteLength);
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, embedding.data.length);
  data.set(embedding.data);
  return { embedding: float32(data, embedding.shape), width, height };
}

function since(start: number): number {
  return Math.round((performance.now() - start) * 100) / 100;
}
