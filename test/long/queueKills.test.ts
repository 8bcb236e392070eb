/**
 * 2,000 images in a queue whose workers are killed at random moments, while Redis loses its connections and restarts.
 */
import { describe, it } from 'vitest';
import { expectSurvival, writeScans } from '../e2e/queueKills.js';
import { newFolder, removeFolder } from '../e2e/samusProcess.js';
import { hasRedis, startRedis } from '../support/redis.js';

const IMAGES = 2000;

describe.skipIf(!hasRedis)('a study in a queue (Redis)', () => {
  it('has one right result for each of 2,000 images', async () => {
    const folder = newFolder();
    const redis = await startRedis();
    try {
      await writeScans(folder, IMAGES);
      await expectSurvival(folder, redis, IMAGES);
    } finally {
      await redis.stop();
      removeFolder(folder);
    }
  });
});
