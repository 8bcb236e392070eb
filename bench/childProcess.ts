/**
 * A process that answers each line with one line of JSON: child.ts or reference.py. It waits between lines and ends with
 * this process.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export type Answer = Readonly<Record<string, number | string>>;

export class Child {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #failure: Error | undefined;

  /** @param verbose whether its standard error is shown */
  constructor(program: string, args: readonly string[], verbose = false) {
    // Without `verbose` its standard error is discarded: a full pipe would stop the process.
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', verbose ? 'inherit' : 'ignore'] });
    this.#exited = once(this.#process, 'close').catch((error: Error) => {
      this.#failure = error;
    });
    // Writing to a process that has ended is no error here: reading the answer reports it.
    this.#process.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Its next answer. @throws Error with its message if the command failed, or if it has ended */
  async answer(): Promise<Answer> {
    const { value, done } = await this.#lines.next();
    if (done) {
      await this.#exited;
      const { exitCode, signalCode, spawnfile } = this.#process;
      throw this.#failure ?? new Error(`${spawnfile} ended early (${signalCode ?? `exit code ${exitCode}`})`);
    }
    const answer = parse(value);
    if (typeof answer.error === 'string') throw new Error(answer.error);
    return answer;
  }

  ask(line: string): Promise<Answer> {
    this.#process.stdin.write(`${line}\n`);
    return this.answer();
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#exited;
  }
}

function parse(line: string): Answer {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new Error(`expected a JSON object, got ${line}`);
  const fields = Object.entries(value);
  return Object.fromEntries(fields.filter(([, field]) => typeof field === 'number' || typeof field === 'string'));
}
