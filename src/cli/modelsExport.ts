/**
 * The work of `samus models export`: writes a model in a form that other programs run.
 */
import { join } from 'node:path';
import type { Json } from '../errors.js';
import { onnxFormat } from '../export/onnxFormat.js';
import type { ExportDType, ExportFiles, ExportFormat } from '../export/options.js';
import { transformersJsFormat } from '../export/transformersJsFormat.js';
import { checkPlace, writeExport } from '../export/writeExport.node.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { uninterrupted } from './interrupt.js';
import { readModel } from './openModel.js';
import { modelFiles, outputCheck } from './output.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Default: 8 bits for a model that is stored so, else float32; for transformers.js all that the model takes. */
  readonly dtype?: ExportDType;
  /** Selects a model in a checkpoint with several. */
  readonly key?: string;
}

/** @throws SamusError EXPORT_OCCUPIED, OUTPUT_IS_INPUT, MODEL_QUANTISED, MODEL_NOT_QUANTISABLE, and what reading and writing throw */
export async function exportForOthers(name: string, out: string, options: ExportOptions): Promise<Outcome> {
  const { format, key } = options;
  await checkPlace(out);
  const model = await readModel(name, key === undefined ? {} : { key });
  const files = await withProgress(`exporting ${model.name}`, () => filesOf(model, options));
  await (await outputCheck(modelFiles(name)))([...files.keys()].map((path) => join(out, path)));
  await withProgress(`writing ${out}`, () => uninterrupted(() => writeExport(out, files)));
  const written = [...files].map(([path, parts]) => ({ path, bytes: sizeOf(parts) }));
  const document: Json = {
    folder: out,
    format,
    model: model.name,
    architecture: model.config.architecture,
    files: written,
  };
  const lines = written.map(
    ({ path, bytes }) => `${join(out, path)}: ${(bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1)} MB`,
  );
  return { document, lines };
}

function filesOf(model: Model, { format, dtype }: ExportOptions): Promise<ExportFiles> {
  const shared = { version: packageVersion(), notice: NOTICE };
  if (format === 'transformers.js')
    return transformersJsFormat(nodeRuntime(), model, { ...shared, ...(dtype && { dtype }) });
  return onnxFormat(nodeRuntime(), model, {
    ...shared,
    dtype: dtype ?? (model.config.quantisation ? 'q8' : 'float32'),
  });
}

function sizeOf(parts: Parameters<ExportFiles['set']>[1]): number {
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}
