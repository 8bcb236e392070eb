import { afterEach, describe, expect, it, vi } from 'vitest';
import { followPixelRatio } from './pixelRatio.js';

/** A screen whose queries tell once that their ratio is left, as those of browsers do. */
function screenOf(ratio: number) {
  let query = new EventTarget();
  vi.stubGlobal('devicePixelRatio', ratio);
  vi.stubGlobal('matchMedia', (text: string) => {
    expect(text).toBe(`(resolution: ${devicePixelRatio}dppx)`);
    query = new EventTarget();
    return query;
  });
  return (next: number): void => {
    vi.stubGlobal('devicePixelRatio', next);
    query.dispatchEvent(new Event('change'));
  };
}

describe('followPixelRatio', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('reports every change until it is stopped', () => {
    const goTo = screenOf(1);
    const seen: number[] = [];
    const end = followPixelRatio(() => seen.push(devicePixelRatio));
    goTo(2);
    goTo(1.5);
    end();
    goTo(1);
    expect(seen).toEqual([2, 1.5]);
  });
});
