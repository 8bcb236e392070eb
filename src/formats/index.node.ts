/**
 * `samus/formats` on Node: what works on bytes anywhere, and the files that hold them.
 */
export { readCheckpointFile, writeSafetensorsFile } from './checkpointFile.node.js';
export { openImage, readImage, readMask } from './imageFile.node.js';
export { encodePng, writePng } from './imageWrite.node.js';
export * from './index.js';
export {
  isModelFolder,
  type ModelFolder,
  type ModelFolderContent,
  readModelFolder,
  writeModelFolder,
} from './modelFolder.node.js';
export { readVolume } from './volumeFile.node.js';
