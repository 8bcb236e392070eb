/**
 * A model from what was read of it: a checkpoint whose sizes are detected, or the parts of a model folder. Works
 * wherever the bytes came from; finding and reading files is in loadModel.node.ts.
 */
import type { StateDict } from '../graph/tensorData.js';
import { detectConfig, parseConfig } from '../models/configFile.js';
import { findModel } from '../models/findModel.js';
import { checkStateDict } from '../models/stateDict.js';
import type { Model } from './types.js';

/** Unexpected tensors that a warning names. */
const SHOWN = 3;

/**
 * The model of a state dict alone. Its names may have a prefix.
 * @throws SamusError what {@link findModel}, {@link detectConfig} and {@link checkStateDict} throw
 */
export function modelFromTensors(name: string, tensors: StateDict): Model {
  const found = findModel([{ key: '', tensors }]);
  const named = found ? new Map([...found.names].map(([from, to]) => [to, tensors.get(from)!])) : tensors;
  const config = detectConfig(named);
  const checked = checkStateDict(config, named);
  return { name, config, tensors: checked.tensors, warnings: unexpectedWarnings(checked.unexpected) };
}

/**
 * The model of a model folder.
 * @param config what `config.json` holds, parsed
 * @throws SamusError what {@link parseConfig} and {@link checkStateDict} throw
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
  const rest = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return [`tensors that the model does not have were left out: ${names.slice(0, SHOWN).join(', ')}${rest}`];
}
