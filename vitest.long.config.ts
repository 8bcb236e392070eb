import { defineConfig } from 'vitest/config';

// One at a time and without haste: each takes gigabytes and minutes.
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    testTimeout: 3_600_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
