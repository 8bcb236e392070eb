/**
 * `npm test`: builds, so that a fresh clone works and tests of the command line run what is shipped, then runs the
 * tests with the arguments given (`npm test -- src/formats`). Tests of the page drive Chromium, which is installed
 * first where it is missing and may be, as are a validator of DICOM objects, a PACS and Redis (testPrograms.mjs). At the end it
 * says what was not run, and its last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  findChromium,
  hasDciodvfy,
  hasOrthanc,
  hasRedis,
  installChromium,
  installDciodvfy,
  installOrthanc,
  installRedis,
} from './testPrograms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function run(program, args) {
  return spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** Counts of a Vitest report; a file that could not even be loaded counts as one failure. */
function counts(reportPath, status) {
  let report;
  try {
    report = JSON.parse(readFileSync(reportPath, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const unloaded = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = report.numFailedTests + unloaded.length;
  return {
    passed: report.numPassedTests,
    // An error outside of any test fails the run although no test did.
    failed: failed === 0 && status !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Whether the arguments may select tests in a folder; options say nothing of that. */
function selects(args, name, folder) {
  const filters = args.filter((arg) => !arg.startsWith('-'));
  return filters.length === 0 || filters.some((filter) => filter.includes(name) || folder.startsWith(filter));
}

/** What was left out, and what this machine would need for it. */
async function missing(noChromium, noDciodvfy, noOrthanc, noRedis) {
  const lines = ["SAM's ViT-L and ViT-H, studies of 100,000 images: minutes and gigabytes, npm run test:long"];
  if (!process.env.SAMUS_TEST_DATA) {
    lines.push('tests on real images and reference checkpoints: SAMUS_TEST_DATA does not name the folder with them');
  }
  if (!hasDciodvfy()) {
    lines.push(`DICOM objects before a validator: dciodvfy is not installed (Debian: dicom3tools; ${noDciodvfy})`);
  }
  if (!hasOrthanc()) {
    lines.push(`DICOM files in a PACS: Orthanc is not installed (Debian: orthanc-dicomweb; ${noOrthanc})`);
  }
  if (!hasRedis()) {
    lines.push(`studies in a queue: Redis is not installed (Debian: redis-server; ${noRedis})`);
  }
  lines.push("DICOM objects before highdicom, dcmqi and OHIF's reader: they need Python, npm run judges");
  lines.push('exports before OpenVINO, KServe and transformers.js: they need Python and 1.5 GB, npm run judges');
  if (!findChromium()) {
    lines.push(`tests of the page: no Chromium was found (install it or set CHROMIUM_PATH; ${noChromium})`);
  }
  try {
    const { listProviders } = await import(pathToFileURL(join(root, 'dist', 'runtime', 'providers.node.js')).href);
    for (const { name, available, reason } of await listProviders()) {
      if (!available) lines.push(`tests on the provider ${name}: ${reason}`);
    }
  } catch (error) {
    lines.push(`tests on other providers: they could not be listed (${error.message})`);
  }
  return lines;
}

let total;
if (run(join(root, 'scripts', 'build.mjs'), []) !== 0) {
  console.error('the build failed, so no test was run');
  total = { passed: 0, failed: 1, skipped: 0 };
} else {
  const args = process.argv.slice(2);
  const unwanted = 'these tests were not asked for';
  const noChromium = !selects(args, 'browser', 'test/browser')
    ? unwanted
    : findChromium()
      ? undefined
      : installChromium();
  const forDicom = selects(args, 'dicom', 'src/formats/dicom');
  const noDciodvfy = !forDicom ? unwanted : hasDciodvfy() ? undefined : installDciodvfy();
  const forPacs = selects(args, 'pacs', 'test/e2e') || selects(args, 'browser', 'test/browser');
  const noOrthanc = !forPacs ? unwanted : hasOrthanc() ? undefined : installOrthanc();
  const forQueue = selects(args, 'queue', 'test/e2e');
  const noRedis = !forQueue ? unwanted : hasRedis() ? undefined : installRedis();
  const folder = mkdtempSync(join(tmpdir(), 'samus-test-'));
  const report = join(folder, 'report.json');
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = run(vitest, ['run', ...reporters, ...process.argv.slice(2)]);
  total = counts(report, status);
  rmSync(folder, { recursive: true });
  const lines = await missing(noChromium, noDciodvfy, noOrthanc, noRedis);
  console.log(['not run:', ...lines.map((line) => `  ${line}`), ''].join('\n'));
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
