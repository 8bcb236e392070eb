/** A model with its weights as an export stores them. */
import type { Model } from '../models/model.js';
import { quantise, requireFloat32Weights } from '../models/quantise.js';
import { architectureOf } from '../models/registry.js';
import type { ExportDType } from './options.js';

/** Graphs in 8 bits choose one scale for all images of a run, so they take one image at a time. */
export function batchOf({ config }: Model): 1 | 'batch' {
  return config.quantisation ? 1 : 'batch';
}

/** Whether {@link storedAs} takes them. */
export function canBeStoredAs({ config, tensors }: Model, dtype: ExportDType): boolean {
  if (dtype !== 'q8') return !config.quantisation;
  const architecture = architectureOf(config);
  return config.quantisation !== undefined || [...tensors.keys()].some((name) => architecture.isQuantisable?.(name));
}

/** The model with its large weights in 8 bits where that is asked for. @throws SamusError MODEL_QUANTISED, MODEL_NOT_QUANTISABLE */
export function storedAs(model: Model, dtype: ExportDType): Model {
  if (dtype === 'q8') return model.config.quantisation ? model : { ...model, ...quantise(model.config, model.tensors) };
  requireFloat32Weights(model.config);
  return model;
}
