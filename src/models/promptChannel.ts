/**
 * A network for classes that gets the same click or box as promptable models, as a further channel of its image
 * (`promptChannel` in `config.json`). For everything else it is a promptable model: the image is its embedding, and the
 * whole network is its decoder. A comparison with SAMUS then shows what prompting alone is worth.
 */
import { add, div, equal, exp, greater, mul, sigmoid, sub, where } from '../graph/ops/elementwise.js';
import { sum } from '../graph/ops/reduce.js';
import { concat, reshape, slice } from '../graph/ops/shape.js';
import { constant, type Tensor } from '../graph/tensor.js';
import { float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { ClassArchitecture, ModelConfig, PromptedArchitecture, PromptInputs } from './architecture.js';
import { POINT_LABEL } from './imageFrame.js';

export const PROMPT_CHANNELS = ['point', 'box'] as const;

/** Deviation of the bump that marks a click, as a share of the image's side: 8 pixels of 256. */
const DEVIATION = 1 / 32;

/** A network for two classes as a model that answers clicks or boxes. */
export function withPromptChannel(
  network: ClassArchitecture,
  kind: NonNullable<ModelConfig['promptChannel']>,
): PromptedArchitecture {
  const { forward, published, title, task, classes, promptChannel, reference, startFrom, ...common } = network;
  return {
    ...common,
    title: `${title} with a ${kind} as input`,
    task: 'prompted',
    prompts: kind === 'point' ? ['points'] : ['box'],
    oneObject: true,
    shapes: (config) => {
      const { imageSize: side } = config;
      return { embedding: [common.preprocessing(config).channels, side, side], lowRes: side, masks: 1 };
    },
    // Not the input itself: a graph has no output that is an input.
    encode: (_, __, image) => mul(image, 1),
    decoder: (p, config, image) => (prompt) => {
      const channel = kind === 'point' ? bumps(prompt, config.imageSize) : filledBox(prompt, config.imageSize);
      const outputs = network.forward(p, config, concat([image, channel], 1));
      const margin = marginOf(outputs.logits);
      return { lowResLogits: margin, iou: expectedIou(margin), outputs };
    },
    published: {
      ...published,
      loss({ outputs }, target) {
        if (!outputs) throw new Error('expected the answer of a network with a prompt channel');
        return published.loss(outputs, reshape(target, [target.size(0), target.size(2), target.size(3)]));
      },
    },
  };
}

/** The logit of the object minus that of the background [B, 1, H, W]. */
function marginOf(logits: Tensor): Tensor {
  return logits.size(1) === 1 ? logits : sub(slice(logits, 1, 1, 2), slice(logits, 1, 0, 1));
}

/** The IoU that the probabilities of the pixels imply: such a network predicts no other. @returns [O, 1] */
function expectedIou(margin: Tensor): Tensor {
  const probability = sigmoid(margin);
  const inside = where(greater(margin, 0), 1, 0);
  const total = (x: Tensor): Tensor => reshape(sum(x, { axes: [1, 2, 3] }), [margin.shape[0], 1]);
  const common = mul(probability, inside);
  return div(total(common), add(total(sub(add(inside, probability), common)), 1e-6));
}

/** Pixel numbers along an axis of an image: [1, 1, 1, side] across, [1, 1, side, 1] down. */
function places(side: number, axis: 'x' | 'y'): Tensor {
  const numbers = Float32Array.from({ length: side }, (_, i) => i);
  return constant(float32(numbers, axis === 'x' ? [1, 1, 1, side] : [1, 1, side, 1]));
}

/** x or y of each point, [O, N, 1, 1]. */
function coordinate({ coords, labels }: PromptInputs, axis: 0 | 1): Tensor {
  return reshape(slice(coords, 2, axis, axis + 1), [...labels.shape, 1, 1]);
}

/** 1 where a point has this label, [O, N, 1, 1]. */
function isLabel({ labels }: PromptInputs, label: number): Tensor {
  return reshape(where(equal(labels, label), 1, 0), [...labels.shape, 1, 1]);
}

/** The sum of a Gaussian for each click, negative beside the object. @returns [O, 1, side, side] */
function bumps(prompt: PromptInputs, side: number): Tensor {
  const along = (axis: 0 | 1): Tensor => {
    const offset = sub(places(side, axis === 0 ? 'x' : 'y'), coordinate(prompt, axis));
    return exp(mul(mul(offset, offset), -0.5 / (DEVIATION * side) ** 2));
  };
  const sign = sub(isLabel(prompt, POINT_LABEL.foreground), isLabel(prompt, POINT_LABEL.background));
  return sum(mul(mul(along(1), sign), along(0)), { axes: [1], keepDims: true });
}

/** 1 in the box, both corners inclusive; 0 everywhere without one. @returns [O, 1, side, side] */
function filledBox(prompt: PromptInputs, side: number): Tensor {
  const [first, last] = [POINT_LABEL.boxTopLeft, POINT_LABEL.boxBottomRight].map((label) => isLabel(prompt, label));
  const corner = (axis: 0 | 1, which: Tensor): Tensor =>
    sum(mul(coordinate(prompt, axis), which), { axes: [1], keepDims: true });
  const within = (axis: 0 | 1): Tensor => {
    const at = places(side, axis === 0 ? 'x' : 'y');
    const after = where(greater(at, sub(corner(axis, first!), 0.5)), 1, 0);
    return mul(after, where(greater(add(corner(axis, last!), 0.5), at), 1, 0));
  };
  return mul(mul(within(1), within(0)), sum(first!, { axes: [1], keepDims: true }));
}

/**
 * Weights of a model without the channel as the start of one with it: the weights of the channel are 0 in the first
 * convolutions, so that the answer is the same at first.
 * @param parameters of the model with the channel
 */
export function extendedByChannel(parameters: readonly ParameterInfo[], tensors: StateDict): StateDict {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  return new Map(
    [...tensors].map(([name, tensor]): [string, TensorData] => {
      const wanted = shapes.get(name);
      const [outputs = 0, inputs = 0, ...kernel] = tensor.shape;
      const fits = wanted?.join() === [outputs, inputs + 1, ...kernel].join();
      if (!wanted || tensor.dtype !== 'float32' || kernel.length !== 2 || !fits) return [name, tensor];
      const data = new Float32Array(sizeOf(wanted));
      const size = tensor.data.length / outputs;
      for (let o = 0; o < outputs; o++) {
        data.set(tensor.data.subarray(o * size, (o + 1) * size), (o * data.length) / outputs);
      }
      return [name, float32(data, wanted)];
    }),
  );
}
