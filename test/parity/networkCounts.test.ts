/**
 * Weights and arithmetic of the published sizes, as PyTorch counts them in the authors' implementations (2 · multiply-adds of
 * products and convolutions; one row for each network).
 */
import { describe, expect, it } from 'vitest';
import { input, type Tensor } from '../../src/graph/tensor.js';
import { sizeOf } from '../../src/graph/tensorData.js';
import { AAUNET_B } from '../../src/models/aaunet/config.js';
import type { ModelConfig } from '../../src/models/architecture.js';
import { AUTOSAMUS_B } from '../../src/models/autosamus/index.js';
import { CANET_B } from '../../src/models/canet/config.js';
import { CENET_B } from '../../src/models/cenet/config.js';
import { multiplyAdds } from '../../src/models/cost.js';
import { CPFNET_B } from '../../src/models/cpfnet/config.js';
import { FATNET_B } from '../../src/models/fatnet/config.js';
import { imageInput, networkGraph, parametersOf } from '../../src/models/graphs.js';
import { H2FORMER_B } from '../../src/models/h2former/config.js';
import { MEDSAM } from '../../src/models/medsam/index.js';
import { MISSFORMER_B } from '../../src/models/missformer/config.js';
import { MSA_B } from '../../src/models/msa/config.js';
import { architectureOf } from '../../src/models/registry.js';
import { SAM_ADAPTER_B } from '../../src/models/samadapter/index.js';
import { SAMED_B } from '../../src/models/samed/index.js';
import { SETR_B } from '../../src/models/setr/config.js';
import { SWINUNET_B } from '../../src/models/swinunet/config.js';
import { TRANSFUSE_B } from '../../src/models/transfuse/config.js';
import { TRANSUNET_B } from '../../src/models/transunet/config.js';
import { UNET_B, UNET_BILINEAR } from '../../src/models/unet/config.js';
import { Parameters } from '../../src/nn/parameters.js';

interface Published {
  readonly name: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  /** 10⁹ multiply-adds for one image. */
  readonly gmacs: number;
}

const UNET_3 = { ...UNET_BILINEAR, channels: 3, classes: 1 };
const SAMED_9 = { ...SAMED_B, classes: 9 };

/**
 * Models on SAM's encoder differ from PyTorch's count in two ways. Here the relative positions of an attention are part of its product of
 * queries and keys, which makes heads of the global blocks three times as wide; and the padding of windows asks nothing.
 */
const PUBLISHED: readonly Published[] = [
  { name: 'swinunet', config: SWINUNET_B, parameters: 27_175_620, gmacs: 8.022 },
  { name: 'transunet', config: TRANSUNET_B, parameters: 105_322_146, gmacs: 38.394 },
  { name: 'setr', config: SETR_B, parameters: 316_951_060, gmacs: 94.355 },
  { name: 'fatnet', config: FATNET_B, parameters: 28_758_657, gmacs: 30.011 },
  // 11.859 with the two further maps that only the loss takes.
  { name: 'transfuse', config: TRANSFUSE_B, parameters: 26_273_301, gmacs: 11.859 - 0.167 },
  { name: 'unet', config: UNET_B, parameters: 31_036_546, gmacs: 48.096 },
  {
    name: 'unet-bilinear',
    config: UNET_3,
    parameters: 17_262_977,
    gmacs: 39.98,
  },
  // 7.148 in the authors' code, which computes three of the dilated convolutions twice.
  { name: 'cenet', config: CENET_B, parameters: 29_003_093, gmacs: 7.148 - 3 * 0.151 },
  { name: 'cpfnet', config: CPFNET_B, parameters: 43_269_891, gmacs: 8.298 },
  // 114.254 in PyTorch.
  { name: 'samed', config: SAMED_9, parameters: 92_192_469, gmacs: 102.4 },
  // 488.92 in PyTorch, without the Fourier transform, which is products of matrices here.
  { name: 'samadapter', config: SAM_ADAPTER_B, parameters: 93_792_820, gmacs: 589.75 },
  // Not counted in PyTorch.
  { name: 'autosamus', config: AUTOSAMUS_B, parameters: 142_184_880, gmacs: 136.14 },
  // 518.738 in PyTorch.
  { name: 'msa', config: MSA_B, parameters: 104_386_864, gmacs: 606 },
  // 487.85 in PyTorch.
  { name: 'medsam', config: MEDSAM.presets['medsam-b']!, parameters: 93_735_472, gmacs: 577 },
  { name: 'h2former', config: H2FORMER_B, parameters: 33_692_640, gmacs: 32.781 },
  // 13.767 in the authors' code, which computes the first layer of each MLP twice.
  { name: 'missformer', config: MISSFORMER_B, parameters: 42_462_082, gmacs: 13.767 - 2.315 },
  { name: 'canet', config: CANET_B, parameters: 2_785_610, gmacs: 5.534 },
  { name: 'aaunet', config: AAUNET_B, parameters: 55_435_955, gmacs: 81.023 },
];

/** All results for one image; a promptable model is asked once, by two points. */
function resultsOf(config: ModelConfig): Tensor[] {
  const architecture = architectureOf(config);
  if (architecture.task === 'classes') return Object.values(networkGraph(config).outputs);
  const parameters = new Parameters();
  const { lowRes } = architecture.shapes(config);
  const image = imageInput(config);
  const decode = architecture.decoder(parameters, config, architecture.encode(parameters, config, image));
  const { lowResLogits, iou } = decode({
    coords: input('coords', [1, 2, 2]),
    labels: input('labels', [1, 2]),
    mask: input('mask', [1, 1, lowRes, lowRes]),
    hasMask: input('has_mask', [1]),
  });
  return [lowResLogits, iou];
}

describe.each(PUBLISHED)('$name', ({ config, parameters, gmacs }) => {
  it('has as many weights', () => {
    const weights = parametersOf(config).filter(({ buffer }) => !buffer);
    expect(weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(parameters);
  });

  it('takes as many multiply-adds', () => {
    expect(multiplyAdds(resultsOf(config)) / 1e9 / gmacs).toBeCloseTo(1, 2);
  });
});
