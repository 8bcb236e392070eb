/**
 * Where the programs lie that this layer starts in a thread or a process of their own. Node 20 runs no TypeScript,
 * so where the code itself runs from its sources, as it does in the tests, the built program is started; the test
 * command builds first.
 */
export function builtFile(name: string): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/runtime/' : './';
  return new URL(`${folder}${name}`, import.meta.url);
}
