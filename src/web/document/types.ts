/**
 * The annotations of one image: objects with their prompts, strokes and masks. Plain immutable data without DOM or
 * model; edit.ts makes new versions.
 */
import type { AnnotationClass } from '../../formats/annotation.js';
import type { PixelBox } from '../../formats/rle.js';
import type { PackedRle } from '../../formats/runs.js';
import type { PointPrompt } from '../../predict/types.js';

/** A mask of the image's size. */
export type PackedMask = PackedRle;

/** A kind of object. */
export type ClassEntry = Required<AnnotationClass>;

/** A mask that was there before any click of this object. */
export interface StartMask {
  readonly mask: PackedMask;
  readonly origin: 'file' | 'automatic';
  /** The model's own guess of its quality, of masks that it found by itself. */
  readonly score: number | null;
}

/** What the model answered, and to which prompts. */
export interface Answer {
  readonly mask: PackedMask;
  readonly score: number;
  /** Name of the model; one that was adapted to the person's masks has a name of its own. */
  readonly model: string;
  /** Of a file that asked all clicks at once, or does not say; the page asks one after the other. */
  readonly atOnce?: boolean;
  /** {@link promptKey} of the prompts that it answers. */
  readonly key: string;
}

/** Pixels that a person drew or erased by hand; they hold whatever the model says. */
export interface Strokes {
  readonly added: PackedMask | null;
  readonly erased: PackedMask | null;
}

export interface Annotation {
  readonly id: string;
  readonly name: string;
  readonly classId: number;
  /** Instead of the colour of the class. */
  readonly color: string | null;
  readonly hidden: boolean;
  /** A person said that it is done. */
  readonly committed: boolean;
  /** Its prompts come from the image before, and nobody has looked at what the model made of them. */
  readonly carried?: true | undefined;
  readonly points: readonly PointPrompt[];
  readonly box: PixelBox | null;
  readonly start: StartMask | null;
  /** Whether the first prompt asks for three masks, of which the best is taken; where it is not known, one is asked. */
  readonly multimask?: boolean | undefined;
  /** The mask is left as the model gives it, with its holes and stray parts. */
  readonly raw?: true | undefined;
  readonly strokes: Strokes;
  readonly answer: Answer | null;
  /** What is shown and exported: the answer or the start, with the strokes; null while there is nothing. */
  readonly shape: PackedMask | null;
}

/** Millimetres of a pixel across and down, and who said so. */
export interface Scale {
  readonly mm: readonly [x: number, y: number];
  readonly origin: 'file' | 'calibrated';
}

export interface ImageDocument {
  readonly width: number;
  readonly height: number;
  readonly scale: Scale | null;
  readonly objects: readonly Annotation[];
  /** The object that clicks go to; null: the next click begins a new one. */
  readonly activeId: string | null;
}
