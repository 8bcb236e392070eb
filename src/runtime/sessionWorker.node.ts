/**
 * The program of a session's thread: creates one session and runs it in the order of the calls. workerSession.node.ts
 * starts it; nothing imports it.
 */
import { createInThread } from './nodeRuntime.node.js';
import type { Session } from './session.js';
import { packTensors, unpackTensors } from './tensorMemory.js';
import { ownerChannel } from './thread.node.js';
import { serveCalls } from './threadProtocol.js';
import type { SessionContract } from './workerSession.node.js';

let session: Session | undefined;

serveCalls<SessionContract>(
  ownerChannel(),
  {
    async create({ model, options }) {
      session = await createInThread(model, options);
      return { inputs: session.inputs, outputs: session.outputs };
    },
    async run({ feeds, fetches }, { transfer }) {
      if (!session) throw new Error('a session runs only after it was created');
      const { packed, transfer: buffers } = packTensors(await session.run(unpackTensors(feeds), { fetches }), true);
      for (const buffer of buffers) transfer(buffer);
      return packed;
    },
  },
  async () => session?.dispose(),
);
