/**
 * Tells whether `node_modules/` holds what package-lock.json asks for; exit code 1 if `npm ci` is needed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
const installed = join(root, 'node_modules', '.package-lock.json');
const found = existsSync(installed) ? JSON.parse(readFileSync(installed, 'utf8')).packages : {};
// Other optional packages are binaries for other platforms: npm leaves those out.
const direct = Object.keys(lock.packages[''].optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
const isNeeded = (path, { optional, peer }) => path !== '' && !peer && (!optional || direct.includes(path));
const stale = Object.entries(lock.packages).filter(
  ([path, wanted]) => isNeeded(path, wanted) && found[path]?.version !== wanted.version,
);
if (stale.length > 0) console.log(`${stale.length} package(s) missing or of another version, such as ${stale[0][0]}`);
process.exitCode = stale.length === 0 ? 0 : 1;
