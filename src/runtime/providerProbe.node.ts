/**
 * A program that runs a tiny model on the provider in its argument, and prints the reason if it fails.
 * providers.node.ts starts it; nothing imports it.
 */
import { float32 } from '../graph/tensorData.js';
import { createInThread } from './nodeRuntime.node.js';
import { tinyModel } from './probeModels.js';
import { tidyMessage } from './runtimeErrors.js';

const provider = process.argv[2];
try {
  if (
    provider !== 'cpu' &&
    provider !== 'webgpu' &&
    provider !== 'cuda' &&
    provider !== 'dml' &&
    provider !== 'coreml'
  ) {
    throw new Error(`unknown provider ${provider}`);
  }
  const session = await createInThread(tinyModel(), { provider });
  const { y } = await session.run({ x: float32([1, 2], [2]) });
  if (Number(y?.data[1]) !== 4) throw new Error('the test model gave a wrong result');
  await session.dispose();
} catch (error) {
  process.stdout.write(tidyMessage(error));
}
