/**
 * `samus segment` against the outputs of the reference, from files to files.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../src/formats/imageFile.node.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { resizeBilinear } from '../../src/formats/resize.js';
import { decodeRle } from '../../src/formats/rle.js';
import { bytes, expectLogits, expectMask, expectParity, golden, item, numbers } from '../support/golden.js';
import { removeFolder, samus } from './samusProcess.js';
import { parseDocument } from './segmentDocument.js';
import { HEIGHT, SAM, SAMUS, segmentFolder, tensorsIn, WIDTH } from './segmentFolder.js';

let folder = '';

beforeAll(async () => {
  folder = await segmentFolder();
});

afterAll(() => removeFolder(folder));

describe('against the reference, from the .pth file to the mask on disk', () => {
  it("gives SAM's three masks of a click", async () => {
    const reference = await golden('sam-tiny.predictor.safetensors');
    const [x, y] = numbers(reference, 'point.point_coords').data;
    const args = ['--point', `${x},${y}`, '--multimask', '--model', SAM, '--save-tensors', 'sam.safetensors', '--json'];
    const { code, stdout } = await samus(folder, 'segment', 'sam.png', ...args);
    expect(code).toBe(0);
    const tensors = await tensorsIn(folder, 'sam.safetensors');
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
    const logits = numbers(await tensorsIn(folder, 'b.safetensors'), 'low_res_logits');
    expectLogits(logits.data, numbers(reference, 'box_point.low_res_logits').data, 'logits');
  });

  it("gives SAMUS's logits of a click", async () => {
    const reference = await golden('samus-tiny.forward.safetensors');
    const [x, y] = numbers(reference, 'point.coords').data;
    const args = ['--point', `${x},${y}`, '--model', SAMUS, '--save-tensors', 'samus.safetensors'];
    expect((await samus(folder, 'segment', 'samus.png', ...args)).code).toBe(0);
    const tensors = await tensorsIn(folder, 'samus.safetensors');
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
    const [native, square] = [
      await tensorsIn(folder, 'scan.png.safetensors'),
      await tensorsIn(folder, 'square.png.safetensors'),
    ];
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
