/**
 * A folder for tests of `samus segment`: a phantom, `scan.png`, and the images of the golden files of tiny models, `sam.png` and
 * `samus.png`.
 */
import { join } from 'node:path';
import { makePhantom } from '../../src/data/phantom.js';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { bytes, golden, goldenPath } from '../support/golden.js';
import { newFolder } from './samusProcess.js';

export const SAM = goldenPath('sam-tiny.pth');
export const SAMUS = goldenPath('samus-tiny.pth');
/** Size of `scan.png`. */
export const [WIDTH, HEIGHT] = [300, 180];

export async function segmentFolder(): Promise<string> {
  const folder = newFolder();
  const { image } = makePhantom({ seed: 5, width: WIDTH, height: HEIGHT });
  await writePng(join(folder, 'scan.png'), image);
  const sam = await golden('sam-tiny.predictor.safetensors');
  await writePng(join(folder, 'sam.png'), createImage(220, 150, 3, bytes(sam, 'image_u8')));
  const samus = await golden('samus-tiny.forward.safetensors');
  await writePng(join(folder, 'samus.png'), createImage(256, 256, 1, bytes(samus, 'image_u8').slice(0, 65_536)));
  return folder;
}

/** What `--save-tensors` wrote. */
export async function tensorsIn(folder: string, name: string) {
  return (await readCheckpointFile(join(folder, name))).tensors;
}
