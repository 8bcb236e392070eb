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
    await annotator.page.getByLabel('Carry prompts along').check();
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
    await annotator.message(/256x256 pixels were expected for phantom-4.png, 64x64 came/);
    await annotator.choose('Open masks', [{ name: file.name, mimeType: 'image/png', buffer: label }]);
    await annotator.message(/1 object opened on 1 image/);
    await annotator.page.getByRole('button', { name: 'Work on object-1' }).click();
    expect(await annotator.area()).toBe(pixels);
    expect(await annotator.page.getByRole('combobox', { name: 'Class' }).inputValue()).toBe('2');

    const coco = await annotator.export(/polygons/);
    const own = await annotator.export(/every prompt/);
    for (const { name, bytes } of [coco, own]) {
      await annotator.press('Delete');
      await expect.poll(() => annotator.objectCount()).toBe(0);
      await annotator.choose('Open masks', [{ name, mimeType: 'application/json', buffer: bytes }]);
      await annotator.page.getByRole('button', { name: 'Work on object-1' }).click();
      await expect.poll(() => annotator.area()).toBe(pixels);
    }
    // The mask is where the model goes on from.
    await annotator.page.locator('canvas.over').focus();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score.*1 click/);
    expect(annotator.failures).toEqual([]);
  });

  it('saves beside the images where the person allows it', async () => {
    await fresh.context.addInitScript(() => {
      window.showDirectoryPicker = () => navigator.storage.getDirectory();
    });
    const annotator = await Annotator.open(fresh.context, server.url);
    const { file, clicks } = phantoms[3]!;
    await annotator.page.evaluate(
      async ({ name, bytes }) => {
        const handle = await (await navigator.storage.getDirectory()).getFileHandle(name, { create: true });
        const writable = await handle.createWritable();
        await writable.write(Uint8Array.from(bytes));
        await writable.close();
      },
      { name: file.name, bytes: [...file.buffer] },
    );
    await annotator.page.getByRole('button', { name: 'Open a folder' }).first().click();
    await annotator.ready();
    await annotator.press('d');
    await annotator.click(clicks[0]!);
    await annotator.objects(/drawn/);
    await annotator.press('Control+s');
    await annotator.page.getByRole('button', { name: 'Writes into a folder' }).click();
    await annotator.message(/1 image written to samus-export/);
    const saved = await annotator.page.evaluate(async (name) => {
      let at = await navigator.storage.getDirectory();
      for (const inner of ['samus-export', 'My-Annotations', 'label']) at = await at.getDirectoryHandle(inner);
      const label = await (await at.getFileHandle(name)).getFile();
      return [...new Uint8Array(await label.arrayBuffer())];
    }, file.name);
    expect(decodeClassPng(Uint8Array.from(saved)).classes.includes(1)).toBe(true);
  });
});
