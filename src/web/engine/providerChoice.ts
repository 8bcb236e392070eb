/**
 * Chooses between WebAssembly and WebGPU. Which one is faster depends on the device, so both are timed on first use,
 * and the choice is stored per model.
 */
import { listWebProviders } from '../../runtime/webRuntime.js';
import type { BrowserProvider, Timings } from './engineContract.js';

/** Assumed clicks per image: the times of whole images are compared. */
const CLICKS = 5;

/** WebGPU is chosen only below this share of the time: it doubles the download and shares the GPU with the screen. */
const WORTHWHILE = 0.8;

interface Choice {
  readonly provider: BrowserProvider;
  /** When it was made: devices and browsers get faster. */
  readonly made: number;
}

/** A choice expires after 90 days. */
const LASTS_MS = 90 * 24 * 3600 * 1000;

const keyOf = (model: string): string => `samus.provider.${model}`;

/** The stored choice for a model. */
export function rememberedProvider(model: string): BrowserProvider | undefined {
  try {
    const choice: Partial<Choice> = JSON.parse(localStorage.getItem(keyOf(model)) ?? '{}');
    const { provider, made = 0 } = choice;
    if (Date.now() - made > LASTS_MS) return undefined;
    return provider === 'wasm' || provider === 'webgpu' ? provider : undefined;
  } catch {
    return undefined;
  }
}

export function rememberProvider(model: string, provider: BrowserProvider): void {
  const choice: Choice = { provider, made: Date.now() };
  try {
    localStorage.setItem(keyOf(model), JSON.stringify(choice));
  } catch {
    // A browser without storage measures again.
  }
}

/** Whether there is a GPU adapter that may be faster; a software adapter is not. */
export async function isWebgpuWorthTrying(): Promise<boolean> {
  const webgpu = (await listWebProviders()).find(({ name }) => name === 'webgpu');
  if (!webgpu?.available) return false;
  const gpu: unknown = Reflect.get(navigator, 'gpu');
  if (typeof gpu !== 'object' || gpu === null || !('requestAdapter' in gpu)) return false;
  const adapter: unknown = typeof gpu.requestAdapter === 'function' ? await gpu.requestAdapter() : null;
  return !isInSoftware(adapter);
}

/** The faster provider; WebAssembly if a measurement is missing. A model without prompts has no times of clicks. */
export function fasterProvider(wasm: Timings, webgpu: Timings): BrowserProvider {
  const total = ({ encodeMs, decodeMs }: Timings): number | undefined =>
    encodeMs === null || (decodeMs === null) !== (wasm.decodeMs === null)
      ? undefined
      : encodeMs + CLICKS * (decodeMs ?? 0);
  const [slow, fast] = [total(wasm), total(webgpu)];
  return slow !== undefined && fast !== undefined && fast < slow * WORTHWHILE ? 'webgpu' : 'wasm';
}

function isInSoftware(adapter: unknown): boolean {
  if (typeof adapter !== 'object' || adapter === null) return true;
  const info: unknown = 'info' in adapter ? adapter.info : undefined;
  return typeof info === 'object' && info !== null && 'isFallbackAdapter' in info && info.isFallbackAdapter === true;
}
