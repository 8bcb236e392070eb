/**
 * All prompts of one image: a first prompt for each class and draw, then correction clicks in turns with the model's
 * answers. The model encodes the image once and answers all prompts of a turn together.
 */
import { correctionClick } from '../data/correctionClick.js';
import type { Sample } from '../data/sampleList.js';
import { classMask, type LabelledCase } from './evaluationCase.js';
import { type Confusion, confusionOf } from './metricsOverlap.js';
import type { Answer, EvaluationPrompt, PromptableModel } from './promptableModel.js';
import { type FirstPrompt, firstPrompt, type PromptDraw } from './promptPlan.js';

/** How samples are prompted. */
export interface Protocol {
  readonly prompt: FirstPrompt;
  /** Correction clicks after the first prompt. */
  readonly clicks: number;
  /** Random prompts for each sample; 0 is the one that is always the same. */
  readonly draws: number;
  readonly seed: number;
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
  const draws = Array.from({ length: Math.max(1, protocol.draws) }, (_, draw) => draw);
  const drawn = (draw: number): PromptDraw | undefined =>
    protocol.draws > 0 ? { seed: protocol.seed, draw } : undefined;
  let turns = samples.flatMap((sample) => {
    const truth = classMask(label, sample.classId);
    return draws.map((draw) => ({
      sample,
      draw,
      truth,
      prompt: { ...firstPrompt(protocol.prompt, label, width, sample, drawn(draw)), classId: sample.classId },
      answer: undefined as Answer | undefined,
      overlaps: [] as readonly Confusion[],
      open: true,
    }));
  });
  const answering = await model.look(image);
  for (let turn = 0; turn <= protocol.clicks; turn++) {
    const asked = turns.filter(({ open }) => open);
    const answers =
      asked.length > 0
        ? await answering(
            asked.map(({ prompt }) => prompt),
            { logits: withLogits, clean: protocol.clean ?? false },
          )
        : [];
    const byTurn = new Map(asked.map((one, i) => [one, answers[i]!]));
    turns = turns.map((one) => {
      const answer = byTurn.get(one) ?? one.answer!;
      const next = { ...one, answer, overlaps: [...one.overlaps, confusionOf(answer.mask, one.truth)] };
      if (!one.open || turn === protocol.clicks) return next;
      const click = correctionClick(answer.mask, label, width, one.sample.classId);
      if (!click) return { ...next, open: false };
      const prompt = { ...one.prompt, points: [...one.prompt.points, click], lowResLogits: answer.lowResLogits };
      return { ...next, prompt };
    });
  }
  return turns.map(({ open, answer, ...next }) => ({ ...next, answer: answer! }));
}
