import { configDefaults, defineConfig } from 'vitest/config';

// Two cores are the machine this project is built for: more parallel files only fight for them.
export default defineConfig({
  // As vite.config.ts puts it into the page.
  define: { __SAMUS__: JSON.stringify('0.0.0-test') },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Gigabytes and minutes: vitest.long.config.ts. Programs of others, some in Python: vitest.judges.config.ts.
    exclude: [...configDefaults.exclude, 'test/long/**', 'test/judges/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
