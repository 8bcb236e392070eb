/**
 * Measures several things in turns (A B C A B C …), so that whatever else the machine does falls on all of them alike.
 */
export interface Subject {
  readonly name: string;
  /** How often its process is started: what is measured of the start is taken each time, the last one is run. */
  readonly starts: number;
  /** Starts a process of its own for it. */
  start(): Promise<Running>;
}

export interface Running {
  /** What is known before the first run. */
  readonly facts: Numbers;
  /** One run: `ms` and whatever else was measured. */
  run(): Promise<Numbers>;
  stop(): Promise<void>;
}

export type Numbers = Readonly<Record<string, number>>;

/** All that was measured of one subject: of each number every value, in order. */
export interface Samples {
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** Why it could not be measured, or not to the end. */
  readonly error?: string;
}

export interface TurnOptions {
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** A turn lasts at least this long, so that the best of something short is not a matter of luck. */
const TURN_MS = 300;

/** Measures the subjects; each that fails is left out from there on. @returns samples by name */
export async function takeTurns(subjects: readonly Subject[], options: TurnOptions): Promise<Map<string, Samples>> {
  const records = subjects.map((subject) => new Measurement(subject));
  try {
    for (const record of records) {
      options.progress(`starting ${record.subject.name}`);
      await record.start();
    }
    for (let round = 1; round <= options.rounds; round++) {
      options.progress(`round ${round} of ${options.rounds}`);
      for (const record of records) await record.turn();
    }
  } finally {
    await Promise.all(records.map((record) => record.stop()));
  }
  return new Map(records.map((record) => [record.subject.name, record.samples()]));
}

class Measurement {
  readonly #numbers = new Map<string, number[]>();
  #running: Running | undefined;
  #error: string | undefined;

  constructor(readonly subject: Subject) {}

  start(): Promise<void> {
    return this.#attempt(async () => {
      for (let i = 0; i < this.subject.starts; i++) {
        await this.stop();
        this.#running = await this.subject.start();
        this.#keep(this.#running.facts);
      }
      // The first run of a process is slower than all others, and is not counted.
      await this.#running?.run();
    });
  }

  turn(): Promise<void> {
    return this.#attempt(async () => {
      const end = performance.now() + TURN_MS;
      do {
        const numbers = await this.#running?.run();
        if (numbers) this.#keep(numbers);
      } while (this.#running && performance.now() < end);
    });
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  samples(): Samples {
    return { numbers: this.#numbers, ...(this.#error !== undefined && { error: this.#error }) };
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
      await this.stop();
    }
  }

  #keep(numbers: Numbers): void {
    for (const [name, value] of Object.entries(numbers)) {
      const values = this.#numbers.get(name) ?? [];
      values.push(value);
      this.#numbers.set(name, values);
    }
  }
}
