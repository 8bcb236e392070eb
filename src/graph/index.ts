/**
 * `samus/graph`: symbolic tensors, operations on them, gradients, and export to ONNX. `samus/runtime` runs the exported
 * bytes.
 */
export { differentiate } from './differentiate.js';
export type { Dim, Shape } from './dims.js';
export { type Evaluate, foldConstants } from './fold.js';
export type { OnnxAttribute, OnnxModel } from './onnxProto.js';
export { attend } from './ops/attention.js';
export { expand, sumTo } from './ops/broadcasting.js';
export { type ConvOptions, conv2d, convTranspose2d } from './ops/convolution.js';
export { depthwiseConv2d } from './ops/depthwise.js';
export { dropout, dropout2d, dropPath } from './ops/dropout.js';
export {
  abs,
  add,
  cast,
  clip,
  cos,
  div,
  equal,
  erf,
  exp,
  gelu,
  greater,
  log,
  mul,
  neg,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  stopGradient,
  sub,
  tanh,
  where,
} from './ops/elementwise.js';
export { gather, lookup, NOWHERE } from './ops/gather.js';
export { gemm, linear, matmul, matmulTransposed } from './ops/matrix.js';
export { batchNorm, batchNormInfer, groupNorm, layerNorm, layerNorm2d } from './ops/normalise.js';
export { avgPool2d, maxPool2d } from './ops/pool.js';
export { conv3x3OfTokensInt8, linearInt8 } from './ops/quantised.js';
export { crossEntropy, logSoftmax, max, mean, type ReduceOptions, softmax, sum } from './ops/reduce.js';
export { resizeBicubic, resizeBilinear, resizeNearest } from './ops/resize.js';
export { concat, pad, padImage, reshape, roll, slice, split, stack, transpose, transposeLast } from './ops/shape.js';
export { conv3x3OfTokens } from './ops/winograd.js';
export {
  type Attributes,
  apply,
  applyMany,
  constant,
  type GradientRule,
  input,
  integers,
  type Node,
  type NodeOptions,
  parameter,
  type Source,
  scalar,
  shapeError,
  Tensor,
} from './tensor.js';
export { asFloat32, type DType, float32, int64, type StateDict, sizeOf, type TensorData } from './tensorData.js';
export { type OnnxOptions, toOnnx } from './toOnnx.js';
