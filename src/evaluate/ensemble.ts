/**
 * Several models as one: the mean of their logits answers.
 */
import { SamusError } from '../errors.js';
import { cleanMask } from '../formats/maskRegions.js';
import type { ModelConfig } from '../models/architecture.js';
import { architectureOf } from '../models/registry.js';
import type { Answer, EvaluationPrompt, PromptableModel } from './promptableModel.js';

/**
 * Checks that models can answer as one.
 * @param name of the folder that contains them
 * @throws SamusError EVALUATE_MEMBERS if only some take prompts, or the numbers of classes differ
 */
export function checkMembers(name: string, configs: readonly ModelConfig[]): void {
  const kinds = new Set(
    configs.map((config) => {
      const architecture = architectureOf(config);
      return architecture.task === 'prompted' ? 'prompts' : `${architecture.classes(config)} classes`;
    }),
  );
  if (kinds.size < 2) return;
  const message = `expected models of one kind in ${name}, got models for ${[...kinds].sort().join(' and ')}`;
  throw new SamusError('EVALUATE_MEMBERS', message, 'evaluate them as several models: one --model each');
}

/** @param members of one kind: a margin of classes and the logits of a prompted mask have different scales */
export function ensemble(name: string, members: readonly PromptableModel[]): PromptableModel {
  return {
    name,
    colour: members.some(({ colour }) => colour === true),
    async look(image, sample) {
      const asked = await Promise.all(members.map((member) => member.look(image, sample)));
      /** The members' own logits, by what stands for them in the common answer. */
      const own = new WeakMap<Float32Array, readonly Float32Array[]>();
      return async (prompts, { logits, clean }) => {
        const answers = await Promise.all(
          asked.map((ask, i) =>
            ask(
              prompts.map((prompt) => ownPrompt(prompt, own, i)),
              { logits: true, clean: false },
            ),
          ),
        );
        return prompts.map((prompt, k) => {
          const each = answers.map((list) => list[k]!);
          const mean = meanOf(each.map((answer) => answer.logits!));
          const data = Uint8Array.from(mean, (value) => (value > 0 ? 1 : 0));
          const mask = { width: image.width, height: image.height, data };
          const result: Answer = {
            mask: clean ? cleanMask(mask, prompt).data : data,
            score: each.reduce((sum, { score }) => sum + score, 0) / each.length,
            lowResLogits: mean,
            ...(logits && { logits: mean }),
          };
          own.set(
            mean,
            each.map(({ lowResLogits }) => lowResLogits),
          );
          return result;
        });
      };
    },
  };
}

/** Each member gets back the logits that it gave itself. */
function ownPrompt(
  { lowResLogits, ...prompt }: EvaluationPrompt,
  own: WeakMap<Float32Array, readonly Float32Array[]>,
  member: number,
): EvaluationPrompt {
  const given = lowResLogits && own.get(lowResLogits)?.[member];
  return given ? { ...prompt, lowResLogits: given } : prompt;
}

function meanOf(maps: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(maps[0]!.length);
  for (const map of maps) for (let i = 0; i < mean.length; i++) mean[i]! += map[i]!;
  for (let i = 0; i < mean.length; i++) mean[i]! /= maps.length;
  return mean;
}
