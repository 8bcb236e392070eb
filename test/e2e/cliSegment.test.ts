/**
 * `samus segment` from files to files, against the reference's outputs and on phantoms.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { createImage } from '../../src/formats/image.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { cleanMask } from '../../src/formats/maskRegions.js';
import { resizeBilinear } from '../../src/formats/resize.js';
import { decodeRle, encodeRle } from '../../src/formats/rle.js';
import { bytes, expectLogits, expectMask, expectParity, golden, goldenPath, item, numbers } from '../support/golden.js';
import { fixturePath } from '../support/imageFixtures.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';
import { parseDocument } from './segmentDocument.js';

const SAM = goldenPath('sam-tiny.pth');
const SAMUS = goldenPath('samus-tiny.pth');
const [WIDTH, HEIGHT] = [300, 180];

let folder = '';

beforeAll(async () => {
  folder = newFolder();
  const { image } = makePhantom({ seed: 5, width: WIDTH, height: HEIGHT });
  await writePng(join(folder, 'scan.png'), image);
  const sam = await golden('sam-tiny.predictor.safetensors');
  await writePng(join(folder, 'sam.png'), createImage(220, 150, 3, bytes(sam, 'image_u8')));
  const samusFile = await golden('samus-tiny.forward.safetensors');
  await writePng(join(folder, 'samus.png'), createImage(256, 256, 1, bytes(samusFile, 'image_u8').slice(0, 65_536)));
});

afterAll(() => removeFolder(folder));

async function tensorsIn(name: string) {
  return (await readCheckpointFile(join(folder, name))).tensors;
}

describe('files of several frames', () => {
  const clip = (): string => {
    copyFileSync(fixturePath('frames.tif'), join(folder, 'clip.tif'));
    return 'clip.tif';
  };
  const segment = (...args: readonly string[]) =>
    samus(folder, 'segment', ...args, '--point', '4,5', '--model', SAMUS, '--json');

  it('of one name get a number before the frame', async () => {
    copyFileSync(fixturePath('frames.gif'), join(folder, 'clip.gif'));
    const { code } = await segment(clip(), 'clip.gif', '--frames', '1-2', '--out', 'both');
    expect(code).toBe(0);
    const names = ['clip-2.0001', 'clip-2.0002', 'clip.0001', 'clip.0002'].map((name) => `${name}.object-1.png`);
    expect(filesIn(join(folder, 'both'))).toEqual(names);
  });

  it('give a result of its own size and name for each chosen frame', async () => {
    const { code, stdout } = await segment(clip(), '--frames', 'all', '--out', 'frames');
    expect(code).toBe(0);
    const { images } = parseDocument(stdout);
    expect(images.map(({ image, frame, width, height }) => [image, frame, width, height])).toEqual([
      ['clip.tif', 1, 23, 17],
      ['clip.tif', 2, 23, 17],
      ['clip.tif', 3, 9, 31],
    ]);
    const files = ['clip.0001.object-1.png', 'clip.0002.object-1.png', 'clip.0003.object-1.png'];
    expect(filesIn(join(folder, 'frames'))).toEqual(files);
    expect(await readImage(join(folder, 'frames', files[2]!))).toMatchObject({ width: 9, height: 31 });
    // Each frame is segmented as if it were a file of its own, and again from its own document.
    await writePng(join(folder, 'third.png'), await readImage(join(folder, 'clip.tif'), { frame: 3 }));
    const alone = parseDocument((await segment('third.png')).stdout).images[0]!.objects[0]!;
    expect(images[2]!.objects[0]!.rle).toEqual(alone.rle);
    writeFileSync(join(folder, 'frames.json'), stdout);
    const again = await samus(folder, 'segment', '--prompts', 'frames.json', '--model', SAMUS, '--json');
    expect(parseDocument(again.stdout).images.map(({ frame, objects }) => [frame, objects[0]!.rle])).toEqual(
      images.map(({ frame, objects }) => [frame, objects[0]!.rle]),
    );
  });

  it('are selected by number and range', async () => {
    const framesOf = async (...args: readonly string[]): Promise<unknown> =>
      parseDocument((await segment(clip(), ...args)).stdout).images.map(({ frame }) => frame);
    expect(await framesOf('--frame', '2')).toEqual([2]);
    expect(await framesOf('--frames', '2-3,1,2')).toEqual([1, 2, 3]);
  });

  it('are counted in a warning if none is selected', async () => {
    const { code, stdout, stderr } = await segment(clip(), 'scan.png', '--out', 'first');
    expect(code).toBe(0);
    expect(stderr).toContain('warning: clip.tif has 3 frames; segmented only the first');
    expect(stderr).not.toContain('scan.png has');
    expect(parseDocument(stdout).images.map(({ image, frame }) => [image, frame])).toEqual([
      ['clip.tif', 1],
      ['scan.png', undefined],
    ]);
    expect(filesIn(join(folder, 'first'))).toEqual(['clip.object-1.png', 'scan.object-1.png']);
  });

  it('refuses missing and malformed frame numbers; other images continue', async () => {
    const codes = async (...args: readonly string[]): Promise<unknown> => {
      const { code, stdout } = await segment(...args);
      return [code, JSON.parse(stdout).error?.code];
    };
    expect(await codes(clip(), '--frame', '4')).toEqual([3, 'IMAGE_FRAME']);
    expect(await codes(clip(), '--frames', '2-9')).toEqual([3, 'IMAGE_FRAME']);
    for (const frames of ['0', '3-2', 'x', '1,', '1.5']) {
      expect(await codes(clip(), '--frames', frames), frames).toEqual([2, 'USAGE_FRAMES']);
    }
    expect((await segment(clip(), '--frame', '1', '--frames', '2')).code).toBe(2);
    const { code, stdout } = await segment(clip(), 'scan.png', '--frame', '2');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).images).toMatchObject([
      { image: 'clip.tif', frame: 2 },
      { image: 'scan.png', error: { code: 'IMAGE_FRAME' } },
    ]);
  });
});

describe('masks', () => {
  it('are cleaned by default, and match saved tensors', async () => {
    const args = ['segment', 'sam.png', '--point', '110,75', '--model', SAM, '--out', 'cleaned', '--json'];
    const objectOf = async (...more: readonly string[]) => {
      const { code, stdout } = await samus(folder, ...args, ...more);
      expect(code).toBe(0);
      return parseDocument(stdout).images[0]!.objects[0]!;
    };
    const save = ['--save-tensors', 'cleaned.safetensors'];
    const [cleaned, raw, saved] = [await objectOf(), await objectOf('--no-clean'), await objectOf(...save)];
    const points = [[110, 75]] as const;
    const rawMask = decodeRle(raw.rle);
    expect(cleaned.rle).toEqual(encodeRle({ width: 220, height: 150, data: cleanMask(rawMask, { points }).data }));
    expect(cleaned.rle).not.toEqual(raw.rle);
    expect([cleaned.parts, cleaned.score]).toEqual([1, raw.score]);
    expect(raw.parts).toBeGreaterThan(1);
    expect(saved.rle).toEqual(raw.rle);
    expect((await objectOf(...save, '--clean')).rle).toEqual(cleaned.rle);
  });
});

describe('against the reference, from the .pth file to the mask on disk', () => {
  it("gives SAM's three masks of a click", async () => {
    const reference = await golden('sam-tiny.predictor.safetensors');
    const [x, y] = numbers(reference, 'point.point_coords').data;
    const args = ['--point', `${x},${y}`, '--multimask', '--model', SAM, '--save-tensors', 'sam.safetensors', '--json'];
    const { code, stdout } = await samus(folder, 'segment', 'sam.png', ...args);
    expect(code).toBe(0);
    const tensors = await tensorsIn('sam.safetensors');
    expect(tensors.get('masks')?.shape).toEqual([1, 3, 128, 128]);
    expectParity(numbers(tensors, 'image_embedding').data, numbers(reference, 'image_embedding').data, 'embedding');
    expectLogits(numbers(tensors, 'low_res_logits').data, numbers(reference, 'point.low_res_logits').data, 'logits');
    expectParity(numbers(tensors, 'iou').data, numbers(reference, 'point.iou').data, 'iou');
    // The mask that was written is the one with the best score.
    const iou = [...numbers(reference, 'point.iou').data];
    const best = iou.indexOf(Math.max(...iou));
    const { mask = '' } = parseDocument(stdout).images[0]!.objects[0]!;
    const written = await readImage(join(folder, mask));
    const expected = bytes(reference, 'point.masks').slice(best * 220 * 150, (best + 1) * 220 * 150);
    expectMask(Uint8Array.from(written.data, Math.sign), expected, 'mask');
  });

  it("gives SAM's mask of a box with a point", async () => {
    const reference = await golden('sam-tiny.predictor.safetensors');
    const [x, y] = numbers(reference, 'box_point.point_coords').data;
    const label = numbers(reference, 'box_point.point_labels').data[0] === 1 ? 'fg' : 'bg';
    const box = numbers(reference, 'box_point.box').data.join(',');
    const prompts = ['--box', box, '--point', `${x},${y},${label}`];
    const { code } = await samus(
      folder,
      'segment',
      'sam.png',
      ...prompts,
      '--model',
      SAM,
      '--save-tensors',
      'b.safetensors',
    );
    expect(code).toBe(0);
    const logits = numbers(await tensorsIn('b.safetensors'), 'low_res_logits');
    expectLogits(logits.data, numbers(reference, 'box_point.low_res_logits').data, 'logits');
  });

  it("gives SAMUS's logits of a click", async () => {
    const reference = await golden('samus-tiny.forward.safetensors');
    const [x, y] = numbers(reference, 'point.coords').data;
    const args = ['--point', `${x},${y}`, '--model', SAMUS, '--save-tensors', 'samus.safetensors'];
    expect((await samus(folder, 'segment', 'samus.png', ...args)).code).toBe(0);
    const tensors = await tensorsIn('samus.safetensors');
    const first = (name: string) => item(numbers(reference, name), 0).data;
    expectParity(numbers(tensors, 'image_embedding').data, first('image_embedding'), 'embedding');
    expectLogits(numbers(tensors, 'low_res_logits').data, first('point.low_res_logits'), 'logits');
    expectLogits(numbers(tensors, 'masks').data, first('forward.masks'), 'masks');
  });
});

describe('on an image that is not square', () => {
  it('puts a click where it is: the same as on the image stretched beforehand', async () => {
    await writePng(join(folder, 'square.png'), resizeBilinear(await readImage(join(folder, 'scan.png')), 256, 256));
    const [x, y] = [240, 31];
    const [sx, sy] = [((x + 0.5) * 256) / WIDTH - 0.5, ((y + 0.5) * 256) / HEIGHT - 0.5];
    const run = (image: string, point: string) =>
      samus(folder, 'segment', image, '--point', point, '--model', SAMUS, '--save-tensors', `${image}.safetensors`);
    expect((await run('scan.png', `${x},${y}`)).code).toBe(0);
    expect((await run('square.png', `${sx},${sy}`)).code).toBe(0);
    const [native, square] = [await tensorsIn('scan.png.safetensors'), await tensorsIn('square.png.safetensors')];
    expectLogits(
      numbers(native, 'low_res_logits').data,
      numbers(square, 'low_res_logits').data,
      'logits of the same place',
    );
  });

  it('gives masks of the size of the image, the same in every form', async () => {
    const formats = ['--format', 'png,overlay', '--format', 'json'];
    const args = ['segment', 'scan.png', '--point', '150,90', '--model', SAMUS, '--out', 'forms', ...formats, '--json'];
    const { code, stdout } = await samus(folder, ...args);
    expect(code).toBe(0);
    const document = parseDocument(stdout);
    expect(JSON.parse(readFileSync(join(folder, 'forms/scan.json'), 'utf8'))).toEqual(document);
    const { objects, overlay: drawn, json } = document.images[0]!;
    const [object] = objects;
    expect([drawn, json]).toEqual([join('forms', 'scan.overlay.png'), join('forms', 'scan.json')]);
    const mask = await readImage(join(folder, object!.mask!));
    const overlay = await readImage(join(folder, drawn!));
    expect([mask.width, mask.height, overlay.width, overlay.height]).toEqual([WIDTH, HEIGHT, WIDTH, HEIGHT]);
    expect(decodeRle(object!.rle).data).toEqual(Uint8Array.from(mask.data, Math.sign));
    expect(mask.data.filter((value) => value > 0)).toHaveLength(object!.area);
  });
});

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
    expect((await tensorsIn('n.safetensors')).get('iou')?.shape).toEqual([3, 1]);
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

describe('everything in an image', () => {
  // A model with random weights is sure of nothing: every mask is let through, and the grid kept small.
  const all = ['--everything', '--points-per-side', '3', '--score-threshold', '0', '--stability-threshold', '0'];
  const run = (image: string, out: string, ...args: string[]) =>
    samus(folder, 'segment', image, ...all, '--model', SAMUS, '--out', out, ...args);

  it('gives objects as prompts do, and their masks and an overlay', async () => {
    const args = ['--overlap-threshold', '0.9', '--format', 'png,overlay', '--json'];
    const { code, stdout } = await run('scan.png', 'all', ...args);
    expect(code).toBe(0);
    const { objects } = parseDocument(stdout).images[0]!;
    expect(objects.length).toBeGreaterThan(0);
    expect(objects.map(({ name }) => name)).toEqual(objects.map((_, i) => `object-${i + 1}`));
    const scores = objects.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const { mask, area, points, rle } of objects) {
      const written = await readImage(join(folder, mask!));
      expect(written.data.filter((value) => value > 0)).toHaveLength(area);
      expect(decodeRle(rle).data).toEqual(Uint8Array.from(written.data, Math.sign));
      expect(points).toHaveLength(1);
    }
    expect(filesIn(join(folder, 'all')).sort()).toEqual(
      [...objects.map(({ name }) => `scan.${name}.png`), 'scan.overlay.png'].sort(),
    );
  });

  it('reports that nothing was found if everything is too small', async () => {
    const { code, stdout } = await run('scan.png', 'none', '--min-area', String(WIDTH * HEIGHT + 1));
    expect(code).toBe(0);
    expect(stdout).toContain('scan.png: nothing found');
    expect(filesIn(folder).filter((path) => path.startsWith('none/'))).toEqual([]);
  });

  it('does not replace the image that it reads', async () => {
    mkdirSync(join(folder, 'own'));
    await writePng(join(folder, 'own/scan.object-1.png'), makePhantom({ seed: 7, width: 64, height: 64 }).image);
    await writePng(join(folder, 'own/scan.png'), makePhantom({ seed: 7, width: 64, height: 64 }).image);
    const { code, stdout } = await run('own/scan.png', 'own', 'own/scan.object-1.png', '--json');
    expect(code).toBe(1);
    expect(parseDocument(stdout).images[0]!.error?.code).toBe('OUTPUT_IS_INPUT');
  });
});

describe('a long command line', () => {
  it.each([60, 200])('of %d kB gives a mask for each image', async (kilobytes) => {
    const images = longPaths(kilobytes * 1000, 3000);
    const args = ['--point', '150,90', '--model', SAMUS, '--out', `long-${kilobytes}`, '--json'];
    const { code, stdout } = await samus(folder, 'segment', ...images, ...args);
    expect(code).toBe(0);
    expect(parseDocument(stdout).images.map(({ image }) => image)).toEqual(images);
    expect(filesIn(join(folder, `long-${kilobytes}`))).toHaveLength(images.length);
  });
});

/** Links to the image under paths of `each` characters, `total` characters in all. */
function longPaths(total: number, each: number): string[] {
  const parent = Array.from({ length: Math.floor(each / 200) }, () => 'f'.repeat(199)).join('/');
  mkdirSync(join(folder, parent), { recursive: true });
  return Array.from({ length: Math.ceil(total / each) }, (_, i) => {
    const path = `${parent}/scan-${total}-${i}.png`;
    linkSync(join(folder, 'scan.png'), join(folder, path));
    return path;
  });
}
