/**
 * `samus/models`: architectures as graphs, their configurations, and checks of state dicts.
 */
export * from './architecture.js';
export { averageWeights, type WeightedModel } from './averageWeights.js';
export { type ConfigRule, countOf, type FieldReader, shapeOf } from './configFields.js';
export { checkConfig, detectConfig, type ParsedConfig, parseConfig, serialiseConfig } from './configFile.js';
export { multiplyAdds } from './cost.js';
export { decoderGraph, encoderGraph, parametersOf, partsOf } from './graphs.js';
export { POINT_LABEL } from './imageFrame.js';
export { type CheckedStateDict, checkStateDict } from './model.js';
export { GREY_STRETCHED, type Preprocessing } from './preprocessing.js';
export { quantise } from './quantise.js';
export { architectureOf, architectures, isTrainable, presets, registerArchitecture } from './registry.js';
export { SAM_PREPROCESSING, SAM_S, SAM_VIT_B, SAM_VIT_H, SAM_VIT_L, type SamConfig } from './sam/config.js';
export { SAMUS_B, SAMUS_S, SAMUS_S2, SAMUS_T, type SamusConfig } from './samus/config.js';
export { type Start, startableFrom, startOf } from './startFrom.js';
