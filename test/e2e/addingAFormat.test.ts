/**
 * The format of docs/adding-a-format.md, one entry, in the command line, an importer and the server. The page itself is
 * followed in cliDocs.test.ts; the annotator's decoder is in src/web/open/decodePicture.test.ts.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, ROOT } from '../support/docs.js';
import { filesIn, newFolder, removeFolder, startSamus } from './samusProcess.js';
import { type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const TYPE = 'image/x-portable-graymap';
let folder = '';
let clip: Uint8Array = new Uint8Array();

const samus = (...args: readonly string[]) => startSamus(folder, args, { NODE_OPTIONS: '--import ./pgm.mjs' }).ended;

/** Two pictures of 48x40 and 30x20 pixels, one after the other. */
function pgm(...values: readonly [width: number, height: number][]): Uint8Array {
  return Buffer.concat(
    values.flatMap(([width, height], i) => [
      Buffer.from(`P5\n${width} ${height}\n255\n`),
      Buffer.from(Array.from({ length: width * height }, (_, k) => (k * (7 + i)) % 256)),
    ]),
  );
}

beforeAll(async () => {
  folder = newFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'samus'), 'junction');
  for (const { file, code } of blocksOf('docs/adding-a-format.md')) {
    // A second type, which does not begin with image/, as that of DICOM.
    if (file) writeFileSync(join(folder, file), code.replace(`'${TYPE}'`, `'${TYPE}', 'application/x-pgm'`));
  }
  await writeTinyModel(folder);
  clip = pgm([48, 40], [30, 20]);
  for (const part of ['images', 'labels']) {
    mkdirSync(join(folder, part));
    writeFileSync(join(folder, part, 'clip.pgm'), clip);
  }
});

afterAll(() => removeFolder(folder));

describe('a format that is added', () => {
  it('is segmented frame by frame, and named in the help and in errors', async () => {
    const args = ['segment', 'images/clip.pgm', '--point', '9,9', '--model', 'tiny', '--frames', 'all', '--json'];
    const { code, stdout, stderr } = await samus(...args, '--out', 'masks');
    expect(code, stderr).toBe(0);
    const { images } = JSON.parse(stdout);
    expect(images).toMatchObject([
      { frame: 1, width: 48, height: 40 },
      { frame: 2, width: 30, height: 20 },
    ]);
    expect(filesIn(join(folder, 'masks'))).toEqual(['clip.0001.object-1.png', 'clip.0002.object-1.png']);
    expect((await samus('segment', '--help')).stdout.replace(/\s+/g, ' ')).toContain('image files: PGM, DICOM, PNG,');
    writeFileSync(join(folder, 'text.pgm'), 'not an image');
    const refused = await samus('segment', 'text.pgm', '--point', '9,9', '--model', 'tiny', '--json');
    expect(JSON.parse(refused.stdout).error.message).toMatch(
      /^expected PGM, DICOM, PNG, .* or BMP, but text\.pgm is none/,
    );
  }, 60_000);

  it('is imported, an image for each frame', async () => {
    const pair = ['data', 'import', 'pair', '.', 'data', '--images', 'images', '--labels', 'labels'];
    // Without the entry the folder has no images.
    expect((await startSamus(folder, [...pair, '--dataset', 'A-B']).ended).code).not.toBe(0);
    const { code, stderr } = await samus(...pair, '--dataset', 'A-B');
    expect(code, stderr).toBe(0);
    const images = filesIn(join(folder, 'data')).filter((path) => path.includes('/img/'));
    expect(images).toEqual(['A-B/img/clip.0001.png', 'A-B/img/clip.0002.png']);
  }, 60_000);

  it('is accepted by the server, with a frame', async () => {
    let server: ServeProcess | undefined;
    process.env.NODE_OPTIONS = '--import ./pgm.mjs';
    try {
      server = await startServe(folder, '--model', 'tiny');
    } finally {
      delete process.env.NODE_OPTIONS;
    }
    try {
      const answers = [];
      for (const [type, query] of [
        [TYPE, ''],
        ['application/x-pgm', '?frame=2'],
      ] as const) {
        answers.push(await (await server.postImage(clip, { 'content-type': type }, query)).json());
      }
      const other = await server.postImage(clip, { 'content-type': 'application/pdf' });
      expect(other.status).toBe(415);
      expect(answers).toMatchObject([
        { width: 48, height: 40, frames: 2 },
        { width: 30, height: 20, frames: 2 },
      ]);
    } finally {
      await server.stop();
    }
  }, 60_000);
});
