/**
 * Journeys through the annotator with many images: a folder worked through and exported, masks opened again, results
 * saved beside the images.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { decodeClassPng, encodeClassPng } from '../../src/formats/classPng.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const COUNT = 20;

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('annotating a folder', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const folder = mkdtempSync(join(tmpdir(), 'samus-folder-'));
  const phantoms = Array.from({ length: COUNT }, (_, i) => phantomFile(i + 1));

  beforeAll(async () => {
    for (const { file } of phantoms) writeFileSync(join(folder, file.name), file.buffer);
    writeFileSync(join(folder, 'notes.txt'), 'no image');
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('works through 20 images and makes a training set that samus data check accepts', async () => {
    // Without it the page asks by a file chooser, which a test can answer.
    await fresh.context.addInitScript(() => Reflect.deleteProperty(window, 'showDirectoryPicker'));
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.choose('Open a folder', folder);
    const rows = annotator.page.locator('.left .files li');
    await expect.poll(() => rows.count()).toBe(COUNT);
    for (const [i, { file, clicks }] of phantoms.entries()) {
      await rows
        .nth(i)
        .and(annotator.page.locator('.current', { hasText: file.name }))
        .waitFor();
      await annotator.ready();
      await annotator.press('v');
      await annotator.click(clicks[0]!);
      await annotator.objects(/Score/);
      // A model may see nothing there; a person then draws.
      await annotator.press('d');
      await annotator.click(clicks[0]!);
      await annotator.objects(/drawn/);
      await annotator.press('c', ']');
    }
    await annotator.message(/last image/);
    await annotator.page.getByText(`${COUNT} of ${COUNT} · ${COUNT} with masks`).waitFor();

    const archive = await annotator.export(/US30K/);
    const data = mkdtempSync(join(tmpdir(), 'samus-us30k-'));
    for (const [path, bytes] of Object.entries(unzipSync(archive.bytes))) {
      mkdirSync(dirname(join(data, path)), { recursive: true });
      writeFileSync(join(data, path), bytes);
    }
    const { status, stdout } = spawnSync(process.execPath, [PROGRAM, 'data', 'check', data, '--json'], {
      encoding: 'utf8',
    });
    rmSync(data, { recursive: true, force: true });
    const report = JSON.parse(stdout);
    expect(report.problems.filter(({ severity }: { severity: string }) => severity === 'error')).toEqual([]);
    expect(report.datasets).toEqual([{ dataset: 'My-Annotations', images: COUNT, labels: COUNT }]);
    expect(report.lists).toEqual([{ list: 'all-My-Annotations', samples: COUNT }]);
    expect(status).toBe(0);
    expect(annotator.failures).toEqual([]);
  });

  it('carries prompts to the next image', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(phantoms[0]!.file, phantoms[1]!.file);
    await annotator.ready();
    await annotator.page.getByLabel('Carry prompts to the next image').check();
    await annotator.click(phantoms[0]!.clicks[0]!);
    await annotator.objects(/Score/);
    await annotator.press(']');
    await annotator.message(/1 object carried over/);
    await annotator.objects(/Score.*1 click/);
  });

  it('opens label images, COCO JSON and its own JSON again for correction', async () => {
    const { file, masks, clicks } = phantoms[2]!;
    const mask = masks[0]!;
    const pixels = mask.reduce((sum, value) => sum + value, 0);
    const label = Buffer.from(
      encodeClassPng(
        mask.map((value) => value * 2),
        256,
        256,
      ),
    );
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(file, phantoms[3]!.file);
    await annotator.ready();
    // Of another size than an image that was not open yet.
    const small = Buffer.from(encodeClassPng(new Uint8Array(64 * 64).fill(1), 64, 64));
    await annotator.choose('Open masks', [{ name: phantoms[3]!.file.name, mimeType: 'image/png', buffer: small }]);
    await annotator.message(/Expected masks of 256 × 256 pixels for phantom-4.png, got 64 × 64/);
    await annotator.choose('Open masks', [{ name: file.name, mimeType: 'image/png', buffer: label }]);
    await annotator.message(/1 object opened on 1 image/);
    await annotator.page.getByRole('button', { name: 'Select object-1' }).click();
    expect(await annotator.area()).toBe(pixels);
    expect(await annotator.page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('2');

    const coco = await annotator.export(/polygons/);
    const own = await annotator.export(/every prompt/);
    for (const { name, bytes } of [coco, own]) {
      await annotator.press('Delete');
      await expect.poll(() => annotator.objectCount()).toBe(0);
      await annotator.choose('Open masks', [{ name, mimeType: 'application/json', buffer: bytes }]);
      await annotator.page.getByRole('button', { name: 'Select object-1' }).click();
      await expect.poll(() => annotator.area()).toBe(pixels);
    }
    // The mask is where the model goes on from.
    await annotator.page.locator('canvas.over').focus();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score.*1 click/);
    expect(annotator.failures).toEqual([]);
  });

  it('keeps images of one name in two folders apart, and saves each beside its own', async () => {
    // The folders of two patients, whose devices name their files alike; the person chooses one after the other.
    await fresh.context.addInitScript(() => {
      const chosen = ['A', 'B', 'A'];
      window.showDirectoryPicker = async () =>
        (await navigator.storage.getDirectory()).getDirectoryHandle(chosen.shift()!);
    });
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    const patients = [
      { folder: 'A', bytes: [...phantoms[3]!.file.buffer] },
      { folder: 'B', bytes: [...phantoms[4]!.file.buffer] },
    ];
    for (const patient of patients) {
      await page.evaluate(async ({ folder, bytes }) => {
        const root = await navigator.storage.getDirectory();
        const at = await root.getDirectoryHandle(folder, { create: true });
        const writable = await (await at.getFileHandle('IM0001.png', { create: true })).createWritable();
        await writable.write(Uint8Array.from(bytes));
        await writable.close();
      }, patient);
    }
    const rows = page.locator('.left .files li');
    const draw = async (left: number): Promise<void> => {
      await annotator.press('d');
      await annotator.drag([left, 100], [left + 40, 100]);
      await annotator.objects(/drawn/);
    };
    for (const [i, left] of [40, 160].entries()) {
      await page
        .getByRole('button', { name: /^(Open a folder|Folder)/ })
        .first()
        .click();
      await expect.poll(() => rows.count()).toBe(i + 1);
      await rows.nth(i).and(page.locator('.current')).waitFor();
      await annotator.ready();
      await draw(left);
    }
    /** Paths of what was saved beside, with the classes in the middle of both strokes of labels. */
    const saved = (): Promise<Record<string, number[]>> =>
      page.evaluate(async () => {
        const found: Record<string, number[]> = {};
        const walk = async (at: FileSystemDirectoryHandle, path: string): Promise<void> => {
          for await (const inner of at.values()) {
            const own = `${path}/${inner.name}`;
            if (inner.kind === 'directory') await walk(inner, own);
            else found[own] = [...new Uint8Array(await (await inner.getFile()).arrayBuffer())];
          }
        };
        const root = await navigator.storage.getDirectory();
        for (const name of ['A', 'B']) {
          const beside = await (await root.getDirectoryHandle(name)).getDirectoryHandle('samus-export');
          await walk(beside, name);
        }
        return found;
      });
    const saveBeside = async (scope: string, message: RegExp): Promise<void> => {
      await annotator.press('Control+s');
      const dialog = page.getByRole('dialog', { name: 'Export' });
      await dialog.getByRole('radio', { name: scope }).check();
      await dialog.getByRole('button', { name: 'Writes to a new folder' }).click();
      await annotator.message(message);
    };
    await saveBeside('All 2 images', /2 images written to A\/samus-export\/.+ and B\/samus-export/);
    const first = await saved();
    const labels = Object.keys(first).filter((path) => path.includes('/label/'));
    expect(labels.map((path) => path.replace(/20.*_[\d-]+/, 'DATE'))).toEqual([
      'A/DATE/My-Annotations/label/IM0001.png',
      'B/DATE/My-Annotations/label/IM0001.png',
    ]);
    for (const [i, path] of labels.entries()) {
      const { classes } = decodeClassPng(Uint8Array.from(first[path]!));
      expect([60, 180].map((x) => classes[100 * 256 + x])).toEqual(i === 0 ? [1, 0] : [0, 1]);
    }

    // After a reload the folder is still known, and its images are not listed twice.
    await page.getByText('Saved in this browser').waitFor();
    await page.reload();
    await annotator.objects(/drawn/);
    await saveBeside('This image', /1 image written to B\/samus-export/);
    const second = await saved();
    for (const [path, bytes] of Object.entries(first)) expect(second[path]).toEqual(bytes);
    expect(Object.keys(second).length).toBeGreaterThan(Object.keys(first).length);
    await page
      .getByRole('button', { name: /^(Open a folder|Folder)/ })
      .first()
      .click();
    await annotator.message(/This image is already in the list/);
    expect(await rows.count()).toBe(2);

    // Corrections find the image that they were made on, also where it has another place in the list.
    const exports = [await annotator.export(/every prompt/), await annotator.export(/run lengths/)];
    expect(JSON.parse(String(exports[0]!.bytes)).images.map(({ image }: { image: string }) => image)).toEqual([
      'A/IM0001.png',
      'B/IM0001.png',
    ]);
    page.on('dialog', (dialog) => void dialog.accept());
    for (const { name, bytes } of exports) {
      await page.getByRole('button', { name: 'Delete everything stored' }).click();
      await annotator.message(/were deleted from this browser/);
      const [a, b] = patients.map(({ bytes: own }) => ({
        name: 'IM0001.png',
        mimeType: 'image/png',
        buffer: Buffer.from(own),
      }));
      await annotator.openImages(b!);
      await annotator.ready();
      const json = { name, mimeType: 'application/json', buffer: bytes };
      const only = JSON.parse(String(bytes));
      only.images = only.images.slice(0, 1);
      await annotator.choose('Open masks', [{ ...json, buffer: Buffer.from(JSON.stringify(only)) }]);
      await annotator.message(/belong to another file of the same name/);
      await annotator.openImages(a!);
      await expect.poll(() => rows.count()).toBe(2);
      await annotator.ready();
      await annotator.choose('Open masks', [json]);
      await annotator.message(/2 objects opened on 2 images/);
      const again = unzipSync((await annotator.export(/Masks as PNG/)).bytes);
      expect(Object.keys(again)).toEqual(['IM0001.object-1.png', 'IM0001-2.object-1.png']);
      const inside = Object.values(again).map((png) => {
        const { classes } = decodeClassPng(png);
        return [60, 180].map((x) => classes[100 * 256 + x]);
      });
      // The first in the list is now that of B.
      expect(inside).toEqual([
        [0, 255],
        [255, 0],
      ]);
    }
    expect(annotator.failures).toEqual([]);
  });

  it('opens its own masks and its own training set again by name', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    page.on('dialog', (dialog) => void dialog.accept());
    const { file } = phantoms[5]!;
    await annotator.openImages(file, { ...phantoms[6]!.file, name: 'phantom-6.b.png' });
    await annotator.ready();
    await page.getByLabel('Name of class 1').fill('cyst');
    await annotator.press('Tab');
    await page.locator('canvas.over').focus();
    for (const y of [60, 180]) {
      await annotator.press('d');
      await annotator.drag([60, y], [120, y]);
      await annotator.objects(/drawn/);
      await annotator.press('c');
    }
    const masks = await annotator.export(/Masks as PNG/);
    const set = await annotator.export(/US30K/);
    const reset = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Delete everything stored' }).click();
      await annotator.message(/were deleted from this browser/);
    };
    const zip = (name: string, buffer: Buffer) => ({ name, mimeType: 'application/zip', buffer });

    await reset();
    await annotator.openImages(file, { ...phantoms[6]!.file, name: 'phantom-6.b.png' }, zip(masks.name, masks.bytes));
    await annotator.message(/2 objects opened on 1 image/);
    // Named like a mask, and a picture all the same.
    expect(await page.locator('.left .files li').count()).toBe(2);

    await reset();
    await annotator.openImages(zip(set.name, set.bytes));
    await annotator.message(/1 object opened on 1 image/);
    await expect
      .poll(() =>
        page.getByLabel(/^Name of class/).evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value)),
      )
      .toEqual(['cyst']);
    // Once more over what was corrected.
    await annotator.ready();
    await page.getByRole('button', { name: 'Select object-1' }).click();
    const before = await annotator.area();
    await annotator.press('e');
    // From both parts, of which the largest is measured.
    for (const y of [60, 180]) await annotator.drag([60, y], [80, y]);
    const corrected = await annotator.areaOtherThan(before);
    await annotator.openImages(zip(set.name, set.bytes));
    await annotator.message(/No new objects were opened/);
    await annotator.ready();
    expect(await annotator.objectCount()).toBe(1);
    await expect.poll(() => annotator.area()).toBe(corrected);
    expect(annotator.failures).toEqual([]);
  });

  it('lists DICOM files without endings, and answers a folder of clips as it answers one of them', async () => {
    await fresh.context.addInitScript(() => Reflect.deleteProperty(window, 'showDirectoryPicker'));
    const annotator = await Annotator.open(fresh.context, server.url);
    const disc = mkdtempSync(join(tmpdir(), 'samus-disc-'));
    mkdirSync(join(disc, 'DICOM'));
    writeFileSync(join(disc, 'README'), 'a disc');
    const dicom = new Uint8Array(400);
    dicom.set(new TextEncoder().encode('DICM'), 128);
    for (const name of ['IM_0001', 'IM_0002']) writeFileSync(join(disc, 'DICOM', name), dicom);
    await annotator.choose('Open a folder', disc);
    await annotator.refusal(/This DICOM file contains no image/);
    rmSync(join(disc, 'DICOM'), { recursive: true });
    writeFileSync(join(disc, 'sweep.mp4'), Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'));
    await annotator.choose('Open a folder', disc);
    await annotator.message(/This is a video clip/);
    rmSync(join(disc, 'sweep.mp4'));
    await annotator.choose('Open a folder', disc);
    await annotator.message(/No image found/);
    rmSync(disc, { recursive: true });
  });
});
