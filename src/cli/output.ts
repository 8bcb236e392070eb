/**
 * The files that results are written to: their names, and writing each of them in one step, so that a file is there
 * as a whole or not at all.
 */
import { basename, extname, join, resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { fileIdentity } from '../formats/fileSystem.node.js';
import { writeTextFile } from '../formats/fileWrite.node.js';
import { frameName } from '../formats/imageSource.js';
import { MODEL_FILES } from '../formats/modelFolder.node.js';
import { whole } from './interrupt.js';

/**
 * Names of the files of each image, without what tells them apart: its own name without ending, and a number after it
 * where two images of one run have the same.
 */
export function outputStems(images: readonly { readonly path: string; readonly frame?: number }[]): string[] {
  const taken = new Set<string>();
  return images.map(({ path, frame }) => {
    const own = basename(path, extname(path));
    const stem = frame === undefined ? own : frameName(own, frame);
    let name = stem;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/** Refuses outputs. @throws SamusError OUTPUT_IS_INPUT, OUTPUT_TWICE */
export type OutputCheck = (outputs: readonly string[]) => Promise<void>;

/**
 * A check that refuses to replace what the command reads, under whatever name or link, and to write two results to one
 * place.
 */
export async function outputCheck(inputs: readonly string[]): Promise<OutputCheck> {
  const read = new Set(inputs.map((path) => resolve(path)));
  const files = new Set((await Promise.all(inputs.map(fileIdentity))).filter((file) => file !== undefined));
  return async (outputs) => {
    const written = new Set<string>();
    for (const path of outputs) {
      const file = await fileIdentity(path);
      if (read.has(resolve(path)) || (file !== undefined && files.has(file))) {
        const message = `${path} is read by this command and would be replaced by its result`;
        throw new SamusError('OUTPUT_IS_INPUT', message, 'name another place for the output', { path });
      }
      // Two names that differ in case only are one file on Windows and macOS.
      const place = resolve(path).toLowerCase();
      if (written.has(place)) {
        const message = `two results of this command would be written to ${path}`;
        const hint = 'rename an object, or run the command for each image';
        throw new SamusError('OUTPUT_TWICE', message, hint, { path });
      }
      written.add(place);
    }
  };
}

/** What reading a model may read, if it is named by a file or a folder. */
export const modelFiles = (name: string): string[] => [
  name,
  ...Object.values(MODEL_FILES).map((file) => join(name, file)),
];

/** Writes a text file in one step. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function writeText(path: string, text: string): Promise<void> {
  await whole(() => writeTextFile(path, text));
}
