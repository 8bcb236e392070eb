/**
 * Encoded images, kept by their content and the model: the least recently used go when they take more bytes than
 * allowed. Requests for an image that is being encoded already share that work.
 */
import { SamusError } from '../errors.js';
import type { DataSet } from '../formats/dicom/dataSet.js';
import type { ExportSource } from '../formats/dicom/derivedObject.js';
import type { Calibration } from '../formats/dicom/regions.js';
import type { Image } from '../formats/image.js';
import type { Encoding } from '../predict/types.js';

/** What is kept of an image. */
export interface KeptImage extends Encoding {
  /** How many frames its file has. */
  readonly frames: number;
  /** Number of frames in the header of a truncated file. */
  readonly framesStated?: number;
  readonly dicom?: KeptDicom;
}

/** What is kept of the DICOM file of an image: plain data. */
export interface KeptDicom {
  /** From 1. */
  readonly frame: number;
  /** The frame itself, in shared memory, for pictures with masks drawn in. */
  readonly pixels: Image;
  readonly calibration: Calibration;
  /** What objects about the image copy and refer to: the patient, the study, UIDs. */
  readonly source: ExportSource;
}

/** Of the entry itself, beside its numbers. */
const ENTRY_BYTES = 512;
/** Of an element of a data set, beside its value. */
const ELEMENT_BYTES = 256;

/** Encodes an image; `signal` is aborted when no request waits for it any more. */
type Encode = (signal: AbortSignal) => Promise<{ readonly encoding: KeptImage; readonly ms: number }>;

export interface Encoded {
  readonly encoding: KeptImage;
  /** Whether it was there already. */
  readonly cached: boolean;
  /** What it took, 0 if it was there. */
  readonly ms: number;
}

interface Pending {
  readonly result: ReturnType<Encode>;
  readonly controller: AbortController;
  waiting: number;
}

export class Embeddings {
  readonly #entries = new Map<string, KeptImage>();
  readonly #pending = new Map<string, Pending>();
  #bytes = 0;

  /** @param maxBytes of all embeddings; a larger one is still kept until the next */
  constructor(readonly maxBytes: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is kept of an image, which counts as a use. */
  get(model: string, image: string): KeptImage | undefined {
    const key = keyOf(model, image);
    const encoding = this.#entries.get(key);
    if (!encoding) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, encoding);
    return encoding;
  }

  /** The same. @throws SamusError IMAGE_UNKNOWN */
  find(model: string, image: string): KeptImage {
    const encoding = this.get(model, image);
    if (encoding) return encoding;
    throw imageUnknown();
  }

  /** What is kept, or what `encode` gives; that is called once however many ask at the same time. */
  async getOrEncode(model: string, image: string, encode: Encode, signal: AbortSignal): Promise<Encoded> {
    const known = this.get(model, image);
    if (known) return { encoding: known, cached: true, ms: 0 };
    const key = keyOf(model, image);
    const pending = this.#pending.get(key) ?? this.#begin(key, encode);
    pending.waiting++;
    const leave = (): void => {
      if (--pending.waiting === 0) pending.controller.abort();
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    try {
      return { ...(await pending.result), cached: false };
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Forgets an image, for all models. @returns whether there was anything to forget */
  forget(image: string): boolean {
    const keys = [...this.#entries.keys()].filter((key) => key.startsWith(`${image} `));
    for (const key of keys) this.#remove(key);
    return keys.length > 0;
  }

  #begin(key: string, encode: Encode): Pending {
    const controller = new AbortController();
    const result = encode(controller.signal);
    const pending: Pending = { result, controller, waiting: 0 };
    this.#pending.set(key, pending);
    const end = (): void => {
      if (this.#pending.get(key) === pending) this.#pending.delete(key);
    };
    result.then(({ encoding }) => {
      this.#add(key, encoding);
      end();
    }, end);
    // A request that arrives after all others have left must not wait for cancelled work.
    controller.signal.addEventListener('abort', end, { once: true });
    return pending;
  }

  #add(key: string, encoding: KeptImage): void {
    this.#remove(key);
    this.#entries.set(key, encoding);
    this.#bytes += bytesOf(encoding);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.maxBytes || oldest === key) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const encoding = this.#entries.get(key);
    if (!encoding) return;
    this.#entries.delete(key);
    this.#bytes -= bytesOf(encoding);
  }
}

/** Neither part holds a space. */
function keyOf(model: string, image: string): string {
  return `${image} ${model}`;
}

function bytesOf({ embedding, dicom }: KeptImage): number {
  return (
    embedding.data.byteLength + ENTRY_BYTES + (dicom ? dataSetBytes(dicom.source.data) + dicom.pixels.data.length : 0)
  );
}

function dataSetBytes(data: DataSet): number {
  const elements = [...data.values()].map((one) =>
    one.vr === 'SQ' ? one.items.reduce((sum, item) => sum + dataSetBytes(item), 0) : one.bytes.length,
  );
  return elements.reduce((sum, bytes) => sum + bytes + ELEMENT_BYTES, 0);
}

export function imageUnknown(): SamusError {
  const message = 'no image with this id is kept for this model';
  return new SamusError(
    'IMAGE_UNKNOWN',
    message,
    'send the image again: POST /api/v1/images?model=NAME for another than the first',
  );
}
