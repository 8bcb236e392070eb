/**
 * Measures several subjects in turn (A B C A B C …), so that other load on the machine affects all of them alike.
 */
export interface Subject {
  readonly name: string;
  /** How often its process is started. Each start is measured; the last process does the runs. */
  readonly starts: number;
  /** Starts its process. */
  start(): Promise<Running>;
}

export interface Running {
  /** Numbers known before the first run. */
  readonly facts: Numbers;
  /** One run: `ms` and other measured numbers. */
  run(): Promise<Numbers>;
  stop(): Promise<void>;
}

export type Numbers = Readonly<Record<string, number>>;

/** The measurements of one subject: all values of each number, in order. */
export interface Samples {
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** Why the measurement failed or ended early. */
  readonly error?: string;
}

export interface TurnOptions {
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** The minimum duration of a turn, so that the best time of a short case is not a matter of luck. */
const TURN_MS = 300;

/** Measures the subjects. A subject that fails gets no more turns. @returns samples by name */
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
      // The first run of a process is slower than the others and does not count.
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
