/**
 * Checks what is committed: no large files outside models/ and test/fixtures/, fixtures of a bounded total, and no
 * paths of somebody's machine in any text.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Most bytes of a file outside models/ and test/fixtures/. */
const LARGEST = 1e6;
/** Most bytes of all fixtures together. */
const FIXTURES = 60e6;
/** Folders of a user or of a session; the pattern is built so that this file does not match itself. */
const MACHINE_PATH = new RegExp(
  `(?:^|[\\s"'\`(=:])/(?:${['work', 'home', 'root', 'Users', 'tmp'].join('|')})/[\\w.-]+`,
  'm',
);

const root = fileURLToPath(new URL('..', import.meta.url));
const paths = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
const problems = [];
let fixtures = 0;
for (const path of paths) {
  const full = join(root, path);
  const stats = statSync(full, { throwIfNoEntry: false });
  if (!stats?.isFile()) continue;
  if (path.startsWith('test/fixtures/')) {
    fixtures += stats.size;
    continue;
  }
  if (path.startsWith('models/')) continue;
  if (stats.size > LARGEST)
    problems.push(`${path} has ${stats.size} bytes; files outside models/ have at most ${LARGEST}`);
  const text = readFileSync(full, 'utf8');
  const found = text.includes('\0') ? null : MACHINE_PATH.exec(text);
  if (found) problems.push(`${path} names a path of one machine: ${found[0].trim()}`);
}
if (fixtures > FIXTURES) problems.push(`test/fixtures has ${fixtures} bytes, more than ${FIXTURES}`);
for (const problem of problems) console.error(problem);
console.log(
  `repository: ${paths.length} files, ${problems.length} problem(s), ${(fixtures / 1e6).toFixed(1)} MB of fixtures`,
);
process.exitCode = problems.length === 0 ? 0 : 1;
