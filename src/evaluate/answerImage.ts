/**
 * All prompts of one image: a first prompt for each class and draw, then correction clicks in turns with the model's
 * answers. The model encodes the image once and answers all prompts of a turn together.
 */
import { correctionClick } from '../data/prompts.js';
import type { Sample } from '../data/sampleList.js';
import type { Random } from '../nn/random.js';
import { classMask, type LabelledCase } from './evaluationCase.js';
import { type Confusion, confusionOf, overlapMetrics } from './metricsOverlap.js';
import type { Answer, EvaluationPrompt, PromptableModel } from './promptableModel.js';
import { noisyPrompt } from './promptNoise.js';
import { type ClickMode, type FirstPrompt, firstPrompt, type PromptDraw, randomOf } from './promptPlan.js';

/** How samples are prompted. */
export interface Protocol {
  readonly prompt: FirstPrompt;
  /** Correction clicks after the first prompt. */
  readonly clicks: number;
  /** Random prompts for each sample; 0 is the one that is always the same. */
  readonly draws: number;
  readonly seed: number;
  /** Where single clicks go; published unless given. */
  readonly clickMode?: ClickMode;
  /** Levels of noise that the first prompt is repeated with, in per cent of the object's size. */
  readonly noise?: readonly number[];
  /** Whether masks are cleaned before they are measured; default false: as the model gives them. */
  readonly clean?: boolean;
}

/** The result of one sample and draw. */
export interface Dialogue {
  readonly sample: Sample;
  readonly draw: number;
  /** 1 where the label is the sample's class. */
  readonly truth: Uint8Array;
  /** All points in their order, first prompt and corrections. */
  readonly prompt: EvaluationPrompt;
  /** The last one. Of those before only the overlaps are kept: a mask and logits for each click and draw are gigabytes. */
  readonly answer: Answer;
  /** After each turn, 1 + clicks of them; where nothing is left to correct the last one stays. */
  readonly overlaps: readonly Confusion[];
  /** Of the first prompt at each level of noise. */
  readonly noisy: readonly Confusion[];
}

interface Turn extends Omit<Dialogue, 'answer'> {
  readonly answer?: Answer;
  /** For clicks on the rim of errors. */
  readonly random?: Random;
  readonly open: boolean;
}

/**
 * @param samples classes of this image, each once
 * @param withLogits whether the last answers have logits
 */
export async function answerImage(
  model: PromptableModel,
  { image, label, width }: LabelledCase,
  samples: readonly Sample[],
  protocol: Protocol,
  withLogits = false,
): Promise<Dialogue[]> {
  const { prompt, clickMode = { kind: 'published' }, noise = [], clean = false, seed } = protocol;
  const draws = Array.from({ length: Math.max(1, protocol.draws) }, (_, draw) => draw);
  const candidates = clickMode.kind === 'worst' ? clickMode.of : 1;
  // The border and the worst of several are random even without draws.
  const isRandom = protocol.draws > 0 || clickMode.kind === 'border' || candidates > 1;
  const drawn = (draw: number): PromptDraw | undefined => (isRandom ? { seed, draw } : undefined);
  let turns: readonly Turn[] = samples.flatMap((sample) => {
    const { classId } = sample;
    const truth = classMask(label, classId);
    return draws.flatMap((draw) =>
      Array.from({ length: candidates }, (_, candidate): Turn => {
        const from = drawn(draw * candidates + candidate);
        return {
          ...{ sample, draw, truth, overlaps: [], noisy: [], open: true },
          prompt: { ...firstPrompt(prompt, label, width, sample, from, clickMode), classId },
          ...(clickMode.kind === 'border' && from && { random: randomOf(sample, { ...from, seed: seed + 1 }) }),
        };
      }),
    );
  });
  const answering = await model.look(image);
  const ask = (prompts: readonly EvaluationPrompt[]): Promise<readonly Answer[]> =>
    prompts.length === 0 ? Promise.resolve([]) : answering(prompts, { logits: withLogits, clean });
  for (let turn = 0; turn <= protocol.clicks; turn++) {
    const asked = turns.filter(({ open }) => open);
    const answers = await ask(asked.map((one) => one.prompt));
    const byTurn = new Map(asked.map((one, i) => [one, answers[i]!]));
    turns = turns.map((one) => {
      const answer = byTurn.get(one) ?? one.answer!;
      return { ...one, answer, overlaps: [...one.overlaps, confusionOf(answer.mask, one.truth)] };
    });
    if (turn === 0) turns = await withNoise(worstOfEach(turns, candidates), noise, width, seed, ask);
    if (turn === protocol.clicks) break;
    turns = turns.map((one) => {
      const { mask, lowResLogits } = one.answer!;
      const click = one.open && correctionClick(mask, label, width, one.sample.classId, one.random);
      if (!click) return { ...one, open: false };
      return { ...one, prompt: { ...one.prompt, points: [...one.prompt.points, click], lowResLogits } };
    });
  }
  return turns.map(({ open, random, answer, ...next }) => ({ ...next, answer: answer! }));
}

/** Of each `candidates` turns in a row the one with the lowest Dice, of equals the first. */
function worstOfEach(turns: readonly Turn[], candidates: number): readonly Turn[] {
  if (candidates === 1) return turns;
  const dice = turns.map(({ overlaps }) => overlapMetrics(overlaps[0]!).dice);
  return Array.from({ length: turns.length / candidates }, (_, group) => {
    let worst = group * candidates;
    for (let i = worst + 1; i < (group + 1) * candidates; i++) if (dice[i]! < dice[worst]!) worst = i;
    return turns[worst]!;
  });
}

/** The turns with the overlaps of their first prompt at each level of noise. */
async function withNoise(
  turns: readonly Turn[],
  levels: readonly number[],
  width: number,
  seed: number,
  ask: (prompts: readonly EvaluationPrompt[]) => Promise<readonly Answer[]>,
): Promise<readonly Turn[]> {
  let noisy = turns;
  // Level by level, so that no more masks are in memory than in a turn.
  for (const level of levels) {
    const prompts = turns.map(({ prompt, truth, sample, draw }) =>
      noisyPrompt(prompt, level, truth, width, sample, { seed, draw }),
    );
    const answers = level === 0 ? turns.map(({ answer }) => answer!) : await ask(prompts);
    noisy = noisy.map((one, i) => ({ ...one, noisy: [...one.noisy, confusionOf(answers[i]!.mask, one.truth)] }));
  }
  return noisy;
}
