/**
 * The augmentations that a training can have, by name: those of SAMUS, and those that other networks are published with.
 * data/ applies them.
 */
import type { AugmentRecipe } from '../data/augmentSteps.js';
import { SHARED_AUGMENTATIONS, type SharedAugmentation } from '../data/networkAugment.js';
import { SamusError } from '../errors.js';
import type { Architecture } from '../models/architecture.js';
import { architectures } from '../models/registry.js';

const SAMUS_AUGMENTATIONS = ['none', 'samus', 'flip', 'strong'];

/**
 * `published` is the one that the network is published with; `samus` is SAMUS's; `flip` is the same after mirroring half of
 * the images left to right; `strong` is a stronger one after mirroring; the others belong to other networks, by their ids.
 */
export const AUGMENTATIONS: readonly string[] = [
  ...['published', ...SAMUS_AUGMENTATIONS, ...SHARED_AUGMENTATIONS],
  ...architectures()
    .filter(({ published }) => typeof published.settings.augment === 'object')
    .map(({ id }) => id)
    .sort(),
];

/** The name of the augmentation that a configuration means for a network. */
export function augmentationFor(kind: string, { id, published }: Architecture): string {
  if (kind !== 'published') return kind;
  const { augment: own = 'samus' } = published.settings;
  return typeof own === 'string' ? own : id;
}

/**
 * The augmentation of a network by its name; undefined for those of SAMUS.
 * @throws SamusError TRAIN_AUGMENT for a network that this thread has not registered
 */
export function networkAugmentation(kind: string): AugmentRecipe | SharedAugmentation | undefined {
  if (SAMUS_AUGMENTATIONS.includes(kind)) return undefined;
  const shared = SHARED_AUGMENTATIONS.find((name) => name === kind);
  if (shared) return shared;
  const own = architectures().find(({ id }) => id === kind)?.published.settings.augment;
  if (typeof own === 'object') return own;
  const message = `expected an augmentation of the registry, got ${kind}`;
  throw new SamusError('TRAIN_AUGMENT', message, 'give a registered architecture an augmentation by name');
}
