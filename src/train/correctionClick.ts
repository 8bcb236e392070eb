/**
 * The next click of a simulated user, sampled inside the graph from the errors of the last mask, as in SAM's training.
 *
 * The caller feeds the random numbers, so that a seed repeats a run.
 */
import { abs, add, cast, equal, greater, mul, stopGradient, sub, where } from '../graph/ops/elementwise.js';
import { max, sum } from '../graph/ops/reduce.js';
import { concat, reshape } from '../graph/ops/shape.js';
import { apply, constant, type Tensor } from '../graph/tensor.js';
import { float32 } from '../graph/tensorData.js';

export interface Click {
  /** [B, 1, 2], x then y in pixels of the model's input */
  readonly coords: Tensor;
  /** [B, 1]: 1 where the mask misses the object, 0 where it covers something else */
  readonly label: Tensor;
}

/**
 * @param logits [B, 1, side, side]
 * @param target 0 or 1, of the same shape
 * @param noise uniform in 0…1, [B, side²]: the click goes to the wrong pixel with the largest number
 * @param imageSize pixels of the model's input along each side
 */
export function correctionClick(logits: Tensor, target: Tensor, noise: Tensor, imageSize: number): Click {
  const side = logits.size(2);
  const batch = logits.size(0);
  const wanted = reshape(target, [batch, side * side]);
  const found = cast(greater(reshape(stopGradient(logits), [batch, side * side]), 0), 'float32');
  const wrong = abs(sub(wanted, found));
  // Without errors, click anywhere on the object; without an object, anywhere in the image.
  const anyWrong = greater(max(wrong, { axes: [-1], keepDims: true }), 0.5);
  const score = mul(add(where(anyWrong, wrong, wanted), 1e-3), noise);
  const place = apply('ArgMax', [score], [batch, 1], {
    dtype: 'int64',
    attributes: { axis: { int: 1 }, keepdims: { int: 1 } },
  });
  const places = constant(
    float32(
      Float32Array.from({ length: side * side }, (_, i) => i),
      [1, side * side],
    ),
  );
  const hit = cast(equal(places, cast(place, 'float32')), 'float32');
  const at = (coordinate: (i: number) => number) => {
    const values = Float32Array.from(
      { length: side * side },
      (_, i) => (coordinate(i) + 0.5) * (imageSize / side) - 0.5,
    );
    return sum(mul(hit, constant(float32(values, [1, side * side]))), { axes: [-1], keepDims: true });
  };
  const coords = concat([at((i) => i % side), at((i) => Math.floor(i / side))], -1);
  return {
    coords: stopGradient(reshape(coords, [batch, 1, 2])),
    label: stopGradient(sum(mul(hit, wanted), { axes: [-1], keepDims: true })),
  };
}
