/**
 * ONNX Runtime 1.30 reads /proc/self/cmdline when a process creates its first session, and recurses once per byte. A
 * command line of 14 kB overflows the stack of a worker thread, one of 20 to 40 kB that of the main thread, and the
 * process dies without a message. Later sessions do not read it again, so creating the first session in a thread with a
 * large stack makes all others safe.
 */
import { readFileSync } from 'node:fs';
import { SamusError } from '../errors.js';
import { tinyModel } from './probeModels.js';
import { createInWorker } from './workerSession.node.js';

/** Up to this length the default stacks of all threads suffice. */
const SAFE_BYTES = 4000;

/** Measured: 280 to 300 bytes of stack for each byte of the command line. Stack that is not used takes no memory. */
const STACK_PER_BYTE = 400;

/** For everything else that creating a session does. */
const STACK_MARGIN_MB = 16;

/**
 * Resolves once all threads of the process can create sessions. Once in a process is enough.
 * @param length of the command line in bytes
 * @throws SamusError COMMAND_LINE_TOO_LONG if the machine has no room for the stack
 */
export async function surviveLongCommandLine(length = commandLineLength()): Promise<void> {
  if (length <= SAFE_BYTES) return;
  const stackMb = STACK_MARGIN_MB + Math.ceil((length * STACK_PER_BYTE) / 2 ** 20);
  try {
    const session = await createInWorker(tinyModel(), {}, { stackMb });
    await session.dispose();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError(
      'COMMAND_LINE_TOO_LONG',
      `expected a command line for which a thread with ${stackMb} MB of stack can start, got ${length} bytes: ${reason}`,
      'name a folder in place of its files, and give prompts in a file (--prompts FILE)',
      { bytes: length, stackMb },
    );
  }
}

/** 0 on systems without /proc: ONNX Runtime reads the command line on Linux only. */
function commandLineLength(): number {
  try {
    return readFileSync('/proc/self/cmdline').byteLength;
  } catch {
    return 0;
  }
}
