/**
 * The object score of a model that has one: the probability that the prompted object is there, and the least one at which it counts.
 */
import { SamusError } from '../errors.js';
import type { ModelConfig } from './architecture.js';

/** Where neither the model nor the caller says otherwise. */
const MIN_PRESENCE = 0.5;

/** @param logit from `object_score_logits` */
export function presenceOf(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/**
 * That a least presence is only set for a model with an object score.
 * @throws SamusError MODEL_PRESENCE
 */
export function requirePresence(config: ModelConfig, minPresence: number | undefined): void {
  if (minPresence === undefined || config.objectScore) return;
  const message = `expected a model with an object score for a least presence, got ${config.architecture} without one`;
  throw new SamusError('MODEL_PRESENCE', message, 'leave out the least presence, or use another model');
}

/** The presence below which an object counts as absent. */
export function minPresenceOf({ minPresence = MIN_PRESENCE }: Pick<ModelConfig, 'minPresence'>): number {
  return minPresence;
}
