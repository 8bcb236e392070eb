/**
 * What the page stores in IndexedDB: the listed files, annotations by content hash and frame, and settings. Only for this origin;
 * nothing leaves the machine. Callers get null if the browser does not allow storage.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ClassEntry, ImageDocument } from '../document/types.js';
import type { ExportFormat } from '../exports/exportContract.js';

/** An opened folder that results can be written to. */
export interface SourceFolder {
  readonly id: string;
  /** The first part of the paths of its images. */
  readonly name: string;
  readonly handle: FileSystemDirectoryHandle;
}

export interface StoredFile {
  readonly id: string;
  readonly order: number;
  readonly name: string;
  readonly path: string;
  readonly foundAs?: string;
  readonly folder?: SourceFolder;
  readonly file: Blob;
  readonly type: string;
  readonly key: string | null;
  readonly spacingMm?: readonly [x: number, y: number];
  /** Why it could not be opened. */
  readonly failure?: { readonly text: string; readonly hint: string } | null;
}

/** StoredSettings that are kept between visits. */
export interface StoredSettings {
  readonly classes?: readonly ClassEntry[];
  readonly removedClasses?: readonly ClassEntry[];
  readonly currentId?: string | null;
  /** Of the current image. */
  readonly currentFrame?: number;
  readonly engine?: 'browser' | 'server';
  /** The server's model that the user chose. */
  readonly model?: string;
  readonly preview?: boolean;
  readonly measures?: boolean;
  readonly multimask?: boolean;
  readonly clean?: boolean;
  readonly carry?: boolean;
  readonly dataset?: string;
  readonly format?: ExportFormat;
}

interface Schema extends DBSchema {
  files: { key: string; value: StoredFile };
  documents: { key: string; value: ImageDocument };
  settings: { key: string; value: StoredSettings };
}

/** Methods reject if the browser has no room or has lost the database; the next call reopens it. */
export class Store {
  #db: IDBPDatabase<Schema> | null = null;

  private constructor() {}

  /** Null if the browser has no storage for this page. */
  static async open(): Promise<Store | null> {
    const store = new Store();
    try {
      await store.#connect();
      return store;
    } catch {
      return null;
    }
  }

  async files(): Promise<StoredFile[]> {
    const found = await this.#with((db) => db.getAll('files'));
    return found.sort((a, b) => a.order - b.order);
  }

  async putFile(file: StoredFile): Promise<void> {
    await this.#with((db) =>
      db.put('files', file).catch((error: unknown) => {
        const { folder, ...rest } = file;
        // If the browser cannot store the folder, store the image alone.
        if (!folder || !(error instanceof DOMException) || error.name !== 'DataCloneError') throw error;
        return db.put('files', rest);
      }),
    );
  }

  /** Updates fields of a stored file. */
  async changeFile(id: string, fields: Partial<Pick<StoredFile, 'folder' | 'failure'>>): Promise<void> {
    const file = await this.#with((db) => db.get('files', id));
    if (file) await this.putFile({ ...file, ...fields });
  }

  /** Deletes a file of the list; its annotations stay. */
  async removeFile(id: string): Promise<void> {
    await this.#with((db) => db.delete('files', id));
  }

  document(key: string): Promise<ImageDocument | undefined> {
    return this.#with((db) => db.get('documents', key));
  }

  /** The annotations of all frames of a file, by their keys. */
  async documents(content: string): Promise<[key: string, ImageDocument][]> {
    // `$` follows `#`, which is between content and frame.
    const range = IDBKeyRange.bound(content, `${content}$`, false, true);
    return this.#with(async (db) => {
      const { store } = db.transaction('documents');
      const [keys, documents] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
      return keys.map((key, i) => [key, documents[i]!]);
    });
  }

  async putDocument(key: string, document: ImageDocument): Promise<void> {
    await this.#with(async (db) => {
      const transaction = db.transaction('documents', 'readwrite');
      const put = transaction.store.put(document, key);
      // A closing page does not live to see the transaction commit by itself.
      transaction.commit();
      await Promise.all([put, transaction.done]);
    });
  }

  async settings(): Promise<StoredSettings> {
    return (await this.#with((db) => db.get('settings', 'all'))) ?? {};
  }

  async putSettings(settings: StoredSettings): Promise<void> {
    await this.#with((db) => db.put('settings', settings, 'all'));
  }

  async clear(): Promise<void> {
    await this.#with((db) => Promise.all([db.clear('files'), db.clear('documents'), db.clear('settings')]));
  }

  /** Starts synchronously if connected: a closing page gets no later turn. */
  async #with<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    return work(this.#db ?? (await this.#connect()));
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    this.#db = await openDB<Schema>('samus-annotator', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('files', { keyPath: 'id' });
        fresh.createObjectStore('documents');
        fresh.createObjectStore('settings');
      },
      terminated: () => {
        this.#db = null;
      },
    });
    return this.#db;
  }
}
