/**
 * What stays in the browser: the files of the list, the work on each image by the hash of its file, settings. In
 * IndexedDB, of this origin only; nothing leaves the machine. Where a browser refuses it, callers get null.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ClassEntry, ImageDocument } from '../document/types.js';

export interface StoredFile {
  readonly id: string;
  readonly order: number;
  readonly name: string;
  readonly path: string;
  readonly file: Blob;
  readonly type: string;
  readonly key: string | null;
  readonly spacingMm?: readonly [x: number, y: number];
}

/** Choices of a person that outlive the page. */
export interface Settings {
  readonly classes?: readonly ClassEntry[];
  readonly currentId?: string | null;
  readonly engine?: 'browser' | 'server';
  readonly preview?: boolean;
  readonly measures?: boolean;
  readonly multimask?: boolean;
  readonly carry?: boolean;
  readonly dataset?: string;
}

interface Schema extends DBSchema {
  files: { key: string; value: StoredFile };
  documents: { key: string; value: ImageDocument };
  settings: { key: string; value: Settings };
}

export class Store {
  readonly #db: IDBPDatabase<Schema>;

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db;
  }

  /** Null where the browser has no storage for this page. */
  static async open(): Promise<Store | null> {
    try {
      const db = await openDB<Schema>('samus-annotator', 1, {
        upgrade(fresh) {
          fresh.createObjectStore('files', { keyPath: 'id' });
          fresh.createObjectStore('documents');
          fresh.createObjectStore('settings');
        },
      });
      return new Store(db);
    } catch {
      return null;
    }
  }

  async files(): Promise<StoredFile[]> {
    const found = await this.#db.getAll('files');
    return found.sort((a, b) => a.order - b.order);
  }

  async putFile(file: StoredFile): Promise<void> {
    await this.#db.put('files', file);
  }

  /** Takes files off the list; the work on them stays, for when they are opened again. */
  async removeFiles(ids: readonly string[]): Promise<void> {
    const transaction = this.#db.transaction('files', 'readwrite');
    await Promise.all([...ids.map((id) => transaction.store.delete(id)), transaction.done]);
  }

  document(key: string): Promise<ImageDocument | undefined> {
    return this.#db.get('documents', key);
  }

  async putDocument(key: string, document: ImageDocument): Promise<void> {
    await this.#db.put('documents', document, key);
  }

  async settings(): Promise<Settings> {
    return (await this.#db.get('settings', 'all')) ?? {};
  }

  async putSettings(settings: Settings): Promise<void> {
    await this.#db.put('settings', settings, 'all');
  }

  /** Forgets images and work; settings hold nothing of either. */
  async clear(): Promise<void> {
    await Promise.all([this.#db.clear('files'), this.#db.clear('documents')]);
  }
}
