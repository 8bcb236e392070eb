/**
 * Progress on stderr: the task, how much is done, the time left. Work of less than a second shows nothing. A terminal
 * gets one line that is rewritten, a log gets a plain line every few seconds.
 */

/** Shorter work shows nothing. */
const SILENT_MS = 1000;
/** Interval between updates of the line in a terminal, and between lines in a log. */
const TERMINAL_MS = 200;
const LOG_MS = 5000;

export interface ProgressTarget {
  readonly isTTY?: boolean;
  /** Width of the terminal. */
  readonly columns?: number;
  write(text: string): unknown;
}

export class Progress {
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #shown = false;
  #lastShown = 0;
  #done = 0;
  #detail = '';

  /**
   * @param what the task, as in "segmenting"
   * @param total steps of about the same length, or 0 if unknown
   */
  constructor(
    readonly what: string,
    readonly total = 0,
    readonly target: ProgressTarget = process.stderr,
  ) {
    this.#timer = setInterval(() => this.#show(), target.isTTY ? TERMINAL_MS : SILENT_MS);
    this.#timer.unref();
  }

  /** Sets the number of finished steps and the current one. */
  update(done: number, detail = ''): void {
    this.#done = done;
    this.#detail = detail;
    this.#show();
  }

  /** Removes the line from a terminal; a log keeps it. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#shown && this.target.isTTY) this.target.write('\r\x1b[K');
    this.#shown = false;
  }

  #show(): void {
    const now = performance.now();
    const elapsed = now - this.#started;
    if (elapsed < SILENT_MS) return;
    if (this.#shown && now - this.#lastShown < (this.target.isTTY ? TERMINAL_MS : LOG_MS)) return;
    const line = progressLine(this.what, this.#done, this.total, elapsed, this.#detail);
    this.target.write(this.target.isTTY ? rewritten(line, this.target) : `${line}\n`);
    this.#shown = true;
    this.#lastShown = now;
  }
}

/** The text of a progress line, with the time left once a step is done. */
export function progressLine(what: string, done: number, total: number, elapsedMs: number, detail = ''): string {
  const parts = [what + (detail ? ` ${detail}` : '')];
  if (total > 0) parts.push(`${done} of ${total}`);
  parts.push(`${duration(elapsedMs)} so far`);
  if (total > 0 && done > 0 && done < total) parts.push(`about ${duration((elapsedMs / done) * (total - done))} left`);
  return parts.join(', ');
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A line that replaces the previous one, cut to the terminal's width: of a wrapped line, only the last row would go. */
export function rewritten(line: string, { columns = 80 }: ProgressTarget): string {
  return `\r\x1b[K${line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`}`;
}

/** Runs `work` of unknown length and shows progress. */
export async function withProgress<T>(what: string, work: () => Promise<T>, target?: ProgressTarget): Promise<T> {
  const progress = new Progress(what, 0, target);
  try {
    return await work();
  } finally {
    progress.end();
  }
}
