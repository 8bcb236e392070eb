/**
 * Stores the adapted model with its scores, in its own database, so that it is independent of annotations. There is at
 * most one; a new one replaces it.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { AdaptGain, AdaptScores } from '../../train/adapt.js';

/** A model adapted to the user's masks, with its scores. */
export interface AdaptedModel {
  /** A unique name. */
  readonly name: string;
  /** The server's model that it was adapted from. */
  readonly from: string;
  /** The text of that model's `config.json`. */
  readonly config: string;
  /** A safetensors file. */
  readonly weights: Blob;
  /** When it was made, ISO 8601. */
  readonly made: string;
  readonly steps: number;
  /** Number of training images and of held-out images. */
  readonly trained: number;
  readonly heldOut: number;
  readonly before: AdaptScores;
  readonly after: AdaptScores;
  /** Missing in models of earlier versions of the page. */
  readonly gain?: AdaptGain;
  /** Number of these images with a corrected mask; missing in earlier versions. */
  readonly corrected?: number;
  readonly better: boolean;
}

/** The stored model, and whether to use it. */
export interface KeptModel {
  readonly model: AdaptedModel;
  readonly inUse: boolean;
}

interface Schema extends DBSchema {
  models: { key: string; value: KeptModel };
}

const KEY = 'adapted';

/** Null if there is no model or no storage. */
export async function readKept(): Promise<KeptModel | null> {
  try {
    return (await withDatabase((db) => db.get('models', KEY))) ?? null;
  } catch {
    return null;
  }
}

/** @param kept null deletes the model. Rejects if the browser has no room or no storage. */
export async function writeKept(kept: KeptModel | null): Promise<void> {
  await withDatabase(async (db) => {
    if (kept) await db.put('models', kept, KEY);
    else await db.clear('models');
  });
}

async function withDatabase<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  const db = await openDB<Schema>('samus-adapted', 1, {
    upgrade(fresh) {
      fresh.createObjectStore('models');
    },
  });
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
