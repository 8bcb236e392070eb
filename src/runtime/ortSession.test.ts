import { expect, it } from 'vitest';
import { SerialQueue } from './ortSession.js';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

it('starts work when all earlier work has ended or failed', async () => {
  const queue = new SerialQueue();
  const log: string[] = [];
  const first = queue.add(async () => {
    log.push('first starts');
    await pause(10);
    log.push('first ends');
    throw new Error('first fails');
  });
  const second = queue.add(async () => {
    log.push('second starts');
    return 2;
  });
  await expect(first).rejects.toThrow('first fails');
  expect(await second).toBe(2);
  expect(log).toEqual(['first starts', 'first ends', 'second starts']);
});
