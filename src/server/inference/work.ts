/**
 * What an inference thread does: holds one half of each model, and turns jobs into results. Nothing here knows of
 * threads or queues, so that it can be tried without them.
 */
import { exportSource } from '../../formats/dicom/derivedObject.js';
import { isDicom } from '../../formats/dicom/dicomSource.js';
import { maskToImage } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import { encodePng } from '../../formats/imageWrite.node.js';
import { maskToPolygons } from '../../formats/polygons.js';
import { float32 } from '../../graph/tensorData.js';
import { isDicomFormat, type ResultForm, type SegmentedImage, type SegmentedObject } from '../../jobs/segmentJob.js';
import { annotated, type Segmented, segmentObjects } from '../../jobs/segmentObjects.js';
import { weightsByPart } from '../../models/graphs.js';
import { ClassNetwork } from '../../predict/classNetwork.js';
import { loadModel } from '../../predict/loadModel.node.js';
import { maskMillimetres } from '../../predict/millimetres.js';
import { Segmenter } from '../../predict/segmenter.js';
import type { Encoding } from '../../predict/types.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { allocateShared, packTensors, unpackTensors } from '../../runtime/tensorMemory.js';
import type { Handlers } from '../../runtime/threadProtocol.js';
import { dicomAnswer } from './dicomAnswer.js';
import type { EncodedJob, InferenceContract, InputOf, ModelPart, OutputOf, ThreadSetup } from './messages.js';

interface Context {
  readonly signal: AbortSignal;
}

export class Work implements Handlers<InferenceContract> {
  readonly #setup: ThreadSetup;
  readonly #models = new Map<string, Promise<Segmenter | ClassNetwork>>();
  // This thread has nothing to do but to compute.
  readonly #runtime = nodeRuntime({ worker: false });

  #encoding: Promise<unknown> = Promise.resolve();

  constructor(setup: ThreadSetup) {
    this.#setup = setup;
  }

  async prepare({ model }: InputOf<'prepare'>): Promise<null> {
    const opened = await this.#model(model);
    const { part } = this.#setup;
    if (opened instanceof Segmenter) await opened.prepare(part);
    else if (part === 'encoder') await opened.prepare();
    return null;
  }

  async encode({ model, bytes, frame, maxPixels }: InputOf<'encode'>): Promise<OutputOf<'encode'>> {
    const opened = await this.#model(model);
    const source = await openImage(bytes, { maxPixels });
    const image = await source.read(frame);
    const { encoding, ms } = await this.#alone(async () => {
      const start = performance.now();
      return { encoding: await opened.encode(image), ms: since(start) };
    });
    const dicom = isDicom(source) && {
      ...{ frame, pixels: { ...image, data: sharedBytes(image.data) } },
      ...{ calibration: source.calibration, source: exportSource(source.file) },
    };
    const { frames, framesStated } = source;
    const counted = { frames, ...(framesStated !== undefined && { framesStated }) };
    return { encoding: { ...shared(encoding), ...counted, ...(dicom && { dicom }) }, ms };
  }

  /** One call by two names, which the server's metrics distinguish. */
  readonly segment = this.#segment.bind(this);
  readonly everything = this.segment;

  async infer({ model, feeds }: InputOf<'infer'>): Promise<OutputOf<'infer'>> {
    const opened = await this.#model(model);
    const tensors = unpackTensors(feeds);
    const results = opened instanceof Segmenter ? opened.run(this.#setup.part, tensors) : opened.run(tensors);
    return packTensors(await results, true).packed;
  }

  async close(): Promise<void> {
    const models = await Promise.allSettled(this.#models.values());
    for (const settled of models) if (settled.status === 'fulfilled') await settled.value.dispose();
  }

  async #segment({ model, job, encoding }: EncodedJob, { signal }: Context): Promise<SegmentedImage> {
    const opened = await this.#model(model);
    const { image, form } = job;
    const start = performance.now();
    const objects: SegmentedObject[] = [];
    // One by one, so that the masks of a large image are not in memory together.
    for await (const one of segmentObjects(opened, encoding, job, { signal })) {
      const millimetres =
        encoding.dicom &&
        maskMillimetres(
          { width: one.width, height: one.height, data: one.mask },
          encoding.dicom.calibration,
          encoding.dicom.frame,
        );
      objects.push({
        ...annotated(one),
        ...(millimetres && { millimetres }),
        ...(form && (await inForm(one, form))),
      });
    }
    const { width, height, dicom } = encoding;
    const asked = dicom && form && isDicomFormat(form.format);
    const files =
      asked && dicomAnswer(opened, job, objects, { ...dicom, frames: encoding.frames }, this.#setup.version);
    return { image, width, height, objects, ...(files && { objectFiles: files }), ms: since(start) };
  }

  /** One encodes at a time, while the image of another is decoded. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#encoding.then(work);
    this.#encoding = result.catch(() => undefined);
    return result;
  }

  /** What failed once is tried again at the next job. */
  #model(name: string): Promise<Segmenter | ClassNetwork> {
    const known = this.#models.get(name);
    if (known) return known;
    const { part, models, threads } = this.#setup;
    const loading = loadHalf(models.get(name) ?? name, part).then((model) =>
      ClassNetwork.orSegmenter({ ...model, name }, this.#runtime, threads === undefined ? {} : { threads }),
    );
    this.#models.set(name, loading);
    loading.catch(() => this.#models.delete(name));
    return loading;
  }
}

/** A model with the weights of one half only: the other half is another thread's. */
async function loadHalf(source: string, part: ModelPart) {
  const model = await loadModel(source);
  return { ...model, tensors: weightsByPart(model.config, model.tensors)[part] };
}

async function inForm(
  { mask, width, height, lowResLogits }: Segmented,
  form: ResultForm,
): Promise<Pick<SegmentedObject, 'png' | 'polygons' | 'lowResLogits'>> {
  return {
    ...(form.format === 'png' && { png: base64(await encodePng(maskToImage({ width, height, data: mask }))) }),
    ...(form.format === 'polygons' && { polygons: maskToPolygons({ width, height, data: mask }) }),
    ...(form.lowResLogits && lowResLogits && { lowResLogits: base64Floats(lowResLogits) }),
  };
}

function base64Floats(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i]!, 4 * i);
  return bytes.toString('base64');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** In memory that all threads see, so that an embedding which serves many clicks is never copied on its way. */
function shared({ embedding, width, height }: Encoding): Encoding {
  const bytes = allocateShared(embedding.data.byteLength);
  const data = new Float32Array(bytes.buffer, bytes.byteOffset, embedding.data.length);
  data.set(embedding.data);
  return { embedding: float32(data, embedding.shape), width, height };
}

function sharedBytes(bytes: Uint8Array): Uint8Array {
  const copy = allocateShared(bytes.length);
  copy.set(bytes);
  return copy;
}

function since(start: number): number {
  return Math.round((performance.now() - start) * 100) / 100;
}
