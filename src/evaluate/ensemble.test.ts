import { expect, it } from 'vitest';
import { createImage } from '../formats/image.js';
import { UNET_S } from '../models/unet/config.js';
import { checkMembers, ensemble } from './ensemble.js';
import type { Answer, PromptableModel } from './promptableModel.js';

const IMAGE = createImage(2, 2, 1, new Uint8Array(4));
const ASKED = { logits: true, clean: false };

/** Answers with these logits; keeps what it is given back. */
function member(logits: readonly number[], score: number, given: (Float32Array | undefined)[] = []): PromptableModel {
  return {
    name: 'member',
    look: async () => async (prompts) =>
      prompts.map(({ lowResLogits }): Answer => {
        given.push(lowResLogits);
        const map = Float32Array.from(logits);
        return {
          mask: Uint8Array.from(map, (v) => (v > 0 ? 1 : 0)),
          score,
          logits: map,
          lowResLogits: map.slice(0, 1),
        };
      }),
  };
}

it('answers with the mean of the logits and of the scores', async () => {
  const both = ensemble('both', [member([4, -4, 1, -1], 0.5), member([-2, 2, 1, -1], 0.9)]);
  const [answer] = await (await both.look(IMAGE))([{ points: [] }], ASKED);
  expect([...answer!.logits!]).toEqual([1, -1, 1, -1]);
  expect([...answer!.mask]).toEqual([1, 0, 1, 0]);
  expect(answer!.score).toBeCloseTo(0.7, 12);
});

it('feeds back to each member what it answered itself', async () => {
  const [first, second]: (Float32Array | undefined)[][] = [[], []];
  const both = ensemble('both', [member([4, 0, 0, 0], 1, first), member([-2, 0, 0, 0], 1, second)]);
  const ask = await both.look(IMAGE);
  const [answer] = await ask([{ points: [] }], ASKED);
  await ask([{ points: [], lowResLogits: answer!.lowResLogits }], ASKED);
  expect(first!.map((one) => one && [...one])).toEqual([undefined, [4]]);
  expect(second!.map((one) => one && [...one])).toEqual([undefined, [-2]]);
});

it('cleans the common mask, not those of the members', async () => {
  const image = createImage(3, 1, 1, new Uint8Array(3));
  const both = ensemble('both', [member([1, -1, 3], 1), member([1, -1, -1], 1)]);
  const ask = await both.look(image);
  const points = [[0, 0, 1]] as const;
  const [raw] = await ask([{ points }], ASKED);
  const [clean] = await ask([{ points }], { ...ASKED, clean: true });
  expect([...raw!.mask]).toEqual([1, 0, 1]);
  expect([...clean!.mask]).toEqual([1, 0, 0]);
});

it('sees colours if a member does', () => {
  expect(ensemble('grey', [member([1], 1)]).colour).toBe(false);
  expect(ensemble('colour', [member([1], 1), { ...member([1], 1), colour: true }]).colour).toBe(true);
});

it('refuses members that answer different questions', () => {
  const clicked = { ...UNET_S, promptChannel: 'point' as const };
  expect(() => checkMembers('runs', [UNET_S, { ...UNET_S, base: 4 }])).not.toThrow();
  const different = [
    [UNET_S, { ...UNET_S, classes: 3 }],
    [UNET_S, clicked],
  ];
  for (const configs of different) {
    expect(() => checkMembers('runs', configs)).toThrow(expect.objectContaining({ code: 'EVALUATE_MEMBERS' }));
  }
});
