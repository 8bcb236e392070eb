/**
 * Reads a checkpoint of any known format, which its contents decide, not its name.
 */
import type { StateDict } from '../graph/tensorData.js';
import { type ByteSource, memorySource } from './byteSource.js';
import { checkpointError } from './checkpointError.js';
import { readSafetensors } from './safetensors.js';
import type { TorchCheckpointOptions } from './torchCheckpoint.js';
import { readZipDirectory } from './zipArchive.js';

export type CheckpointFormat = 'torch-zip' | 'torch-legacy' | 'safetensors' | 'npz';

export interface Checkpoint {
  /** In the order of the file. */
  readonly tensors: StateDict;
  readonly format: CheckpointFormat;
  /** `__metadata__` of a safetensors file; other containers have none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What people mistake for checkpoints: how it starts (in lower case), what it is, what to do. */
const MISTAKEN: readonly (readonly [start: string, what: string, hint: string])[] = [
  ['<', 'a web page', 'the download link led to a page, not to the file: download it again'],
  ['version https://git-lfs', 'a Git LFS pointer', 'run git lfs pull, or download the file itself'],
  ['\x89hdf', 'an HDF5 file', 'convert it to safetensors'],
  ['\x80', 'a bare pickle', 'load it in PyTorch where you trust it and save its tensors with torch.save'],
  ['\x1f\x8b', 'a gzip archive', 'unpack it first'],
];

/**
 * The tensors of a checkpoint, whichever format it has, or of the only one in a zip archive such as a Python wheel.
 * @param options `choose` for all formats, the others for PyTorch's containers only, {@link readTorchCheckpoint}
 * @throws SamusError CHECKPOINT_EMPTY, CHECKPOINT_FORMAT; what {@link readTorchCheckpoint} and
 *   {@link readSafetensors} throw
 */
export async function readCheckpoint(source: ByteSource, options: TorchCheckpointOptions = {}): Promise<Checkpoint> {
  return readDirectly(source, options, true);
}

/** @param archives whether the source can be an archive with a checkpoint in it */
async function readDirectly(
  source: ByteSource,
  options: TorchCheckpointOptions,
  archives: boolean,
): Promise<Checkpoint> {
  if (source.size === 0) {
    throw checkpointError('CHECKPOINT_EMPTY', 'expected a checkpoint, got an empty file', 'get the file again');
  }
  const start = await source.read(0, Math.min(source.size, 64));
  // A header starts with a brace, after eight bytes of its length; PyTorch's containers never have one there.
  if (start[8] === 0x7b) {
    const { tensors, metadata } = await readSafetensors(source);
    return { tensors: chosenOf(tensors, options), metadata, format: 'safetensors' };
  }
  // Most checkpoints are read without the interpreter of pickles.
  const { detectTorchContainer, readTorchCheckpoint } = await import('./torchCheckpoint.js');
  const container = detectTorchContainer(start);
  if (container === 'zip') {
    const { isNpz, readNpz } = await import('./npz.js');
    const entries = await readZipDirectory(source);
    if (isNpz(entries)) {
      return { tensors: chosenOf(await readNpz(source, entries), options), metadata: new Map(), format: 'npz' };
    }
    const { archivedCheckpoint, unpacked } = await import('./archivedCheckpoint.js');
    const inner = archives ? archivedCheckpoint(entries) : undefined;
    if (inner) return readDirectly(memorySource(await unpacked(source, inner)), options, false);
  }
  if (container !== undefined) {
    const tensors = await readTorchCheckpoint(source, options);
    return { tensors, format: `torch-${container}`, metadata: new Map() };
  }
  const text = String.fromCharCode(...start)
    .trimStart()
    .toLowerCase();
  const mistaken = MISTAKEN.find(([beginning]) => text.startsWith(beginning));
  throw checkpointError(
    'CHECKPOINT_FORMAT',
    `expected a PyTorch or safetensors checkpoint, got ${mistaken?.[1] ?? 'a file of another kind'}`,
    mistaken?.[2] ?? 'give a .pth file written by torch.save, or a .safetensors file',
  );
}

/** The tensors that were chosen, by the names that were chosen for them. */
function chosenOf(tensors: StateDict, { choose }: TorchCheckpointOptions): StateDict {
  const names = choose?.([{ key: '', tensors }])?.names;
  return names ? new Map([...names].map(([from, to]) => [to, tensors.get(from)!])) : tensors;
}
