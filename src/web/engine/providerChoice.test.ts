import { afterEach, describe, expect, it, vi } from 'vitest';
import { fasterProvider, isWebgpuWorthTrying, rememberedProvider, rememberProvider } from './providerChoice.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function stubStorage(): Map<string, string> {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  return kept;
}

describe('the choice of a provider', () => {
  it('is WebGPU only where it is clearly faster for a whole image', () => {
    const wasm = { encodeMs: 200, decodeMs: 20 };
    expect(fasterProvider(wasm, { encodeMs: 50, decodeMs: 10 })).toBe('webgpu');
    expect(fasterProvider(wasm, { encodeMs: 190, decodeMs: 18 })).toBe('wasm');
    // A fast encoder does not make up for slow clicks.
    expect(fasterProvider(wasm, { encodeMs: 20, decodeMs: 60 })).toBe('wasm');
    expect(fasterProvider(wasm, { encodeMs: 20, decodeMs: null })).toBe('wasm');
    expect(fasterProvider({ encodeMs: null, decodeMs: null }, { encodeMs: 20, decodeMs: 1 })).toBe('wasm');
  });

  it('is remembered for each model, for some months', () => {
    stubStorage();
    vi.useFakeTimers();
    expect(rememberedProvider('a')).toBeUndefined();
    rememberProvider('a', 'webgpu');
    expect([rememberedProvider('a'), rememberedProvider('b')]).toEqual(['webgpu', undefined]);
    vi.advanceTimersByTime(100 * 24 * 3600 * 1000);
    expect(rememberedProvider('a')).toBeUndefined();
  });

  it('survives a store that is full of nonsense, or is not there', () => {
    stubStorage().set('samus.provider.a', '{"provider":3');
    expect(rememberedProvider('a')).toBeUndefined();
    vi.stubGlobal('localStorage', undefined);
    rememberProvider('a', 'wasm');
    expect(rememberedProvider('a')).toBeUndefined();
  });

  it('is not tried on an adapter in software, or without one', async () => {
    const withAdapter = (adapter: unknown) =>
      vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
    withAdapter(null);
    expect(await isWebgpuWorthTrying()).toBe(false);
    withAdapter({ info: { isFallbackAdapter: true } });
    expect(await isWebgpuWorthTrying()).toBe(false);
    withAdapter({ info: { isFallbackAdapter: false } });
    expect(await isWebgpuWorthTrying()).toBe(true);
  });
});
