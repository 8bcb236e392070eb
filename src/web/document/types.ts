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

/** A mask that the object had before any click. */
export interface StartMask {
  readonly mask: PackedMask;
  readonly origin: 'file' | 'automatic';
  /** Predicted IoU, of masks from automatic mode. */
  readonly score: number | null;
}

/** The model's answer and its prompts. */
export interface Answer {
  readonly mask: PackedMask;
  readonly score: number;
  /** Of a model with an object score: the probability that the object is there. */
  readonly presence?: number;
  /** Present if the model predicts that there is no object. */
  readonly absent?: true;
  /** Name of the model. An adapted model has its own name. */
  readonly model: string;
  /** Set for files whose prompts were asked all at once; the page asks one after the other. */
  readonly atOnce?: boolean;
  /** {@link promptKey} of the answered prompts. */
  readonly key: string;
}

/** Pixels drawn or erased by hand, which override the model. */
export interface Strokes {
  readonly added: PackedMask | null;
  readonly erased: PackedMask | null;
}

export interface Annotation {
  readonly id: string;
  readonly name: string;
  readonly classId: number;
  /** Overrides the colour of the class. */
  readonly color: string | null;
  readonly hidden: boolean;
  /** The user finished the object. */
  readonly committed: boolean;
  /** Its prompts were carried from another image, and the result was not checked yet. */
  readonly carried?: true | undefined;
  readonly points: readonly PointPrompt[];
  readonly box: PixelBox | null;
  readonly start: StartMask | null;
  /** Whether the first prompt asks for three masks and takes the best; one if undefined. */
  readonly multimask?: boolean | undefined;
  /** The mask is left as the model returns it, with holes and stray parts. */
  readonly raw?: true | undefined;
  readonly strokes: Strokes;
  readonly answer: Answer | null;
  /** The mask that is shown and exported: the answer or the start mask, with strokes applied; null if there is none. */
  readonly shape: PackedMask | null;
}

/** Width and height of a pixel in millimetres, and their source. */
export interface Scale {
  readonly mm: readonly [x: number, y: number];
  readonly origin: 'file' | 'calibrated';
}

export interface ImageDocument {
  readonly width: number;
  readonly height: number;
  readonly scale: Scale | null;
  readonly objects: readonly Annotation[];
  /** The selected object, which clicks go to; null if the next click starts a new one. */
  readonly activeId: string | null;
}
