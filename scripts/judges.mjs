/**
 * `npm run judges`: writes DICOM objects of every file of the test data and has other programs judge them: dciodvfy,
 * dcentvfy and dcmdump (Debian's dicom3tools and dcmtk), highdicom and dcmqi (PyPI), and the code that OHIF reads segmentations with
 * (npm). Installs the latter two into .cache/judges. SAMUS_TEST_DATA names the folder with data/ and golden/.
 * Prints a table, and what could not run.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache', 'judges');
const out = join(cache, 'out');
const data = process.env.SAMUS_TEST_DATA;
if (!data) throw new Error('SAMUS_TEST_DATA does not name the folder with data/ and golden/');
const module = (path) => import(pathToFileURL(join(root, 'dist', 'formats', 'dicom', path)).href);
const { readDicomFile } = await module('dicomFile.js');
const { textOf, numberOf } = await module('dataSet.js');
const { writeDicomSeg } = await module('writeSeg.js');
const { readDicomSeg } = await module('readSeg.js');
const { codeOfName } = await module('codes.js');
const { writeDicomSr } = await module('writeSr.js');
const { writeDicomSc } = await module('writeSc.js');
const { measureMask } = await import(pathToFileURL(join(root, 'dist', 'predict', 'measure.js')).href);

const has = (program) => spawnSync('which', [program]).status === 0;

/** PyPI's packages of a virtual environment, or what failed. */
function pythonJudges() {
  const python = join(cache, 'venv', 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(cache, { recursive: true });
  spawnSync('python3', ['-m', 'venv', join(cache, 'venv')]);
  const packages = ['highdicom==0.28.2', 'dcmqi==1.5.7', 'dicom3tools==20260927'];
  const { status } = spawnSync(python, ['-m', 'pip', 'install', '-q', ...packages], { stdio: 'inherit' });
  if (status === 0) return python;
  rmSync(join(cache, 'venv'), { recursive: true, force: true });
  return undefined;
}

/** A folder with the reader of OHIF, bundled beforehand, or undefined. */
function ohifReader() {
  const folder = join(cache, 'ohif');
  const bundle = join(folder, 'read.bundle.mjs');
  if (existsSync(bundle)) return bundle;
  mkdirSync(folder, { recursive: true });
  const source = join(data, 'golden', 'dicom', 'ohif-reader');
  for (const name of ['read.mjs', 'stub-core.js', 'stub-tools.js'])
    copyFileSync(join(source, name), join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const packages = ['@cornerstonejs/adapters@5.14.0', 'esbuild', '@babel/runtime'];
  const installed = spawnSync('npm', ['i', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
  });
  if (installed.status !== 0) return undefined;
  const banner = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
  const options = [
    ...['read.mjs', '--bundle', '--platform=node', '--format=esm', `--outfile=${bundle}`, '--log-level=error'],
    ...[
      '--alias:@cornerstonejs/core=./stub-core.js',
      '--alias:@cornerstonejs/tools=./stub-tools.js',
      `--banner:js=${banner}`,
    ],
  ];
  return spawnSync('npx', ['esbuild', ...options], { cwd: folder, stdio: 'inherit' }).status === 0 ? bundle : undefined;
}

/** Two ellipses on some frames, the second not on all of them. */
function objectsOf({ columns, rows, frames, spacingMm }) {
  const chosen = [1, 4, 5, frames].filter((frame, i, all) => frame <= frames && all.indexOf(frame) === i);
  const ellipse = (cx, cy, rx, ry) => {
    const pixels = new Uint8Array(columns * rows);
    for (let y = 0, i = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++, i++) if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1) pixels[i] = 1;
    }
    return { width: columns, height: rows, data: pixels };
  };
  return ['lesion', 'something else'].map((name, k) => ({
    name,
    code: codeOfName(name),
    algorithm: k === 0 ? 'SEMIAUTOMATIC' : 'MANUAL',
    color: ['#e69f00', '#56b4e9'][k],
    masks: (k === 0 || chosen.length < 3 ? chosen : chosen.slice(1)).map((frame) => ({
      frame,
      mask: ellipse(columns * (0.35 + 0.3 * k) + frame / 9, rows * 0.5, columns * 0.09, rows * 0.13),
      ...(spacingMm && { spacingMm }),
    })),
  }));
}

const digest = (mask) => createHash('sha256').update(mask.data).digest('hex');

function dciodvfy(program, path) {
  const { stderr, stdout } = spawnSync(program, ['-new', path], { encoding: 'utf8' });
  return errorsOf(stderr + stdout);
}

const errorsOf = (text) => text.split('\n').filter((line) => /^Error/.test(line));

