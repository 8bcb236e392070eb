/**
 * Stores the adapted model with its scores, in its own database, so that it is independent of annotations. There is at
 * most one; a new one replaces it.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { AdaptGain, AdaptScores } from '../../train/adapt.js';

/** A model that learned from a person's masks, and how it did. */
export interface AdaptedModel {
  /** Its own: no two adaptations share one. */
  readonly name: string;
  /** The model of the server's that it was made of. */
  readonly from: string;
  /** The text of that model's `config.json`. */
  readonly config: string;
  /** A safetensors file. */
  readonly weights: Blob;
  /** When it was made, ISO 8601. */
  readonly made: string;
  readonly steps: number;
  /** Images that it learned from, and those that it was judged by. */
  readonly trained: number;
  readonly heldOut: number;
  readonly before: AdaptScores;
  readonly after: AdaptScores;
  /** Models of earlier versions of the page have none. */
  readonly gain?: AdaptGain;
  /** Images of both kinds whose mask was corrected by hand; not known of earlier versions. */
  readonly corrected?: number;
  readonly better: boolean;
}

/** The model that is kept, and whether the person wants it used. */
export interface KeptModel {
  readonly model: AdaptedModel;
  readonly inUse: boolean;
}

interface Schema extends DBSchema {
  models: { key: string; value: KeptModel };
}

const KEY = 'adapted';

/** Null where there is none, or no storage. */
export async function readKept(): Promise<KeptModel | null> {
  try {
    return (await withDatabase((db) => db.get('models', KEY))) ?? null;
  } catch {
    return null;
  }
}

/** @param kept null: keeps none. Rejects where the browser has no room or no storage for this page. */
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
