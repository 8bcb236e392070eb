/**
 * `--save-tensors`: the numbers behind a segmentation, for comparing implementations.
 */
import { float32, type StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { logitSide } from '../models/graphs.js';
import { modelLogits } from '../models/imageFrame.js';
import type { Candidate, Encoding } from '../predict/types.js';

/**
 * `image_embedding` [1, C, g, g]; `low_res_logits` [O, M, 4g, 4g]; `masks` [O, M, S, S], logits at the model's input
 * size; `iou` [O, M]. O objects answered by the model, M masks: one, or three with multimask.
 * @param results the model's candidates for each object
 */
export function segmentationTensors(
  config: ModelConfig,
  encoding: Encoding,
  results: readonly (readonly Candidate[])[],
): StateDict {
  const candidates = evenly(results).flat();
  const counts = [results.length, candidates.length / Math.max(1, results.length)];
  const [low, full] = [logitSide(config), config.imageSize];
  return new Map([
    ['image_embedding', encoding.embedding],
    [
      'low_res_logits',
      stack(
        [...counts, low, low],
        candidates.map((candidate) => candidate.lowResLogits),
      ),
    ],
    [
      'masks',
      stack(
        [...counts, full, full],
        candidates.map((candidate) => modelLogits(config, candidate.lowResLogits)),
      ),
    ],
    [
      'iou',
      float32(
        candidates.map((candidate) => candidate.score),
        counts,
      ),
    ],
  ]);
}

/** Unless all objects were asked for three masks, each has only its chosen mask. */
function evenly(results: readonly (readonly Candidate[])[]): readonly (readonly Candidate[])[] {
  if (new Set(results.map(({ length }) => length)).size <= 1) return results;
  return results.map((all) => [all.reduce((a, b) => (b.score > a.score ? b : a))]);
}

function stack(shape: readonly number[], maps: readonly Float32Array[]) {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (const [i, map] of maps.entries()) data.set(map, i * map.length);
  return float32(data, shape);
}