/** Asks judges.py one task after another. */
class Python {
  constructor(python) {
    this.process = spawn(python, [join(root, 'scripts', 'judges.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  async ask(task) {
    this.process.stdin.write(`${JSON.stringify(task)}\n`);
    const { value, done } = await this.lines.next();
    return done ? { ok: false, note: 'ended' } : JSON.parse(value);
  }
  close() {
    this.process.stdin.end();
  }
}

const missing = ['dciodvfy', 'dcentvfy', 'dcmdump', 'dsrdump', 'dcm2pnm'].filter((program) => !has(program));
const python = pythonJudges();
if (!python) missing.push('highdicom, dcmqi and the newest dciodvfy (PyPI could not be reached)');
const ohif = ohifReader();
if (!ohif) missing.push("OHIF's reader (npm could not be reached)");
const judges = python && new Python(python);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const rows = [];
let failures = 0;

/** One cell of the table. */
function verdict(ok, note) {
  if (!ok) failures++;
  return ok ? 'ok' : `FAILED: ${note}`;
}

/** What validators say of an object of a source. @param broken whether references break the class of the source */
function validated(row, { file, path, broken, labelmap = false }) {
  const known = (errors) => errors.filter((line) => !(broken && /ReferencedFrameNumber/.test(line)));
  // Debian's does not know label maps.
  const programs = labelmap ? {} : { 'dciodvfy (Debian)': 'dciodvfy' };
  if (python) programs['dciodvfy 2026'] = join(cache, 'venv', 'bin', 'dciodvfy');
  for (const [title, program] of Object.entries(programs)) {
    if (spawnSync(program, ['-version']).error) continue;
    const errors = known(dciodvfy(program, file));
    row[title] = verdict(errors.length === 0, errors.join('; '));
  }
  if (has('dcentvfy')) {
    const { stderr, stdout } = spawnSync('dcentvfy', [path, file], { encoding: 'utf8' });
    const errors = errorsOf(stderr + stdout);
    row.dcentvfy = verdict(errors.length === 0, errors.join('; '));
  }
}

async function judgeReport({ name, path, source, seg, objects, broken }) {
  const measured = objects.flatMap(({ masks }, object) =>
    masks.map(({ frame, mask, spacingMm }) => {
      const m = measureMask(mask, spacingMm);
      return {
        object,
        frame,
        unit: spacingMm ? 'mm' : 'px',
        area: m.areaMm2 ?? m.areaPx,
        longAxis: m.longestDiameterMm ?? m.longestDiameterPx,
        shortAxis: m.shortestDiameterMm ?? m.shortestDiameterPx,
        perimeter: m.perimeterMm ?? m.perimeterPx,
      };
    }),
  );
  const origin = { model: 'samus-s', version: '0.1.0' };
  const file = join(out, `${name}.sr.dcm`);
  writeFileSync(file, writeDicomSr(source, seg, objects, measured, origin).bytes);
  const row = { file: name, kind: 'SR' };
  validated(row, { file, path, broken });
  if (has('dsrdump')) {
    const { status, stderr, stdout } = spawnSync('dsrdump', [file], { encoding: 'utf8' });
    const groups = stdout.split('Measurement Group').length - 1;
    row.dsrdump = verdict(status === 0 && groups === measured.length && !/^E:/m.test(stderr), stderr.slice(0, 200));
  }
  if (judges) {
    const values = measured.flatMap(({ area, longAxis, shortAxis, perimeter }) => [
      area,
      longAxis,
      shortAxis,
      perimeter,
    ]);
    for (const [title, judge] of [
      ['highdicom', 'highdicom-sr'],
      ['dcmqi', 'tid1500reader'],
    ]) {
      const { ok, note } = await judges.ask({ judge, path: file, groups: measured.length, values });
      row[title] = verdict(ok, note);
    }
  }
  return row;
}

async function judgeCapture({ name, path, source, objects, broken }) {
  const drawn = objects[0].masks.map(({ frame, mask: { width, height, data: inside } }) => {
    const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) =>
      inside[Math.floor(i / 3)] ? 200 : i % 251,
    );
    return { frame, image: { width, height, channels: 3, data: pixels } };
  });
  const file = join(out, `${name}.sc.dcm`);
  writeFileSync(file, writeDicomSc(source, drawn, { version: '0.1.0' }).bytes);
  const row = { file: name, kind: 'SC' };
  validated(row, { file, path, broken });
  if (has('dcm2pnm')) {
    const wrong = drawn.filter(({ image }, n) => {
      const picture = join(out, 'frame.ppm');
      spawnSync('dcm2pnm', ['+F', String(n + 1), file, picture]);
      const ppm = existsSync(picture) ? readFileSync(picture) : Buffer.alloc(0);
      rmSync(picture, { force: true });
      return !ppm.subarray(ppm.length - image.data.length).equals(image.data);
    });
    row.dcm2pnm = verdict(wrong.length === 0, `${wrong.length} of ${drawn.length} frames differ`);
  }
  return row;
}

const golden = JSON.parse(readFileSync(join(data, 'golden', 'dicom', 'shared.json'), 'utf8'));
for (const name of readdirSync(join(data, 'data', 'dicom')).sort()) {
  const path = join(data, 'data', 'dicom', name);
  const facts = golden.files.find((one) => one.file === name);
  if (!facts) continue;
  const source = await readDicomFile(readFileSync(path));
  const region = facts.regions.find(({ used }) => used);
  const spacingMm = region && [region.mm_x, region.mm_y];
  const frames = facts.frameCount;
  const objects = objectsOf({ columns: facts.width, rows: facts.height, frames, spacingMm });
  const sopInstanceUid = textOf(source.data, 0x00080018);
  // A source that breaks its class makes one error, which is known (docs/dicom.md).
  const broken = textOf(source.data, 0x00080016) === '1.2.840.10008.5.1.4.1.1.6.1' && frames > 1;
  for (const geometry of ['auto', 'none']) {
    for (const kind of ['binary', 'labelmap']) {
      const started = performance.now();
      const seg = writeDicomSeg(source, objects, { geometry, kind, model: 'samus-s', version: '0.1.0' });
      const ms = performance.now() - started;
      const file = join(out, `${name}.${geometry}.${kind}.dcm`);
      writeFileSync(file, seg.bytes);
      const row = { file: name, geometry, kind, ms: ms.toFixed(0) };
      validated(row, { file, path, broken, labelmap: kind === 'labelmap' });
      if (has('dcmdump')) {
        const { status, stderr } = spawnSync('dcmdump', [file], { encoding: 'utf8', maxBuffer: 1e9 });
        row.dcmdump = verdict(status === 0 && !/^E:/m.test(stderr), stderr.slice(0, 200));
      }
      const back = await readDicomSeg(seg.bytes);
      const wrong = objects.filter((object, k) => {
        const read = back.segments[k]?.masks ?? [];
        return (
          read.length !== object.masks.length ||
          read.some(({ frame, mask, source: uid }, i) => {
            const expected = object.masks[i];
            return uid !== sopInstanceUid || frame !== expected.frame || digest(mask) !== digest(expected.mask);
          })
        );
      });
      row['own reader'] = verdict(wrong.length === 0, `${wrong.length} objects differ`);
      const masks = objects.flatMap((object, k) =>
        object.masks.map(({ frame, mask }) => ({
          segment: k + 1,
          frame,
          sha256: digest(mask),
          area: mask.data.reduce((sum, value) => sum + value, 0),
        })),
      );
      if (judges) {
        const task = { path: file, source: sopInstanceUid, multiframe: numberOf(source.data, 0x00280008) > 1, masks };
        const one = await judges.ask({ ...task, judge: 'highdicom' });
        row.highdicom = verdict(one.ok, one.note);
        if (geometry === 'auto' && kind === 'binary' && seg.measured) {
          const other = await judges.ask({ ...task, judge: 'dcmqi' });
          row.dcmqi = verdict(other.ok, other.note);
        }
      }
      if (ohif && geometry === 'auto' && kind === 'binary') {
        const SRC = JSON.stringify({
          Rows: facts.height,
          Columns: facts.width,
          NumberOfFrames: frames,
          StudyInstanceUID: textOf(source.data, 0x0020000d),
          SeriesInstanceUID: textOf(source.data, 0x0020000e),
          SOPInstanceUID: sopInstanceUid,
        });
        const { stdout } = spawnSync(process.execPath, [ohif, 'x', file], {
          encoding: 'utf8',
          env: { ...process.env, SRC },
        });
        const line = stdout.split('\n').find((one) => /^(OK|FAIL)/.test(one)) ?? 'no answer';
        const expected = masks
          .map(({ frame, segment, area }) => [frame, segment, area])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        const found = [...line.matchAll(/(\d+):(\{[^}]*\})/g)].flatMap(([, frame, counts]) =>
          Object.entries(JSON.parse(counts)).map(([segment, area]) => [Number(frame), Number(segment), area]),
        );
        row.OHIF = verdict(line.startsWith('OK') && JSON.stringify(found) === JSON.stringify(expected), line);
      }
      rows.push(row);
      if (geometry === 'auto' && kind === 'binary') {
        rows.push(await judgeReport({ name, path, source, seg, objects, broken }));
        rows.push(await judgeCapture({ name, path, source, objects, broken }));
      }
    }
  }
}
judges?.close();

const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
console.log(`| ${columns.join(' | ')} |`);
console.log(`|${columns.map(() => '---').join('|')}|`);
for (const row of rows) console.log(`| ${columns.map((column) => row[column] ?? '').join(' | ')} |`);
for (const one of missing) console.log(`not run: ${one}`);
console.log(`${rows.length} objects, ${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
