/**
 * Writes a model folder from a command and reports it.
 */
import type { Json } from '../errors.js';
import { MODEL_FILES, writeModelFolder } from '../formats/modelFolder.node.js';
import { configJson, serialiseConfig } from '../models/configFile.js';
import type { Model } from '../predict/types.js';
import { uninterrupted } from './interrupt.js';
import { modelFiles, outputCheck } from './output.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

/**
 * Rejects a model folder that would replace an input.
 * @param models names of the models to read
 * @param files other files to read
 * @throws SamusError OUTPUT_IS_INPUT
 */
export async function checkModelOutput(
  folder: string,
  models: readonly string[],
  files: readonly string[] = [],
): Promise<void> {
  await (await outputCheck([...models.flatMap(modelFiles), ...files]))(modelFiles(folder));
}

/**
 * Writes the folder atomically.
 * @throws SamusError as writeModelFolder
 */
export async function saveModel(folder: string, { config, tensors }: Model, card: string): Promise<Outcome> {
  const content = { config: serialiseConfig(config), tensors, card };
  await withProgress(`writing ${folder}`, () => uninterrupted(() => writeModelFolder(folder, content)));
  const { architecture } = config;
  const document: Json = {
    folder,
    architecture,
    config: configJson(config),
    tensors: tensors.size,
    files: Object.values(MODEL_FILES),
  };
  return {
    document,
    lines: [`${folder}: ${architecture}, ${config.imageSize} px, ${tensors.size} tensors`],
  };
}
