/**
 * The engine that runs the model in a worker of the page. It starts on WebAssembly, or on the provider that was
 * measured to be faster on this device. If that is not known yet, it times WebGPU in a second worker after the first
 * masks; the result applies from the next start.
 */
import type { Image } from '../../formats/image.js';
import type { ObjectPrompt } from '../../predict/types.js';
import type { ThreadClient } from '../../runtime/threadProtocol.js';
import { KeptTasks } from '../keptTasks.js';
import { pageError } from '../pageError.js';
import { workerClient } from '../pageWorker.js';
import type {
  Engine,
  EngineClassMask,
  EngineEverythingOptions,
  EngineImage,
  EngineMask,
  EngineModel,
  EngineProgress,
  EngineSegmentOptions,
} from './engine.js';
import type { BrowserProvider, EngineContract, Timings } from './engineContract.js';
import { fasterProvider, isWebgpuWorthTrying, rememberedProvider, rememberProvider } from './providerChoice.js';

export interface BrowserEngineOptions {
  /** Address of the server's root. */
  readonly base: string;
  readonly model: EngineModel;
  readonly weights?: Blob;
  readonly provider: BrowserProvider | 'auto';
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  progress(progress: EngineProgress): void;
}

type EngineClient = ThreadClient<EngineContract>;

/** Encodings kept: 0.3 MB each with samus-s, 1 MB with SAM's. */
const MOST_IMAGES = 12;

/** The page must be idle this long before WebGPU is tried, so that no click waits. */
const REST_MS = 4000;

/** Runs of the trial; the fastest counts. */
const TRIAL_RUNS = 3;

export class BrowserEngine implements Engine {
  readonly kind = 'browser';
  readonly #client: EngineClient;
  readonly #encoded: KeptTasks<null>;
  readonly #options: BrowserEngineOptions;
  #trial: ReturnType<typeof setTimeout> | undefined;
  #tried: boolean;
  #disposed = false;

  private constructor(
    client: EngineClient,
    readonly provider: BrowserProvider,
    options: BrowserEngineOptions,
  ) {
    this.#client = client;
    this.#options = options;
    this.#tried = options.provider !== 'auto' || rememberedProvider(options.model.name) !== undefined;
    this.#encoded = new KeptTasks(MOST_IMAGES, (key) => void client.call('forget', key).catch(() => undefined));
  }

  /** @throws SamusError MODEL_UNREACHABLE, PROVIDER_UNAVAILABLE, WORKER_BROKEN, and what reading the model throws */
  static async create(options: BrowserEngineOptions): Promise<BrowserEngine> {
    const { provider } = options;
    const model = options.model.name;
    const first = provider === 'auto' ? (rememberedProvider(model) ?? 'wasm') : provider;
    try {
      return new BrowserEngine(await startWorker(options, first), first, options);
    } catch (error) {
      if (provider !== 'auto' || first === 'wasm' || options.signal?.aborted) throw error;
      // The provider that was faster no longer works, for example after a driver update.
      rememberProvider(model, 'wasm');
      return new BrowserEngine(await startWorker(options, 'wasm'), 'wasm', options);
    }
  }

  get model(): EngineModel {
    return this.#options.model;
  }

  async encode({ key, image }: EngineImage, signal?: AbortSignal): Promise<void> {
    await this.#encoded.get(key, (shared) => this.#client.call('encode', { key, image }, { signal: shared }), signal);
    this.#scheduleTrial();
  }

  async segment(key: string, prompt: ObjectPrompt, options: EngineSegmentOptions = {}): Promise<EngineMask> {
    const { multimask = false, clean = true, signal } = options;
    await this.#ready(key);
    const mask = await this.#client.call('segment', { key, prompt, multimask, clean }, { signal });
    this.#scheduleTrial();
    return mask;
  }

  async everything(key: string, { signal, progress }: EngineEverythingOptions = {}): Promise<EngineMask[]> {
    await this.#ready(key);
    return this.#client.call('everything', { key }, { signal, progress: ({ done, total }) => progress?.(done, total) });
  }

  async classes(key: string, signal?: AbortSignal): Promise<EngineClassMask[]> {
    await this.#ready(key);
    return this.#client.call('classes', { key }, { signal });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    clearTimeout(this.#trial);
    await this.#client.terminate();
  }

  async #ready(key: string): Promise<void> {
    const encoded = this.#encoded.peek(key);
    if (!encoded) throw pageError('ENGINE_IMAGE_UNKNOWN', { key });
    await encoded;
  }

  /** Runs once, when the page is idle. */
  #scheduleTrial(): void {
    if (this.#tried || this.#disposed) return;
    clearTimeout(this.#trial);
    this.#trial = setTimeout(() => {
      this.#tried = true;
      this.#tryWebgpu().catch(() => rememberProvider(this.model.name, 'wasm'));
    }, REST_MS);
  }

  async #tryWebgpu(): Promise<void> {
    if (!(await isWebgpuWorthTrying())) return;
    const wasm = await this.#client.call('timings', null);
    const webgpu = await timeProvider({ ...this.#options, progress: () => undefined }, 'webgpu');
    rememberProvider(this.model.name, fasterProvider(wasm, webgpu));
  }
}

async function startWorker(options: BrowserEngineOptions, provider: BrowserProvider): Promise<EngineClient> {
  const worker = new Worker(new URL('./engineWorker.ts', import.meta.url), { type: 'module' });
  const client: EngineClient = workerClient(worker);
  const { base, weights, threads, signal, progress } = options;
  const model = options.model.name;
  try {
    await client.call('load', { base, model, provider, threads, ...(weights && { weights }) }, { signal, progress });
    return client;
  } catch (error) {
    await client.terminate();
    throw error;
  }
}

/** Times a provider on an empty image, in a temporary worker. */
async function timeProvider(options: BrowserEngineOptions, provider: BrowserProvider): Promise<Timings> {
  const client = await startWorker(options, provider);
  try {
    const image: Image = { width: 256, height: 256, channels: 1, data: new Uint8Array(256 * 256) };
    for (let i = 0; i < TRIAL_RUNS; i++) {
      await client.call('encode', { key: 'trial', image });
      if (options.model.prompts.includes('points'))
        await client.call('segment', { key: 'trial', prompt: { points: [[128, 128]] }, multimask: false, clean: true });
    }
    return await client.call('timings', null);
  } finally {
    await client.terminate();
  }
}
