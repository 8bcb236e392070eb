/**
 * The work of `samus models export`: writes a model in a form that other programs run.
 */
import { join } from 'node:path';
import type { Json } from '../errors.js';
import { onnxFormat } from '../export/onnxFormat.js';
import type { ExportDType, ExportFiles, ExportFormat } from '../export/options.js';
import { transformersJsFormat } from '../export/transformersJsFormat.js';
import { tritonFormat } from '../export/tritonFormat.js';
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
  if (options.format !== 'triton') await checkPlace(out);
  const model = await readModel(name, key === undefined ? {} : { key });
  const files = await withProgress(`exporting ${model.name}`, () => filesOf(model, options));
  await (await outputCheck(modelFiles(name)))([...files.keys()].map((path) => join(out, path)));
  const folders = foldersOf(out, format, files);
  for (const folder of folders.keys()) await checkPlace(folder);
  await withProgress(`writing ${out}`, () =>
    uninterrupted(async () => {
      for (const [folder, content] of folders) await writeExport(folder, content);
    }),
  );
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
  const write = format === 'triton' ? tritonFormat : onnxFormat;
  return write(nodeRuntime(), model, {
    ...shared,
    dtype: dtype ?? (model.config.quantisation ? 'q8' : 'float32'),
  });
}

/** The folders to write: the given one, or those of the models in a Triton repository, which may have others. */
function foldersOf(out: string, format: ExportFormat, files: ExportFiles): Map<string, ExportFiles> {
  if (format !== 'triton') return new Map([[out, files]]);
  const folders = new Map<string, ExportFiles>();
  for (const [path, parts] of files) {
    const [model = '', ...rest] = path.split('/');
    const folder = join(out, model);
    folders.set(folder, (folders.get(folder) ?? new Map()).set(rest.join('/'), parts));
  }
  return folders;
}

function sizeOf(parts: Parameters<ExportFiles['set']>[1]): number {
  return parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
}
