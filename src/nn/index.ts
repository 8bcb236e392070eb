/**
 * `samus/nn`: layers, the parameters that they declare, and compiling a graph with weights to a session.
 */
export { convNorm, convNormRelu, doubleConv, linkDecoder, threeChannels } from './blocks.js';
export { compile, computeConstants as evaluate, exportModel } from './compile.js';
export {
  type BatchNormOptions,
  batchNorm1d,
  batchNorm2d,
  conv2d,
  conv3x3OfTokens,
  convTranspose2d,
  dropout,
  dropout2d,
  dropPath,
  embedding,
  groupNorm,
  layerNorm,
  layerNorm2d,
  linear,
  mlpBlock,
} from './layers.js';
export {
  binaryCrossEntropy,
  classLoss,
  comparedMaps,
  maskLoss,
  oneHot,
  softDice,
  targetMaps,
} from './loss.js';
export {
  fanIn,
  type Initialisation,
  initialise,
  type Mode,
  NORMAL,
  type NoiseInput,
  ONES,
  type ParameterInfo,
  Parameters,
  type ParametersOptions,
  type QuantisedWeight,
  ZEROS,
} from './parameters.js';
export { Random, type RandomState } from './random.js';
export { RESNET34, resnetLayer, resnetLayers, resnetStem } from './resnet.js';
export { imageOf, mlp, patchExpand, swinBlock, tokensOf, vitBlock } from './transformer.js';
