/**
 * What the page stores in IndexedDB: the listed files, annotations by content hash, and settings. Only for this origin;
 * nothing leaves the machine. Callers get null where the browser refuses.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ClassEntry, ImageDocument } from '../document/types.js';
import type { ExportFormat } from '../exports/exportContract.js';

/** A folder that a person opened in a way that lets results be written into it. */
export interface SourceFolder {
  readonly id: string;
  /** What paths of its images begin with. */
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

/** Choices of a person that outlive the page. */
export interface Settings {
  readonly classes?: readonly ClassEntry[];
  readonly removedClasses?: readonly ClassEntry[];
  readonly currentId?: string | null;
  readonly engine?: 'browser' | 'server';
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
  settings: { key: string; value: Settings };
}

/** Methods reject where the browser has no room or has lost the database; the next call opens a lost one anew. */
export class Store {
  #db: IDBPDatabase<Schema> | null = null;

  private constructor() {}

  /** Null where the browser has no storage for this page. */
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
        // A browser that does not store folders is to keep the image all the same.
        if (!folder || !(error instanceof DOMException) || error.name !== 'DataCloneError') throw error;
        return db.put('files', rest);
      }),
    );
  }

  /** Notes what has become known of a stored file. */
  async changeFile(id: string, fields: Partial<Pick<StoredFile, 'folder' | 'failure'>>): Promise<void> {
    const file = await this.#with((db) => db.get('files', id));
    if (file) await this.putFile({ ...file, ...fields });
  }

  /** Takes a file off the list; the work on it stays, for when it is opened again. */
  async removeFile(id: string): Promise<void> {
    await this.#with((db) => db.delete('files', id));
  }

  document(key: string): Promise<ImageDocument | undefined> {
    return this.#with((db) => db.get('documents', key));
  }

  async putDocument(key: string, document: ImageDocument): Promise<void> {
    await this.#with(async (db) => {
      const transaction = db.transaction('documents', 'readwrite');
      const put = transaction.store.put(document, key);
      // A page that is being left does not live to see the transaction end by itself.
      transaction.commit();
      await Promise.all([put, transaction.done]);
    });
  }

  async settings(): Promise<Settings> {
    return (await this.#with((db) => db.get('settings', 'all'))) ?? {};
  }

  async putSettings(settings: Settings): Promise<void> {
    await this.#with((db) => db.put('settings', settings, 'all'));
  }

  async clear(): Promise<void> {
    await this.#with((db) => Promise.all([db.clear('files'), db.clear('documents'), db.clear('settings')]));
  }

  /** Begins at once where there is a connection: a page that is being left gets no later turn. */
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
