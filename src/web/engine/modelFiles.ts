/**
 * Loads model files from the server or from this device's cache. Later loads only ask whether a file has changed;
 * offline, the cached files are used. Works in pages and in workers.
 */
import { SamusError } from '../../errors.js';
import { blobSource, memorySource } from '../../formats/byteSource.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { modelFromParts } from '../../models/model.js';
import type { Model } from '../../predict/types.js';
import { pageError } from '../pageError.js';
import type { EngineModel, EngineProgress } from './engine.js';

const CACHE = 'samus-models';

/** The models that a server offers. */
export interface ServedModels {
  readonly default: string;
  readonly models: readonly ListedModel[];
}

/** A list that an older server gave, or the browser has kept of it, names only promptable models. */
type ListedModel = Pick<EngineModel, 'name'> & Partial<EngineModel>;

type Report = (progress: EngineProgress) => void;

/** @param base address of the server's root @throws SamusError MODEL_UNREACHABLE */
export async function servedModels(base: string): Promise<ServedModels> {
  const url = new URL('api/v1/models', base).href;
  const cache = await openCache();
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    if (!response.ok) throw new Error(`status ${response.status}`);
    await cache?.put(url, response.clone());
    return await response.json();
  } catch (error) {
    const kept = await cache?.match(url);
    if (kept) return kept.json();
    throw pageError('MODEL_UNREACHABLE', { name: 'list', reason: reasonOf(error) });
  }
}

/** @param name default: the server's default */
export function engineModel({ default: first, models }: ServedModels, name = first): EngineModel {
  const { prompts = ['points', 'box', 'mask'], classes = [] } = models.find((one) => one.name === name) ?? {};
  return { name, prompts, classes };
}

/**
 * Loads one of the server's models.
 * @param adapted weights to use instead of the server's, safetensors
 * @throws SamusError MODEL_UNREACHABLE, and errors of damaged models: CONFIG_…, SAFETENSORS_…, CHECKPOINT_…
 */
export async function loadServedModel(
  base: string,
  name: string,
  adapted?: Blob,
  report: Report = () => undefined,
): Promise<Model> {
  const folder = new URL(`models/${encodeURIComponent(name)}/`, base);
  const cache = await openCache();
  try {
    const config: unknown = JSON.parse(
      new TextDecoder().decode(await file(new URL('config.json', folder).href, cache, () => undefined)),
    );
    const source = adapted
      ? blobSource(adapted)
      : memorySource(await file(new URL('model.safetensors', folder).href, cache, report));
    const { tensors } = await readSafetensors(source);
    return modelFromParts(name, config, tensors);
  } catch (error) {
    throw error instanceof SamusError ? error : pageError('MODEL_UNREACHABLE', { name, reason: reasonOf(error) });
  }
}

/** Available on secure origins only; without it, every load fetches from the server. */
async function openCache(): Promise<Cache | undefined> {
  return typeof caches === 'undefined' ? undefined : caches.open(CACHE).catch(() => undefined);
}

async function file(url: string, cache: Cache | undefined, report: Report): Promise<Uint8Array> {
  const kept = await cache?.match(url);
  if (kept && (await isCurrent(url, kept))) {
    const bytes = new Uint8Array(await kept.arrayBuffer());
    report({ phase: 'model', loaded: bytes.length, total: bytes.length });
    return bytes;
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`status ${response.status} of ${url}`);
  const bytes = await received(response, report);
  const headers = new Headers();
  for (const name of ['content-type', 'etag', 'last-modified']) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  // A full disk does not stop the page.
  await cache?.put(url, new Response(bytes, { headers })).catch(() => undefined);
  return bytes;
}

/** Whether a cached file is up to date; assumed if the server cannot be reached. */
async function isCurrent(url: string, kept: Response): Promise<boolean> {
  try {
    const { ok, headers } = await fetch(url, { method: 'HEAD', cache: 'no-store' });
    const mark = ['etag', 'last-modified'].find((name) => headers.has(name));
    return ok && mark !== undefined && headers.get(mark) === kept.headers.get(mark);
  } catch {
    return true;
  }
}

async function received(response: Response, report: Report): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  // The length of a compressed response is not that of its content.
  const length = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
  const total = length === null ? null : Number(length);
  const parts: Uint8Array[] = [];
  let loaded = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    report({ phase: 'model', loaded, total });
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
