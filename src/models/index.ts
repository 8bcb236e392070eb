/**
 * `samus/models`: SAM and SAMUS as graphs, their configurations, and state dicts that fit them.
 */
export { averageWeights, type WeightedModel } from './averageWeights.js';
export {
  type ModelConfig,
  SAM_VIT_B,
  SAM_VIT_H,
  SAM_VIT_L,
  SAMUS_B,
  SAMUS_S,
  type SamConfig,
  type SamusConfig,
} from './config.js';
export { checkConfig, type ParsedConfig, parseConfig, serialiseConfig } from './configFile.js';
export { multiplyAdds } from './cost.js';
export { detectConfig } from './detect.js';
export { decoderGraph, encoderGraph, type ModelGraph, parametersOf } from './graphs.js';
export { POINT_LABEL } from './promptEncoder.js';
export { quantise } from './quantise.js';
export { samusConfigFromSam, samusFromSam } from './samusFromSam.js';
export { type CheckedStateDict, checkStateDict } from './stateDict.js';
export { isTrainable } from './trainable.js';
