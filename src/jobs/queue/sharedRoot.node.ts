/**
 * The folder that the machines of a queue share, each under its own path. Files of studies are named relative to it, and
 * nothing outside of it is read or written. `.samus/` in it tells workers where the studies are.
 */
import { readFile, realpath, rm } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { SamusError } from '../../errors.js';
import { makeFolder, writeTextFile } from '../../formats/fileWrite.node.js';
import { isFields, jsonOf } from '../../formats/jsonFields.js';
import { isHubName } from '../../predict/hubModel.node.js';

/** Where a study is, and with which model; written by `samus batch`, read by workers. */
export interface StudyPointer {
  /** Folder of the study. */
  readonly folder: string;
  /** A path, or the name of a model that is bundled or on a hub. */
  readonly model: { readonly path: string } | { readonly name: string };
  readonly hash: string;
}

export class SharedRoot {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** @throws SamusError QUEUE_ROOT */
  static async open(root: string): Promise<SharedRoot> {
    const path = await realpath(root).catch(() => undefined);
    if (path !== undefined) return new SharedRoot(path);
    const message = `cannot find the shared folder ${root}`;
    throw new SamusError('QUEUE_ROOT', message, 'name the folder that the machines of the queue share as --root');
  }

  /** The path of a file relative to the root, with `/`. @throws SamusError QUEUE_ROOT for one outside */
  async nameOf(file: string): Promise<string> {
    // What is not there is reported when it is read.
    const inside = relative(this.#root, await realpath(file).catch(() => resolve(file)));
    if (isInside(inside)) return inside.split(sep).join('/');
    const message = `expected files in the shared folder ${this.#root}, got ${file}`;
    throw new SamusError(
      'QUEUE_ROOT',
      message,
      'move it there, or name a folder with all inputs and outputs as --root',
    );
  }

  /** The file of a name. @throws SamusError QUEUE_ROOT for a name that leads outside, also by a link */
  async fileOf(name: string): Promise<string> {
    const path = resolve(this.#root, name);
    const inside = relative(this.#root, await realpath(path).catch(() => path));
    if (!isAbsolute(name) && isInside(inside)) return path;
    throw outsideError();
  }

  async writePointer(study: string, pointer: StudyPointer): Promise<void> {
    const path = this.#pointerPath(study);
    await makeFolder(join(path, '..'));
    await writeTextFile(path, `${JSON.stringify(pointer)}\n`);
  }

  /** @throws SamusError QUEUE_ROOT if this root has no such study */
  async readPointer(study: string): Promise<StudyPointer> {
    const text = await readFile(this.#pointerPath(study), 'utf8').catch(() => '');
    const pointer = jsonOf(text);
    if (isPointer(pointer)) return pointer;
    const message = `expected the study of the job in the shared folder ${this.#root}, got none`;
    throw new SamusError('QUEUE_ROOT', message, 'name the folder that samus batch names as --root');
  }

  async removePointer(study: string): Promise<void> {
    await rm(this.#pointerPath(study), { force: true });
  }

  #pointerPath(study: string): string {
    return join(this.#root, '.samus', `${study}.json`);
  }
}

/** Of a name of the study that leads out of the shared folder. */
export function outsideError(): SamusError {
  const message = 'expected a file in the shared folder, got a path that leads out of it';
  return new SamusError('QUEUE_ROOT', message, 'check what is in the folder of the study');
}

function isInside(path: string): boolean {
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Never a path of this machine. */
function isModelName(value: unknown): value is string {
  return typeof value === 'string' && (/^[a-z0-9][a-z0-9._-]*$/i.test(value) || isHubName(value));
}

function isPointer(value: unknown): value is StudyPointer {
  if (!isFields(value) || typeof value.folder !== 'string' || typeof value.hash !== 'string') return false;
  const { model } = value;
  return isFields(model) && (typeof model.path === 'string' || isModelName(model.name));
}
