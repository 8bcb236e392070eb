import { defineConfig } from 'vitest/config';

// Programs of others, installed from their registries into .cache/judges: `npm run judges`.
export default defineConfig({
  test: {
    include: ['test/judges/**/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 1_200_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose'],
  },
});
