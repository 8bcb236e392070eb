/**
 * Checks the paths of output files and writes them. Each is written atomically: it is complete or absent.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { SamusError } from '../errors.js';
import { fileIdentity, storedPath } from '../formats/fileSystem.node.js';
import { makeFolder, replaceFile, writeTextFile } from '../formats/fileWrite.node.js';
import { MODEL_FILES } from '../formats/modelFolder.node.js';
import { sameName } from '../formats/outputNames.js';
import { uninterrupted } from './interrupt.js';

/** Checks outputs. @throws SamusError OUTPUT_IS_INPUT, OUTPUT_TWICE */
export type OutputCheck = (outputs: readonly string[]) => Promise<void>;

/**
 * A check against overwriting an input, under any name or link, and against writing two results to one path.
 */
export async function outputCheck(inputs: readonly string[]): Promise<OutputCheck> {
  const read = new Set(inputs.map((path) => resolve(path)));
  const identities = await Promise.all(inputs.map(async (path) => fileIdentity(await storedPath(path))));
  const files = new Set(identities.filter((file) => file !== undefined));
  return async (outputs) => {
    const written = new Set<string>();
    for (const path of outputs) {
      const file = await fileIdentity(path);
      if (read.has(resolve(path)) || (file !== undefined && files.has(file))) {
        const message = `the output would overwrite the input ${path}`;
        throw new SamusError('OUTPUT_IS_INPUT', message, 'choose another output path', { path });
      }
      const place = sameName(resolve(path));
      if (written.has(place)) {
        const message = `two results would be written to ${path}`;
        const hint = 'rename an object, or run the command for each image';
        throw new SamusError('OUTPUT_TWICE', message, hint, { path });
      }
      written.add(place);
    }
  };
}

/** Every file that loading a model may read, whether the name is a file or a folder. */
export const modelFiles = (name: string): string[] => [
  name,
  ...Object.values(MODEL_FILES).map((file) => join(name, file)),
];

/** Writes a text file atomically. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function writeText(path: string, text: string): Promise<void> {
  await uninterrupted(() => writeTextFile(path, text));
}

/** Whether a path leads into a folder, or is the folder. */
export const isInside = (path: string, folder: string): boolean =>
  `${resolve(path)}${sep}`.startsWith(`${resolve(folder)}${sep}`);

/** Writes a text file that only its owner can read. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function writePrivate(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  await uninterrupted(() =>
    replaceFile(path, async (temporary) => {
      await writeFile(temporary, text, { flag: 'wx', mode: 0o600 });
      await chmod(temporary, 0o600);
    }),
  );
}
