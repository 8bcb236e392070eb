/**
 * Frozen weights in files during a training: they are needed in memory once, in the session. Checkpoints and validations
 * read them from a file, and ONNX Runtime maps its constants from files instead of copying them.
 *
 * The files have no name once they are in use, so they vanish with the process. Systems that cannot remove them (Windows)
 * keep them as `*.tmp` in the run folder until the run is resumed.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeFolder, writeError } from '../formats/fileWrite.node.js';
import type { StateDict } from '../graph/tensorData.js';
import type { Runtime } from '../runtime/session.js';
import { tensorBytes } from '../runtime/tensorMemory.js';

export interface FrozenFile {
  /** The tensors; each is read at every access to its `data`. */
  readonly tensors: StateDict;
  close(): void;
}

/**
 * Moves tensors of float32 to a file; others, which are small, stay in memory.
 * @param folder for the file
 * @throws SamusError DISK_FULL, FILE_UNWRITABLE
 */
export async function moveToFile(tensors: StateDict, folder: string): Promise<FrozenFile> {
  const path = temporaryIn(folder);
  try {
    // A plain number: a FileHandle that only tensors refer to would be closed as garbage.
    const file = openSync(path, 'wx+');
    try {
      const moved = new Map(tensors);
      let end = 0;
      for (const [name, tensor] of tensors) {
        if (tensor.dtype !== 'float32') continue;
        appendFileSync(file, tensorBytes(tensor));
        moved.set(name, new FileTensor(file, end, tensor.shape, tensor.data.length));
        end += tensor.data.byteLength;
      }
      return { tensors: moved, close: () => closeSync(file) };
    } catch (error) {
      closeSync(file);
      throw error;
    }
  } catch (error) {
    throw writeError(folder, error);
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/**
 * The runtime with sessions that map their constants from files, if they run on the CPU. The constants leave
 * `OnnxModel.external`.
 * @param folder for the files
 */
export function mappingRuntime(runtime: Runtime, folder: string): Runtime {
  return {
    name: runtime.name,
    async createSession(model, options = {}) {
      const { provider = 'cpu' } = options;
      if (provider !== 'cpu' || model.external.length === 0) return runtime.createSession(model, options);
      const weightsFolder = temporaryIn(folder);
      try {
        await makeFolder(weightsFolder);
        // Taken out of the model, so that none is in memory twice.
        for (const { path, data } of model.external.splice(0)) await writeFile(join(weightsFolder, path), data);
        collectGarbage();
        return await runtime.createSession(model, { ...options, weightsFolder });
      } catch (error) {
        throw writeError(folder, error);
      } finally {
        await rm(weightsFolder, { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}

/**
 * Frees arrays that are no longer used, so that the next allocations take their place. By itself, V8 finds them after
 * moments and gradients have taken new memory, and the old stays with the process.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/** A name that a new run may find in its folder, and a resumed one removes. */
function temporaryIn(folder: string): string {
  return join(folder, `.${randomUUID()}.tmp`);
}

class FileTensor {
  readonly dtype = 'float32';

  constructor(
    private readonly file: number,
    private readonly offset: number,
    readonly shape: readonly number[],
    private readonly length: number,
  ) {}

  get data(): Float32Array {
    const values = new Float32Array(this.length);
    for (let done = 0; done < values.byteLength; ) {
      const read = readSync(this.file, values, done, values.byteLength - done, this.offset + done);
      if (read === 0) throw new Error('the file of frozen weights is shorter than written');
      done += read;
    }
    return values;
  }
}
