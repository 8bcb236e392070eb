/**
 * Journeys through the annotator in a real Chromium: one image, from a click to a file.
 */
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decodeClassPng } from '../../src/formats/classPng.js';
import { rleArea } from '../../src/formats/rle.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('annotating an image', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  let annotator: Annotator;
  const { file, clicks } = phantomFile(3);
  const target = clicks[0]!;

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
  });

  afterEach(async () => {
    expect(annotator.failures).toEqual([]);
  });

  it('opens, clicks, and exports a mask in every format', async () => {
    await annotator.click(target);
    await annotator.objects(/Score/);
    const area = await annotator.area();
    expect(area).toBeGreaterThan(0);

    const mask = await annotator.export(/Masks as PNG/);
    expect(mask.name).toBe('phantom-3.object-1.png');
    const { classes, width, height } = decodeClassPng(mask.bytes);
    expect([width, height]).toEqual([256, 256]);
    expect(classes.filter((value) => value === 255)).toHaveLength(area);

    const prompts = JSON.parse((await annotator.export(/every prompt/)).bytes.toString());
    expect(prompts.images[0]).toMatchObject({ image: 'phantom-3.png', width: 256, height: 256 });
    expect(prompts.images[0].objects[0]).toMatchObject({ points: [[...target, 1]], area });

    for (const format of [/run lengths/, /polygons/]) {
      const coco = JSON.parse((await annotator.export(format)).bytes.toString());
      expect(coco.annotations[0]).toMatchObject({ area, category_id: 1 });
    }
    const nifti = await annotator.export(/NIfTI/);
    expect(nifti.name).toBe('phantom-3.nii.gz');
    expect([...nifti.bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b]);

    const archive = await annotator.export(/US30K/);
    const files = unzipSync(archive.bytes);
    const label = decodeClassPng(files['My-Annotations/label/phantom-3.png']!);
    expect(label.classes.filter((value) => value === 1)).toHaveLength(area);
  });

  it('corrects a mask click by click, and undoes and redoes each', async () => {
    await annotator.click(target);
    await annotator.objects(/1 click/);
    const first = await annotator.area();
    await annotator.click([target[0] + 12, target[1] + 6], 'right');
    await annotator.objects(/Score.*2 clicks/);
    const second = await annotator.area();
    await annotator.press('Control+z');
    await annotator.objects(/Score.*1 click/);
    expect(await annotator.area()).toBe(first);
    await annotator.press('Control+Shift+z');
    await annotator.objects(/Score.*2 clicks/);
    expect(await annotator.area()).toBe(second);
    await annotator.press('Control+z', 'Control+z');
    await annotator.page.locator('.right .objects li').waitFor({ state: 'detached' });
  });

  it('makes several objects, names and classes them, hides and deletes one', async () => {
    await annotator.click(target);
    await annotator.objects(/Score/);
    await annotator.press('c');
    await annotator.page.getByRole('button', { name: 'Add a class' }).click();
    await annotator.page.locator('canvas.over').focus();
    await annotator.press('b');
    await annotator.drag([40, 40], [120, 110]);
    await annotator.objects(/object-2.*Score/);
    expect(await annotator.objectCount()).toBe(2);
    await annotator.page.getByLabel('Name', { exact: true }).fill('gland');
    await annotator.press('Enter');
    expect(await annotator.objects(/gland/)).toHaveLength(2);
    expect(await annotator.page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('2');
    await annotator.page.getByRole('button', { name: 'Hide gland' }).click();
    await annotator.page.getByRole('button', { name: 'Show gland' }).waitFor();
    await annotator.page.getByRole('button', { name: 'Delete object' }).click();
    await annotator.message(/gland deleted/);
    expect(await annotator.objectCount()).toBe(1);
  });

  it('draws with the brush and erases, and strokes outlive further clicks', async () => {
    await annotator.press('d');
    await annotator.drag([60, 60], [90, 60]);
    await annotator.objects(/drawn/);
    const drawn = await annotator.area();
    expect(drawn).toBeGreaterThan(300);
    await annotator.press('e');
    await annotator.drag([92, 40], [92, 90]);
    const erased = await annotator.areaOtherThan(drawn);
    expect(erased).toBeLessThan(drawn);
    await annotator.press('v');
    await annotator.click(target);
    await annotator.objects(/Score.*drawn/);
    const prompts = JSON.parse((await annotator.export(/every prompt/)).bytes.toString());
    const [object] = prompts.images[0].objects;
    expect(rleArea(object.added)).toBe(erased);
    expect(rleArea(object.erased)).toBeGreaterThan(0);
  });

  it('shows what a click would give before it is made', async () => {
    const state = annotator.page.locator('.status .engine-state');
    await annotator.page.mouse.move(...(await annotator.place(target)));
    await state.filter({ hasText: 'Ready' }).waitFor();
    expect(await annotator.objectCount()).toBe(0);
    const shown = () =>
      annotator.page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas.over')!;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value !== 0);
      });
    await expect.poll(shown, { timeout: 20_000 }).toBe(true);
    await annotator.press('p');
    await expect.poll(shown, { timeout: 20_000 }).toBe(false);
  });

  it('finds everything, proposes it, and undo takes what was accepted back', async () => {
    await annotator.press('a');
    await annotator.message(/proposals? found/);
    expect(await annotator.objectCount()).toBe(0);
    await annotator.page.getByRole('button', { name: 'Accept all' }).click();
    const found = await annotator.objectCount();
    expect(found).toBeGreaterThan(0);
    // A second search proposes nothing that is there.
    await annotator.page.locator('canvas.over').focus();
    await annotator.press('a');
    await annotator.message(/annotated already/);
    await annotator.press('Escape');
    await annotator.press('Control+z');
    await expect.poll(() => annotator.objectCount()).toBe(0);
    await annotator.press('Control+y');
    await expect.poll(() => annotator.objectCount()).toBe(found);
  });

  it('measures in pixels, and in millimetres after two ticks of the depth scale', async () => {
    await annotator.press('d');
    await annotator.drag([60, 60], [100, 60]);
    await annotator.objects(/drawn/);
    const cells = annotator.page.locator('.right .measure td');
    expect(await cells.nth(1).textContent()).toBe('');
    await annotator.press('k');
    await annotator.click([10, 20]);
    await annotator.click([10, 70]);
    const dialog = annotator.page.getByRole('dialog', { name: 'Calibrate' });
    await dialog.waitFor();
    await annotator.page.keyboard.type('25');
    // Enter does nothing while the button is disabled.
    await expect.poll(() => dialog.getByRole('button', { name: 'Calibrate' }).isEnabled()).toBe(true);
    await annotator.press('Enter');
    await annotator.message(/0\.5 mm\/pixel/);
    const longest = annotator.page.locator('.right .measure tr').nth(1).locator('td');
    await longest.filter({ hasText: 'mm' }).waitFor();
    const [pixels, millimetres] = (await longest.allTextContents()).map(Number.parseFloat);
    expect(millimetres).toBeCloseTo(pixels! / 2, 1);
  });

  it('gives the same mask on the server as in the browser', async () => {
    await annotator.click(target);
    await annotator.objects(/Score/);
    const here = await annotator.area();
    await annotator.page.getByLabel('Run model on').selectOption('server');
    await annotator.page.locator('.status', { hasText: 'samus-s · on server' }).waitFor();
    await annotator.ready();
    await annotator.press('n');
    await annotator.click(target);
    await annotator.objects(/object-2.*Score/);
    expect(Math.abs((await annotator.area()) - here)).toBeLessThanOrEqual(256 * 256 * 0.001);
  });
});
