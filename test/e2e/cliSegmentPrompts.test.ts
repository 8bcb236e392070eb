/**
 * The prompts of `samus segment`: of several objects and images, from options and files.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { encodeRle } from '../../src/formats/rle.js';
import { filesIn, removeFolder, samus } from './samusProcess.js';
import { parseDocument } from './segmentDocument.js';
import { HEIGHT, SAMUS, segmentFolder, tensorsIn, WIDTH } from './segmentFolder.js';

let folder = '';

beforeAll(async () => {
  folder = await segmentFolder();
});

afterAll(() => removeFolder(folder));

describe('several objects and images', () => {
  it('gives each object the prompts after its name', async () => {
    const lesion = ['--object', 'lesion', '--box', '90,60,160,130', '--point', '100,70,bg'];
    const vessel = ['--object', 'vessel', '--point', '30,100', '--point', '31.5,100'];
    const { stdout } = await samus(folder, 'segment', 'scan.png', ...lesion, ...vessel, '--model', SAMUS, '--json');
    const { objects } = parseDocument(stdout).images[0]!;
    expect(objects.map(({ name, points, mask }) => ({ name, points, mask }))).toEqual([
      { name: 'lesion', points: [[100, 70, 0]], mask: join('out', 'scan.lesion.png') },
      {
        name: 'vessel',
        points: [
          [30, 100, 1],
          [31.5, 100, 1],
        ],
        mask: join('out', 'scan.vessel.png'),
      },
    ]);
  });

  it('answers an object the same alone as with others', async () => {
    const box = ['--box', '90,60,160,130'];
    const alone = await samus(folder, 'segment', 'scan.png', ...box, '--model', SAMUS, '--json');
    const others = ['--object', 'other', '--point', '30,100', '--object', 'third', '--point', '200,20'];
    const both = await samus(folder, 'segment', 'scan.png', ...box, ...others, '--model', SAMUS, '--json');
    expect(parseDocument(both.stdout).images[0]!.objects[0]!.rle).toEqual(
      parseDocument(alone.stdout).images[0]!.objects[0]!.rle,
    );
  });

  it('takes prompts from CSV, and the same from the JSON that it printed', async () => {
    await writePng(join(folder, 'second.png'), makePhantom({ seed: 6, width: 128, height: 200 }).image);
    const lines = [
      'image,object,kind,values',
      'scan.png,lesion,point,120,88',
      'second.png,,box,"10,20,90,110"',
      'scan.png,vessel,point,30,100',
      'scan.png,lesion,point,40,52,bg',
    ];
    writeFileSync(join(folder, 'prompts.csv'), lines.join('\r\n'));
    const options = ['--model', SAMUS, '--format', 'json', '--json'];
    const fromCsv = await samus(folder, 'segment', '--prompts', 'prompts.csv', ...options);
    expect(fromCsv.code).toBe(0);
    const document = parseDocument(fromCsv.stdout);
    expect(document.images.map(({ image, objects }) => [image, objects.map(({ name }) => name)])).toEqual([
      ['scan.png', ['lesion', 'vessel']],
      ['second.png', ['object-1']],
    ]);
    expect(document.images[0]!.objects[0]!.points).toEqual([
      [120, 88, 1],
      [40, 52, 0],
    ]);
    writeFileSync(join(folder, 'prompts.json'), fromCsv.stdout);
    const fromJson = await samus(folder, 'segment', '--prompts', 'prompts.json', ...options);
    expect(parseDocument(fromJson.stdout)).toEqual(document);
  });

  it('takes a mask as a first guess', async () => {
    const guess = new Uint8Array(WIDTH * HEIGHT).fill(255, 0, (WIDTH * HEIGHT) / 2);
    await writePng(join(folder, 'guess.png'), createImage(WIDTH, HEIGHT, 1, guess));
    const run = (...prompts: string[]) => samus(folder, 'segment', 'scan.png', ...prompts, '--model', SAMUS, '--json');
    const plain = await run('--point', '150,90');
    const guided = await run('--point', '150,90', '--mask', 'guess.png');
    expect(guided.code).toBe(0);
    const scoreOf = (text: string) => parseDocument(text).images[0]!.objects[0]!.score;
    expect(scoreOf(guided.stdout)).not.toBeCloseTo(scoreOf(plain.stdout), 6);
    // JPEG leaves noise around the object, which is no part of it.
    const raw = { width: WIDTH, height: HEIGHT, channels: 1 } as const;
    await sharp(guess, { raw }).jpeg({ quality: 60 }).toFile(join(folder, 'guess.jpg'));
    const lossy = await run('--point', '150,90', '--mask', 'guess.jpg');
    expect(parseDocument(lossy.stdout).images[0]!.objects[0]!.rle).toEqual(
      parseDocument(guided.stdout).images[0]!.objects[0]!.rle,
    );
  });

  it('takes a mask as a first guess out of JSON, and prints it so that it can be taken again', async () => {
    const rle = encodeRle({
      width: WIDTH,
      height: HEIGHT,
      data: new Uint8Array(WIDTH * HEIGHT).fill(1, 0, (WIDTH * HEIGHT) / 2),
    });
    const painted = { name: 'painted', points: [], prompt: { points: [] }, score: null, rle };
    const started = { name: 'started', prompt: { points: [[150, 90, 1]], start: { ...rle, origin: 'file' } } };
    const saved = { images: [{ image: 'scan.png', objects: [painted, started] }] };
    writeFileSync(join(folder, 'saved.json'), JSON.stringify(saved));
    const run = (file: string) => samus(folder, 'segment', '--prompts', file, '--model', SAMUS, '--json');
    const { code, stdout } = await run('saved.json');
    expect(code).toBe(0);
    writeFileSync(join(folder, 'again.json'), stdout);
    expect(parseDocument((await run('again.json')).stdout)).toEqual(parseDocument(stdout));
    const other = { ...saved, images: [{ image: 'sam.png', objects: [painted] }] };
    writeFileSync(join(folder, 'other.json'), JSON.stringify(other));
    expect((await run('other.json')).stdout).toContain('PROMPT_MASK_SIZE');
  });

  it('warns if another model made the masks of a file', async () => {
    const point = { points: [[150, 90, 1]] };
    const objects = [
      { name: 'own', prompt: point, model: 'samus-s-adapted' },
      {
        name: 'drawn',
        prompt: { points: [], oneByOne: true },
        model: 'gone',
        added: encodeRle({ width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT).fill(1) }),
      },
      { name: 'a/b', prompt: point },
      { name: 'a/b', prompt: point },
    ];
    const file = { model: 'samus-tiny', images: [{ image: 'scan.png', objects }] };
    writeFileSync(join(folder, 'models.json'), JSON.stringify(file));
    const args = ['--prompts', 'models.json', '--model', SAMUS, '--out', 'named', '--save-tensors', 'n.safetensors'];
    const { code, stdout, stderr } = await samus(folder, 'segment', ...args);
    expect(code).toBe(0);
    expect(stderr.match(/warning: .*/g)).toEqual([
      'warning: 1 object was segmented by the model samus-s-adapted; samus-tiny may give different masks (see --model)',
    ]);
    expect(stdout).toMatch(/scan\.png: drawn, drawn by hand, area 54000 px/);
    const names = ['a_b-2', 'a_b', 'drawn', 'own'].map((name) => `scan.${name}.png`);
    expect(filesIn(join(folder, 'named'))).toEqual(names);
    expect((await tensorsIn(folder, 'n.safetensors')).get('iou')?.shape).toEqual([3, 1]);
  });

  it('keeps images of one name apart', async () => {
    mkdirSync(join(folder, 'other'));
    await writePng(join(folder, 'other/scan.png'), makePhantom({ seed: 7, width: 64, height: 64 }).image);
    const images = ['scan.png', 'other/scan.png', './scan.png'];
    const args = ['--point', '20,20', '--model', SAMUS, '--out', 'apart', '--json'];
    const { stdout } = await samus(folder, 'segment', ...images, ...args);
    expect(parseDocument(stdout).images).toHaveLength(2);
    expect(filesIn(join(folder, 'apart'))).toEqual(['scan-2.object-1.png', 'scan.object-1.png']);
  });

  it('finds an image by its content where the prompts name another path', async () => {
    copyFileSync(join(folder, 'scan.png'), join(folder, 'renamed.png'));
    const content = createHash('sha256')
      .update(readFileSync(join(folder, 'scan.png')))
      .digest('hex');
    const images = [{ image: 'ward/scan.png', content: content.slice(0, 32), objects: [{ points: [[150, 90]] }] }];
    writeFileSync(join(folder, 'content.json'), JSON.stringify({ version: 1, images }));
    const run = (...args: string[]) =>
      samus(folder, 'segment', ...args, '--prompts', 'content.json', '--model', SAMUS, '--out', 'content', '--json');
    const { code, stdout } = await run('renamed.png');
    expect(code).toBe(0);
    expect(parseDocument(stdout).images[0]).toMatchObject({ image: 'renamed.png', objects: [{ name: 'object-1' }] });
    expect(JSON.parse((await run('samus.png')).stdout).error.code).toBe('PROMPTS_NO_IMAGE');
  });

  it('continues after a failed image, reports it, and exits with 1', async () => {
    writeFileSync(join(folder, 'broken.png'), 'no picture');
    const images = ['broken.png', 'scan.png', 'missing.png'];
    const { code, stdout } = await samus(folder, 'segment', ...images, '--point', '20,20', '--model', SAMUS, '--json');
    expect(code).toBe(1);
    const document = parseDocument(stdout);
    expect(document.images.map(({ image, error }) => [image, error?.code])).toEqual([
      ['broken.png', 'IMAGE_FORMAT'],
      ['scan.png', undefined],
      ['missing.png', 'IMAGE_NOT_FOUND'],
    ]);
  });

  it('continues after unwritable results, and writes names of the maximum length', async () => {
    // With `.object-1.png` behind them, in bytes: 255, 255, 258.
    const [fits, wide, long] = ['y'.repeat(242), `${'あ'.repeat(80)}ab`, 'z'.repeat(245)];
    const images = ['scan.png', fits, wide, long, 'taken', 'last'].map((name) => `${name.replace('.png', '')}.png`);
    for (const image of images.slice(1)) linkSync(join(folder, 'scan.png'), join(folder, image));
    mkdirSync(join(folder, 'batch/taken.object-1.png/folder'), { recursive: true });
    const run = (out: string, ...args: string[]) =>
      samus(folder, 'segment', ...images, ...args, '--model', SAMUS, '--out', out, '--json');
    const { code, stdout } = await run('batch', '--point', '20,20');
    expect(code).toBe(1);
    const codes = [undefined, undefined, undefined, 'FILE_UNWRITABLE', 'FILE_UNWRITABLE', undefined];
    expect(parseDocument(stdout).images[4]?.error?.details.written).toBeUndefined();
    // Of a later file, the entry names those before it.
    mkdirSync(join(folder, 'later/taken.overlay.png/folder'), { recursive: true });
    const later = await run('later', '--point', '20,20', '--format', 'png,overlay');
    const { error } = parseDocument(later.stdout).images[4]!;
    expect(error?.details.written).toEqual([join('later', 'taken.object-1.png')]);
    expect(error?.message).toContain('already written: ');
    expect(parseDocument(stdout).images.map(({ error }) => error?.code)).toEqual(codes);
    for (const name of ['scan', fits, wide, 'last']) {
      expect(filesIn(join(folder, 'batch'))).toContain(`${name}.object-1.png`);
    }
    expect(filesIn(join(folder, 'batch')).filter((path) => path.includes('tmp'))).toEqual([]);
    // Found by themselves, their names are not known beforehand.
    const grid = ['--points-per-side', '1', '--score-threshold', '0', '--stability-threshold', '0'];
    const everything = parseDocument((await run('batch-2', '--everything', ...grid)).stdout);
    expect(everything.images.map(({ error }) => error?.code)).toEqual([
      ...[undefined, undefined, undefined, 'FILE_UNWRITABLE', undefined, undefined],
    ]);
  });
});
