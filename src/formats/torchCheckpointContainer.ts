/**
 * What the two containers of torch.save have in common once they are open: the value that was saved, and where the
 * numbers of each storage lie in the source.
 */
import type { PickleValue } from './pickleValue.js';
import type { TorchStorage } from './torchCheckpointPickle.js';

export interface TorchContainer {
  readonly value: PickleValue;
  /** @throws SamusError CHECKPOINT_STORAGE_MISSING, CHECKPOINT_STORAGE_SIZE */
  find(storage: TorchStorage): StoredAt;
}

/** Bytes of a storage, all of which exist in the source. */
export interface StoredAt {
  readonly offset: number;
  readonly length: number;
  /** Recorded checksum, if there is one. */
  readonly crc32?: number | undefined;
  /** What to call it in an error. */
  readonly name: string;
}

/** The pickle of SAM ViT-H with its optimiser has 0.3 MB; beyond this it is no state dict. */
export const MAX_PICKLE_BYTES = 32 * 1024 * 1024;
