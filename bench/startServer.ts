/**
 * The program of `npm start` in a separate process, on a free port.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface StartedServer {
  /** The address that it prints, without a slash at the end. */
  readonly url: string;
  /** Ends it at once. */
  stop(): Promise<void>;
}

/** Starts it and waits for its address. @throws Error if it ends before, or if another one is running */
export async function startServer(): Promise<StartedServer> {
  const program = fileURLToPath(new URL('../../dist/cli/start.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = (): Promise<void> => {
    child.kill('SIGKILL');
    return ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('samus runs already')) throw new Error(`${line}; end that one to measure the start of another`);
    const url = /^open (http:\S+)/.exec(line)?.[1];
    if (url === undefined) continue;
    return { url, stop };
  }
  throw new Error('the server did not start');
}
