import { configDefaults, defineConfig } from 'vitest/config';

// Two cores are the machine this project is built for: more parallel files only fight for them.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Gigabytes and minutes: vitest.long.config.ts.
    exclude: [...configDefaults.exclude, 'test/long/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
