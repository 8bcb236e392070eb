/**
 * Runs jobs on this machine: reads the image, runs the model, writes the files. The caller prints the results and
 * handles failed jobs.
 */
import { dirname } from 'node:path';
import { binaryMask } from '../data/publishedMasks.js';
import { listed, SamusError } from '../errors.js';
import { type AnnotationClass, annotationJson } from '../formats/annotation.js';
import { writeSafetensorsFile } from '../formats/checkpointFile.node.js';
import type { DicomSeg } from '../formats/dicom/readSeg.js';
import { spacingIn } from '../formats/dicom/regions.js';
import { makeFolder, writeTextFile } from '../formats/fileWrite.node.js';
import { brightestSamples, type Image, maskToImage } from '../formats/image.js';
import { openImage } from '../formats/imageFile.node.js';
import type { ImageSource } from '../formats/imageSource.js';
import { writePng } from '../formats/imageWrite.node.js';
import { drawOverlay, OVERLAY_COLORS } from '../formats/overlay.js';
import { float32, type StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { logitSide } from '../models/graphs.js';
import { modelLogits } from '../models/imageFrame.js';
import type { ClassNetwork } from '../predict/classNetwork.js';
import { maskMillimetres } from '../predict/millimetres.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Candidate, Encoding } from '../predict/types.js';
import type { JobObject, JobOutputs, JobRunner, SegmentedImage, SegmentJob } from './segmentJob.js';
import { annotated, type Segmented, segmentObjects } from './segmentObjects.js';

const maskPath = (base: string, { name, file = name }: Pick<JobObject, 'name' | 'file'>): string =>
  `${base}.${file}.png`;
const overlayPath = (base: string): string => `${base}.overlay.png`;
const jsonPath = (base: string): string => `${base}.json`;

/** The files of a job that are known in advance: all of them, except with `auto` and `everything`. */
export function outputPaths({ objects, outputs }: Pick<SegmentJob, 'objects' | 'outputs'>): string[] {
  if (!outputs) return [];
  const { base, formats, tensors } = outputs;
  return [
    ...(formats.includes('png') ? objects.map((object) => maskPath(base, object)) : []),
    ...(formats.includes('overlay') ? [overlayPath(base)] : []),
    ...(formats.includes('json') ? [jsonPath(base)] : []),
    ...(tensors === undefined ? [] : [tensors]),
  ];
}

export interface LocalRunnerOptions {
  /** Checks files before they are written. Those of `outputPaths` are known before the job runs; those of objects found
   * without a prompt are not. */
  readonly check?: (paths: readonly string[]) => Promise<void>;
  /** Runs each write, so that the caller does not end during one. */
  readonly uninterrupted?: <T>(write: () => Promise<T>) => Promise<T>;
}

export class LocalRunner implements JobRunner {
  readonly #model: Segmenter | ClassNetwork;
  readonly #check: NonNullable<LocalRunnerOptions['check']>;
  readonly #uninterrupted: NonNullable<LocalRunnerOptions['uninterrupted']>;
  #lastSeg: { readonly path: string; readonly seg: DicomSeg | undefined } | undefined;
  #last: { readonly path: string; readonly source: ImageSource } | undefined;

  constructor(model: Segmenter | ClassNetwork, options: LocalRunnerOptions = {}) {
    this.#model = model;
    this.#check = options.check ?? (async () => undefined);
    this.#uninterrupted = options.uninterrupted ?? ((write) => write());
  }

  /** @throws SamusError of reading the image and its masks, of the model, and of writing */
  async run(job: SegmentJob, signal?: AbortSignal): Promise<SegmentedImage> {
    const { image: ref, outputs } = job;
    const { path, frame = 1 } = ref;
    const source = await this.#open(path);
    const image = await source.read(frame);
    const encoding = await this.#model.encode(image);
    const masked = { ...image, ...(source.sopInstanceUid && { sopInstanceUid: source.sopInstanceUid }), frame };
    const readMask = async (mask: string, object: string) => {
      const seg = await this.#segmentation(mask);
      if (!seg) return readMaskOf(mask, frame);
      return (await import('../formats/dicom/segMasks.js')).segMaskFor(seg, masked, object);
    };
    const options = { readMask, ...(signal && { signal }) };
    const found: Segmented[] = [];
    for await (const one of segmentObjects(this.#model, encoding, job, options)) found.push(one);
    const { base, formats = [] } = outputs ?? {};
    const { calibration, sopInstanceUid = null } = source;
    const stated = calibration && spacingIn(calibration, frame);
    const entry: SegmentedImage = {
      image: source.frames > 1 || calibration ? { ...ref, frame } : ref,
      ...((source.frames > 1 || source.framesStated !== undefined) && { frames: source.frames }),
      ...(source.framesStated !== undefined && { framesStated: source.framesStated }),
      width: image.width,
      height: image.height,
      ...(stated && {
        dicom: { sopInstanceUid, spacingMm: stated.spacingMm, ...(stated.why !== null && { why: stated.why }) },
      }),
      objects: found.map((one) => ({
        ...annotated(one),
        ...(calibration && {
          millimetres: maskMillimetres({ width: one.width, height: one.height, data: one.mask }, calibration, frame),
        }),
        ...(base !== undefined && formats.includes('png') && { maskFile: maskPath(base, one.object) }),
      })),
      files: {
        ...(base !== undefined && formats.includes('overlay') && { overlay: overlayPath(base) }),
        ...(base !== undefined && formats.includes('json') && { json: jsonPath(base) }),
      },
    };
    if (!outputs) return entry;
    if (job.everything || job.auto)
      await this.#check(outputPaths({ outputs, objects: found.map(({ object }) => object) }));
    await this.#write(outputs, job.classes ?? [], image, encoding, found, entry);
    return entry;
  }

  close(): Promise<void> {
    return this.#model.dispose();
  }

  /** Keeps the last file open, because jobs read its frames one after another. */
  async #open(path: string | undefined): Promise<ImageSource> {
    if (path === undefined) {
      throw new SamusError(
        'IMAGE_NOT_FOUND',
        'expected the path of an image, got only its content',
        'name the image file',
      );
    }
    if (this.#last?.path !== path) this.#last = { path, source: await openImage(path) };
    return this.#last.source;
  }

  /** The DICOM segmentation at a path, if it is one; the last is kept for the next frame. */
  async #segmentation(path: string): Promise<DicomSeg | undefined> {
    if (this.#lastSeg?.path !== path) {
      const { readSegFile } = await import('../formats/dicom/dicomKind.node.js');
      this.#lastSeg = { path, seg: await readSegFile(path) };
    }
    return this.#lastSeg.seg;
  }

  /** Reports a folder that cannot be created before anything is written. */
  async #write(
    { base, formats, tensors }: JobOutputs,
    classes: readonly AnnotationClass[],
    image: Image,
    encoding: Encoding,
    found: readonly Segmented[],
    entry: SegmentedImage,
  ): Promise<void> {
    const written: string[] = [];
    const put = async (path: string, write: () => Promise<void>): Promise<void> => {
      try {
        await this.#uninterrupted(write);
        written.push(path);
      } catch (error) {
        throw withWritten(error, written);
      }
    };
    const masks = formats.includes('png') ? found : [];
    if (masks.length > 0 || formats.some((format) => format !== 'png')) await makeFolder(dirname(base));
    const { name: model, config } = this.#model;
    if (tensors !== undefined) {
      await makeFolder(dirname(tensors));
      const proposed = found.map(({ candidates }) => candidates).filter(({ length }) => length > 0);
      const values = segmentationTensors(config, encoding, proposed);
      await put(tensors, () => writeSafetensorsFile(tensors, values, new Map([['model', model]])));
    }
    for (const { object, mask, width, height } of masks) {
      const path = maskPath(base, object);
      const picture = maskToImage({ width, height, data: mask });
      await put(path, () => writePng(path, picture));
    }
    if (formats.includes('overlay')) {
      const drawn = overlayOf(image, found, classes);
      await put(overlayPath(base), () => writePng(overlayPath(base), drawn));
    }
    if (formats.includes('json')) {
      const text = `${JSON.stringify(annotationJson({ model, classes, images: [entry] }), null, 2)}\n`;
      await put(jsonPath(base), () => writeTextFile(jsonPath(base), text));
    }
  }
}

/** An error of writing that names the files of the image that were written before. */
function withWritten(error: unknown, written: readonly string[]): unknown {
  if (!(error instanceof SamusError) || written.length === 0) return error;
  const { code, message, hint, details } = error;
  return new SamusError(code, `${message}; already written: ${listed(written)}`, hint, { ...details, written });
}

/**
 * The mask in a file, from the same frame if it has several; without the noise of compression with loss.
 * @throws SamusError MASK_FAINT, and as openImage
 */
async function readMaskOf(path: string, frame: number): Promise<Image> {
  const source = await openImage(path);
  const mask = await source.read(source.frames === 1 ? 1 : frame, 'mask');
  return source.lossy ? binaryMask(mask, true, path) : brightestSamples(mask);
}

/**
 * The image with masks and clicks drawn over it, in the colours of the classes where they have some. Objects found without a prompt can be nested, so they are drawn from the
 * largest to the smallest, and without clicks.
 */
function overlayOf(image: Image, found: readonly Segmented[], classes: readonly AnnotationClass[]): Image {
  const colors = new Map(classes.map(({ id, color }) => [id, color]));
  const drawn = found.map(({ object, mask, area, stability }, i) => ({
    mask,
    color: object.color ?? colors.get(object.classId ?? 0) ?? OVERLAY_COLORS[i % OVERLAY_COLORS.length]!,
    clicks: stability === undefined ? object.points.map(([x, y, label = 1]) => ({ x, y, positive: label === 1 })) : [],
    area: stability === undefined ? 0 : area,
  }));
  return drawOverlay(
    image,
    drawn.sort((a, b) => b.area - a.area),
  );
}

/**
 * The numbers behind a segmentation (`--save-tensors`), for comparing implementations: `image_embedding` [1, C, g, g]; `low_res_logits` [O, M, 4g, 4g]; `masks` [O, M, S, S], logits at the model's input
 * size; `iou` [O, M]. O objects answered by the model, M masks: one, or three with multimask.
 * @param results the model's candidates for each object
 */
function segmentationTensors(
  config: ModelConfig,
  encoding: Encoding,
  results: readonly (readonly Candidate[])[],
): StateDict {
  const candidates = evenly(results).flat();
  const counts = [results.length, candidates.length / Math.max(1, results.length)];
  const [low, full] = [logitSide(config), config.imageSize];
  return new Map([
    ['image_embedding', encoding.embedding],
    [
      'low_res_logits',
      stack(
        [...counts, low, low],
        candidates.map((candidate) => candidate.lowResLogits),
      ),
    ],
    [
      'masks',
      stack(
        [...counts, full, full],
        candidates.map((candidate) => modelLogits(config, candidate.lowResLogits)),
      ),
    ],
    [
      'iou',
      float32(
        candidates.map((candidate) => candidate.score),
        counts,
      ),
    ],
  ]);
}

/** Each has only its chosen mask, unless three masks were requested for all objects. */
function evenly(results: readonly (readonly Candidate[])[]): readonly (readonly Candidate[])[] {
  if (new Set(results.map(({ length }) => length)).size <= 1) return results;
  return results.map((all) => [all.reduce((a, b) => (b.score > a.score ? b : a))]);
}

function stack(shape: readonly number[], maps: readonly Float32Array[]) {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (const [i, map] of maps.entries()) data.set(map, i * map.length);
  return float32(data, shape);
}
