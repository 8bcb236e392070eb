/**
 * Which operations the graph has: what the files of src/graph/ops export, for tests that must leave none out.
 */
import { readdirSync } from 'node:fs';

/** Names of all exported functions. */
export async function operationNames(): Promise<string[]> {
  const files = readdirSync(new URL('../../src/graph/ops/', import.meta.url));
  const modules = files.filter((name) => /^\w+\.ts$/.test(name)).map((name) => name.slice(0, -'.ts'.length));
  const names: string[] = [];
  for (const name of modules) {
    const module: Readonly<Record<string, unknown>> = await import(`../../src/graph/ops/${name}.ts`);
    names.push(...Object.keys(module).filter((key) => typeof module[key] === 'function'));
  }
  return names;
}
