/**
 * Images of the folder that the server was given, named by their path in it. Nothing outside it can be reached:
 * neither by the words of a path nor through links. A path outside and a path to nothing get the same answer.
 */
import type { ReadStream } from 'node:fs';
import { constants, type FileHandle, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, sep, win32 } from 'node:path';
import { SamusError } from '../errors.js';
import { pathInOtherForm } from '../formats/fileSystem.node.js';

const MAX_PATH = 1024;

/** @throws SamusError FOLDER_NOT_FOUND */
export async function openImageFolder(folder: string): Promise<ImageFolder> {
  const root = await realpath(folder).catch(() => undefined);
  if (root !== undefined) return new ImageFolder(root);
  const message = `expected a folder of images at ${folder}, got nothing`;
  throw new SamusError('FOLDER_NOT_FOUND', message, 'check --folder', { folder });
}

export class ImageFolder {
  readonly #root: string;

  /** @param root its real path, without links */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The bytes of a file, as a stream that closes it at its end.
   * @param path relative, with `/`
   * @throws SamusError PATH_INVALID for a path that leads out or is none, PATH_UNKNOWN for what cannot be had
   */
  async open(path: string): Promise<{ readonly stream: ReadStream; readonly size: number }> {
    checkPath(path);
    const file = await this.#openInside(path);
    if (!file) throw unknown();
    const found = await file.stat();
    if (found.isFile()) return { stream: file.createReadStream(), size: found.size };
    await file.close();
    throw unknown();
  }

  async #openInside(path: string): Promise<FileHandle | undefined> {
    try {
      const wanted = join(this.#root, path);
      const real = await realpath(wanted).catch(async () => realpath((await pathInOtherForm(wanted)) ?? wanted));
      const inside = real.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep);
      // The last part is no link any more, and must not have become one; nor may it be a pipe without a writer.
      const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
      return inside ? await open(real, flags) : undefined;
    } catch {
      return undefined;
    }
  }
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const plain = parts.every((part) => part !== '' && part !== '..');
  if (path.length <= MAX_PATH && plain && !/[\\\0]/.test(path) && !isAbsolute(path) && !win32.isAbsolute(path)) return;
  throw new SamusError(
    'PATH_INVALID',
    'expected the path of an image within the folder of the server, got another path',
    'name it from that folder on, with / between its parts and without ..',
  );
}

function unknown(): SamusError {
  const hint = 'name a file of the folder that the server was started with';
  return new SamusError('PATH_UNKNOWN', 'cannot find this file in the folder of the server', hint);
}
