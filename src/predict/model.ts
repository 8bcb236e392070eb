/**
 * Makes a model from a checkpoint, detecting its sizes, or from the parts of a model folder. Independent of the source of
 * the bytes; loadModel.node.ts finds and reads files.
 */
import { listed } from '../errors.js';
import type { StateDict } from '../graph/tensorData.js';
import { detectConfig, parseConfig } from '../models/configFile.js';
import { findModel } from '../models/findModel.js';
import { checkStateDict } from '../models/stateDict.js';
import type { Model } from './types.js';

/**
 * Makes a model from a state dict alone, whose names can have a prefix.
 * @throws SamusError as {@link findModel}, {@link detectConfig} and {@link checkStateDict}
 */
export function modelFromTensors(name: string, tensors: StateDict): Model {
  const found = findModel([{ key: '', tensors }]);
  const named = found ? new Map([...found.names].map(([from, to]) => [to, tensors.get(from)!])) : tensors;
  const config = detectConfig(named);
  const checked = checkStateDict(config, named);
  return { name, config, tensors: checked.tensors, warnings: unexpectedWarnings(checked.unexpected) };
}

/**
 * Makes a model from the parts of a model folder.
 * @param config the parsed `config.json`
 * @throws SamusError as {@link parseConfig} and {@link checkStateDict}
 */
export function modelFromParts(name: string, config: unknown, tensors: StateDict, card?: string): Model {
  const parsed = parseConfig(config);
  const checked = checkStateDict(parsed.config, tensors);
  const warnings = [...parsed.warnings, ...unexpectedWarnings(checked.unexpected)];
  const model = { name, config: parsed.config, tensors: checked.tensors, warnings };
  return card === undefined ? model : { ...model, card };
}

function unexpectedWarnings(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [`ignored tensors that are not part of the model: ${listed(names)}`];
}
