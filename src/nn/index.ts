/**
 * `samus/nn`: layers, the parameters that they declare, and the way from a graph with weights to a session.
 */
export { compile, evaluate, exportModel } from './compile.js';
export {
  adapter,
  conv2d,
  conv3x3OfTokens,
  convTranspose2d,
  embedding,
  layerNorm,
  layerNorm2d,
  linear,
  mlpBlock,
  mlpHead,
} from './layers.js';
export {
  fanIn,
  type Initialisation,
  initialise,
  NORMAL,
  ONES,
  type ParameterInfo,
  Parameters,
  type QuantisedWeight,
  ZEROS,
} from './parameters.js';
export { Random, type RandomState } from './random.js';
