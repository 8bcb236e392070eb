/**
 * Pending writes by name; a newer change replaces an older one of the same name. A change stays until it is written.
 * Failed writes are retried with the next change and after a while. Reports `saved` only when nothing is pending.
 * Callers decide what is written and where.
 */

/** Everything is written, changes are pending, or something cannot be written. */
export type Saving = 'saved' | 'pending' | 'unavailable';

type Change<Store> = (store: Store) => Promise<void>;

/** Short enough that a crash loses at most one click. */
const DELAY_MS = 120;
/** The disk may have room again later. */
const RETRY_MS = 10_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class WriteQueue<Store> {
  readonly #report: (state: Saving) => void;
  /** Undefined: not known yet. Null: there is none, and changes are dropped. */
  #store: Store | null | undefined;
  readonly #waiting = new Map<string, Change<Store>>();
  readonly #writing = new Set<Change<Store>>();
  readonly #refused = new Set<string>();
  /** Number of running tasks that will add changes. */
  #coming = 0;
  #soon: Timer;
  #later: Timer;

  constructor(report: (state: Saving) => void) {
    this.#report = report;
  }

  /**
   * Starts writing, including earlier changes.
   * @param store null if nothing can be written
   */
  begin(store: Store | null): void {
    this.#store = store;
    if (store) void this.flush();
    else this.#waiting.clear();
    this.#tell();
  }

  /** Writes a change soon. It replaces a pending change of the same name. */
  put(name: string, change: Change<Store>): void {
    if (this.#store === null) return;
    this.#waiting.set(name, change);
    this.#soon ??= setTimeout(() => void this.flush(), DELAY_MS);
    this.#tell();
  }

  /** Whether a change of this name is pending. */
  waits(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** Reports "pending" until this work, which adds changes, is done. */
  async during(work: Promise<void>): Promise<void> {
    this.#coming++;
    this.#tell();
    try {
      await work;
    } finally {
      this.#coming--;
      this.#tell();
    }
  }

  /** Starts writing all pending changes in parallel: a closing page has no time for one after the other. */
  async flush(): Promise<void> {
    const store = this.#store;
    if (!store) return;
    clearTimeout(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    await Promise.all([...this.#waiting].map(([name, change]) => this.#write(store, name, change)));
    clearTimeout(this.#later);
    if (this.#refused.size > 0) this.#later = setTimeout(() => void this.flush(), RETRY_MS);
    this.#tell();
  }

  /**
   * Drops all pending changes and makes one change now.
   * @returns whether that worked
   */
  async reset(change: Change<Store>): Promise<boolean> {
    this.#waiting.clear();
    this.#refused.clear();
    this.#tell();
    if (!this.#store) return false;
    try {
      await change(this.#store);
      return true;
    } catch {
      return false;
    }
  }

  async #write(store: Store, name: string, change: Change<Store>): Promise<void> {
    if (this.#writing.has(change)) return;
    this.#writing.add(change);
    let refused = false;
    try {
      await change(store);
    } catch {
      refused = true;
    }
    this.#writing.delete(change);
    // A newer change is pending in its place, or it was dropped.
    if (this.#waiting.get(name) !== change) return;
    if (refused) {
      this.#refused.add(name);
      return;
    }
    this.#refused.delete(name);
    this.#waiting.delete(name);
  }

  #tell(): void {
    const stuck = this.#store === null || this.#refused.size > 0;
    this.#report(stuck ? 'unavailable' : this.#waiting.size + this.#coming > 0 ? 'pending' : 'saved');
  }
}
