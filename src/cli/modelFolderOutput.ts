/**
 * Writing a model folder from a command, and what is said of it afterwards.
 */
import type { Json } from '../errors.js';
import { MODEL_FILES, writeModelFolder } from '../formats/modelFolder.node.js';
import { configJson, serialiseConfig } from '../models/configFile.js';
import type { Model } from '../predict/types.js';
import { whole } from './interrupt.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

/**
 * Writes the folder in one step.
 * @throws SamusError as writeModelFolder
 */
export async function saveModel(folder: string, { config, tensors }: Model, card: string): Promise<Outcome> {
  const content = { config: serialiseConfig(config), tensors, card };
  await withProgress(`writing ${folder}`, () => whole(() => writeModelFolder(folder, content)));
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
