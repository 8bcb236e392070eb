import { describe, expect, it } from 'vitest';
import { TINY, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { makePhantom } from '../data/phantom.js';
import { asFloat32 } from '../graph/tensorData.js';
import { isTrainable, promptedOf } from '../models/registry.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { type AdaptExample, type AdaptProgress, adaptModel, pairedGain, promptsFor, SHARES } from './adapt.js';

const runtime = nodeRuntime({ worker: false });
const { tensors } = tinyModel(TINY_SAMUS);

const examples: AdaptExample[] = Array.from({ length: 9 }, (_, seed) => {
  const { image, objects } = makePhantom({ seed: 100 + seed, width: 64, height: 48, kind: 'cyst' });
  return { image, mask: objects[0]!.mask };
});
const adapt = (options = {}) =>
  adaptModel(TINY_SAMUS, tensors, examples, runtime, { steps: 3, batch: 2, threads: 1, ...options });

describe('adaptModel', () => {
  it('trains the weights of the published recipe if asked, and changes neither the others nor the input model', async () => {
    const original = new Map([...tensors].map(([name, tensor]) => [name, asFloat32(tensor).data.slice()]));
    const result = await adapt({ trained: 'published' });
    expect([...result.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    let changed = 0;
    for (const [name, before] of original) {
      expect(asFloat32(tensors.get(name)!).data).toEqual(before);
      const after = asFloat32(result.tensors.get(name)!).data;
      const same = after.every((value, i) => value === before[i]);
      if (!isTrainable(TINY_SAMUS, name)) expect(same, name).toBe(true);
      else if (!same) changed++;
    }
    expect(changed).toBeGreaterThan(20);
  });

  it('takes as much of the trained weights as phantoms allow, and a weighted mean of the weights', async () => {
    const { share, tensors: mixed, before, after } = await adapt();
    const { tensors: whole, share: all } = await adapt({ learningRate: 1e-6 });
    expect(SHARES).toContain(share);
    expect(all).toBe(1);
    if (share > 0.25) expect(after.phantoms).toBeGreaterThanOrEqual(before.phantoms - 0.02);
    expect([...mixed.keys()]).toEqual([...whole.keys()]);
  });

  it('trains on all examples if there are other images to evaluate on', async () => {
    const { trained, heldOut } = await adapt({ validation: examples.slice(0, 2) });
    expect({ trained, heldOut }).toEqual({ trained: 9, heldOut: 2 });
    await expect(adapt({ validation: [] })).rejects.toMatchObject({ code: 'ADAPT_TOO_FEW' });
  });

  it('holds out every fourth image and evaluates on those and on phantoms', async () => {
    const { trained, heldOut, before, after, gain, better } = await adapt();
    expect({ trained, heldOut }).toEqual({ trained: 6, heldOut: 3 });
    for (const score of [before.heldOut, before.phantoms, after.heldOut, after.phantoms]) {
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(1);
    }
    expect(gain.mean).toBeCloseTo(after.heldOut - before.heldOut, 12);
    expect(better).toBe(gain.mean >= 0.005 && after.phantoms >= before.phantoms - 0.02);
  });

  it("gives Student's t intervals for several images and none for one", () => {
    expect(pairedGain([0.2])).toEqual({ mean: 0.2, ci95: null });
    const { mean, ci95 } = pairedGain([0.01, 0.02, 0.03]);
    expect(mean).toBeCloseTo(0.02, 12);
    // 4.303 · 0.01 / √3
    expect(ci95![0]).toBeCloseTo(0.02 - 0.02484, 5);
    expect(ci95![1]).toBeCloseTo(0.02 + 0.02484, 5);
    expect(pairedGain([0, 0]).ci95).toEqual([0, 0]);
  });

  it('gives the same weights for the same seed', async () => {
    const [a, b] = [await adapt(), await adapt()];
    expect(a.tensors).toEqual(b.tensors);
    expect(a.after).toEqual(b.after);
  });

  it('reports progress, and stops on abort', async () => {
    const stages = new Set<string>();
    const controller = new AbortController();
    const progress = ({ stage, done }: AdaptProgress) => {
      stages.add(stage);
      if (stage === 'training' && done === 2) controller.abort(new Error('enough'));
    };
    await expect(adapt({ steps: 50, progress, signal: controller.signal })).rejects.toThrow('enough');
    expect([...stages]).toEqual(['before', 'preparing', 'training']);
  });

  it('requires at least five images', async () => {
    const few = adaptModel(TINY_SAMUS, tensors, examples.slice(0, 4), runtime);
    await expect(few).rejects.toMatchObject({ kind: 'usage', code: 'ADAPT_TOO_FEW' });
  });
});

it.each(['point', 'box'] as const)('adapts a network with a prompt channel of a %s', async (promptChannel) => {
  const model = tinyModel({ ...TINY.unet!, promptChannel });
  const { prompts } = promptedOf(model.config);
  expect(promptsFor(prompts)).toBe(promptChannel);
  const { tensors: made } = await adaptModel(model.config, model.tensors, examples, runtime, {
    steps: 2,
    batch: 2,
    threads: 1,
  });
  expect([...made.keys()].sort()).toEqual([...model.tensors.keys()].sort());
  expect(promptsFor(['points', 'box', 'mask'])).toBe('mixed');
});
