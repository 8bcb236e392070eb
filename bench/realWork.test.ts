import { describe, expect, it } from 'vitest';
import { SAM_VIT_B } from '#dist/models/sam/config.js';
import { SAMUS_B, SAMUS_S } from '#dist/models/samus/config.js';
import { realGflop } from './realWork.js';

describe('realGflop', () => {
  it('is what PyTorch counts in the published SAMUS, less the position adapter and padded tokens', () => {
    // torch.utils.flop_counter on the public code: 162.681421824 GMAC, of them 5.435817984 in the position adapter.
    const counted = 162.681421824 - 5.435817984;
    // Nine windows of 14×14 hold 1764 tokens, 1024 of them real; eight blocks, three and one projections of 768².
    const padded = (8 * (1764 - 1024) * 4 * 768 ** 2) / 1e9;
    expect(realGflop(SAMUS_B)).toBeCloseTo(2 * (counted - padded), 6);
    expect(Math.round(realGflop(SAMUS_B))).toBe(287);
  });

  it('counts an encoder without adapters', () => {
    const tokens = 64 * 64;
    const blocks = 12 * 12 * 768 ** 2 * tokens;
    const patches = 768 ** 2 * tokens;
    const global = 4 * (2 * tokens * tokens * 768 + 2 * tokens * 64 * 768);
    const windows = 8 * 25 * (2 * 196 * 196 * 768 + 2 * 196 * 14 * 768);
    const neck = tokens * (768 * 256 + 9 * 256 * 256);
    expect(realGflop(SAM_VIT_B)).toBeCloseTo((2 * (blocks + patches + global + windows + neck)) / 1e9, 6);
  });

  it('grows with every part of a configuration', () => {
    const small = realGflop(SAMUS_S);
    expect(small).toBeLessThan(realGflop(SAMUS_B) / 20);
    for (const change of [{ depth: 7 }, { stem: 32 }, { globalBlocks: [1, 2, 5] }, { mlp: 2048 }, { promptDim: 256 }]) {
      expect(realGflop({ ...SAMUS_S, ...change })).toBeGreaterThan(small);
    }
  });
});
