/**
 * Where the program of the inference threads lies: beside this file as built. Node 20 runs no TypeScript, so that
 * the tests, which run the sources, start the built program too.
 */
export function workerProgram(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/server/inference/worker.js' : './worker.js',
    import.meta.url,
  );
}
