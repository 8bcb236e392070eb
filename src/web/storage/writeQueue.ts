/**
 * Pending writes by name; a newer change replaces an older one of the same name. A change stays until it is written.
 * Refused changes are retried with the next change and after a while. Reports `saved` only when nothing is pending.
 * Callers decide what is written and where.
 */

/** Nothing is left to write, something is, or something cannot be written. */
export type Saving = 'saved' | 'pending' | 'unavailable';

type Change<Store> = (store: Store) => Promise<void>;

/** Short enough that a crash costs one click at most. */
const DELAY_MS = 120;
/** Room on a disk comes back when somebody makes it. */
const RETRY_MS = 10_000;

type Timer = ReturnType<typeof setTimeout> | undefined;

export class WriteQueue<Store> {
  readonly #report: (state: Saving) => void;
  /** Undefined: not known yet. Null: there is none, and nothing is taken. */
  #store: Store | null | undefined;
  readonly #waiting = new Map<string, Change<Store>>();
  readonly #writing = new Set<Change<Store>>();
  readonly #refused = new Set<string>();
  /** Work under way that ends in changes. */
  #coming = 0;
  #soon: Timer;
  #later: Timer;

  constructor(report: (state: Saving) => void) {
    this.#report = report;
  }

  /** Writes from now on; changes may have been put in before. @param store null: nothing can be written */
  begin(store: Store | null): void {
    this.#store = store;
    if (store) void this.flush();
    else this.#waiting.clear();
    this.#tell();
  }

  /** Has a change written shortly, in place of one of the same name that still waits. */
  put(name: string, change: Change<Store>): void {
    if (this.#store === null) return;
    this.#waiting.set(name, change);
    this.#soon ??= setTimeout(() => void this.flush(), DELAY_MS);
    this.#tell();
  }

  /** Whether a change is not written yet. */
  waits(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** Until this work is done, which ends in changes, not all counts as written. */
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

  /** Begins to write all that waits at once: when the page is left there is no time for one after the other. */
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

  /** Gives up all that waits and makes one change now. @returns whether it was made */
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
    // A newer one came meanwhile and waits in its place, or it was given up.
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
