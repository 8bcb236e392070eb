/**
 * The points of a prompt as SAM's decoder takes them, for prediction, training and validation alike.
 */
import type { PixelBox } from '../formats/mask.js';

/** Labels of points. Box corners are points with separate labels, as in SAM's public ONNX export. */
export const POINT_LABEL = {
  /** Pads prompts of unequal length in one run; no token attends to it. An addition of this project. */
  absent: -2,
  /** SAM's padding, appended to the points of every prompt without a box. */
  notAPoint: -1,
  background: 0,
  foreground: 1,
  boxTopLeft: 2,
  boxBottomRight: 3,
} as const;

/** A point of a prompt in pixels of the model's input, with a value of POINT_LABEL. */
export type PromptToken = readonly [x: number, y: number, label: number];

/**
 * The points of a prompt in the reference's order: clicks, then the corners of the box or, without one, SAM's padding points.
 * @param clicks in pixels of the model's input, as is the box
 * @param count points in total, at least those given; by default one padding point follows clicks without a box
 */
export function promptTokens(
  clicks: readonly PromptToken[],
  box?: PixelBox,
  count = clicks.length + (box ? 2 : clicks.length > 0 ? 1 : 0),
): PromptToken[] {
  const { boxTopLeft, boxBottomRight, notAPoint } = POINT_LABEL;
  const tokens = [...clicks];
  if (box) tokens.push([box[0], box[1], boxTopLeft], [box[2], box[3], boxBottomRight]);
  while (tokens.length < count) tokens.push([0, 0, notAPoint]);
  return tokens;
}
