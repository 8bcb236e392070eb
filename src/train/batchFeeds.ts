/** The inputs of a training graph for one batch, in memory reused for the next batch. */
import { float32, sizeOf, type TensorData } from '../graph/tensorData.js';
import { type SampleShape, sampleShapes, type TrainingSample } from './trainingSample.js';

export class BatchFeeds {
  /** By name, without the weights. */
  readonly tensors: Readonly<Record<string, TensorData<'float32'>>>;

  /**
   * @param batch number of samples
   * @param maskSide side of the mask input, which stays empty because no sample starts from a mask
   */
  constructor(shape: SampleShape, batch: number, maskSide: number) {
    const shapes: Record<string, readonly number[]> = {
      ...sampleShapes(shape),
      mask_input: [1, maskSide, maskSide],
      has_mask_input: [],
    };
    if (shape.clickNoise === 0) delete shapes.click_noise;
    this.tensors = Object.fromEntries(Object.entries(shapes).map(([name, dims]) => [name, zeros([batch, ...dims])]));
  }

  /** Copies a sample to position `at` of the batch. */
  place(sample: TrainingSample, at: number): void {
    for (const [name, values] of Object.entries(sample)) this.tensors[name]?.data.set(values, at * values.length);
  }
}

function zeros(shape: readonly number[]): TensorData<'float32'> {
  return float32(new Float32Array(sizeOf(shape)), shape);
}
