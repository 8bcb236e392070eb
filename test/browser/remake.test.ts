/**
 * Journeys from clicks to masks made again: what the page exports as JSON, given to `samus segment --prompts`, comes to
 * the masks that the page shows, and opened in the page to the same work.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { decodeClassPng } from '../../src/formats/classPng.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { newFolder, removeFolder, samus } from '../e2e/samusProcess.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

vi.setConfig({ testTimeout: 600_000 });

/** Of the pixels of an image: providers round differently. */
const MOST_DIFFERING = 0.001;

describeInChromium('masks made again from the JSON', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const { file, clicks } = phantomFile(1);
  let folder = '';
  let annotator: Annotator;

  beforeEach(async () => {
    folder = newFolder();
    await writeFile(join(folder, file.name), file.buffer);
  });

  afterEach(() => {
    removeFolder(folder);
    expect(annotator.failures).toEqual([]);
  });

  async function threeMasks(wanted: boolean): Promise<void> {
    await annotator.page.getByLabel('Suggest 3 masks on first click').setChecked(wanted);
    await annotator.page.locator('canvas.over').focus();
  }

  async function name(text: string): Promise<void> {
    await annotator.page.getByLabel('Name', { exact: true }).fill(text);
    await annotator.press('Enter');
    await annotator.page.locator('canvas.over').focus();
  }

  /** Clicks and waits for the answer. */
  async function clickAnswered(count: number, pixel: readonly [number, number], button?: 'right'): Promise<void> {
    await annotator.click(pixel, button);
    const row = annotator.page.locator('.right .objects li.current');
    await row.filter({ hasText: new RegExp(`Score.*${count} click`) }).waitFor();
  }

  it('have at most 0.1 % other pixels than those of the page, whatever a person did', async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
    const [x, y] = clicks[0]!;

    await clickAnswered(1, [x, y]);
    await name('lesion');
    await annotator.press('c');

    await threeMasks(true);
    await clickAnswered(1, [x, y]);
    await name('lesion');
    await annotator.press('c');

    // The setting of the first click holds, whatever it is at the next.
    await clickAnswered(1, [x + 3, y - 4]);
    await threeMasks(false);
    await clickAnswered(2, [x + 14, y + 9], 'right');
    await clickAnswered(3, [x - 10, y + 2]);
    await name('Lesion');
    await annotator.press('c');

    await annotator.press('b');
    await annotator.drag([x - 40, y - 30], [x + 35, y + 25]);
    await annotator.objects(/object-4.*Score/);
    await annotator.press('v');
    await clickAnswered(1, [x + 6, y + 3]);
    await clickAnswered(2, [x - 30, y - 20], 'right');
    await name('cyst (left) 1/2');
    await annotator.press('c');

    await clickAnswered(1, clicks.at(-1)!);
    await annotator.press('d');
    await annotator.drag([60, 60], [100, 70]);
    await annotator.press('e');
    await annotator.drag([80, 40], [80, 90]);
    await annotator.press('v');
    await clickAnswered(2, [clicks.at(-1)![0] + 5, clicks.at(-1)![1]]);
    await annotator.press('c');

    await annotator.press('d');
    await annotator.drag([150, 200], [200, 210]);
    await annotator.press('e');
    await annotator.drag([170, 190], [170, 230]);
    await name('drawn');
    await annotator.press('c', 'v');

    await clickAnswered(1, [200, 40]);
    await annotator.press('Backspace');
    await expect.poll(() => annotator.objectCount()).toBe(7);

    const json = await annotator.export(/every prompt/);
    const archive = unzipSync((await annotator.export(/Masks as PNG/)).bytes);
    const shown = Object.keys(archive).sort();
    expect(shown).toEqual(
      [
        'phantom-1.lesion.png',
        'phantom-1.lesion-2.png',
        'phantom-1.Lesion-3.png',
        'phantom-1.cyst (left) 1_2.png',
        'phantom-1.object-5.png',
        'phantom-1.drawn.png',
      ].sort(),
    );
    const objects = JSON.parse(json.bytes.toString()).images[0].objects;
    expect(objects.map(({ prompt }: { prompt: { multimask?: boolean } }) => prompt.multimask)).toEqual([
      ...[false, true, true, false, false],
      ...[undefined, false],
    ]);

    await writeFile(join(folder, json.name), json.bytes);
    const { code, stdout, stderr } = await samus(folder, 'segment', '--prompts', json.name, '--json');
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: annotations\.json: object-7 .* skipped: it has neither prompts nor strokes/);
    expect(stderr).not.toContain('may give other masks');
    await compare(archive, 'out');

    // What it printed serves as well as what it was given.
    await writeFile(join(folder, 'printed.json'), stdout);
    await mkdir(join(folder, 'second'));
    expect((await samus(folder, 'segment', '--prompts', 'printed.json', '--out', 'second')).code).toBe(0);
    await compare(archive, 'second');

    const other = await Annotator.open(await chromium.browser.newContext(), server.url);
    await other.openImages(file);
    await other.ready();
    await other.choose('Open masks', [{ name: json.name, mimeType: 'application/json', buffer: json.bytes }]);
    await other.message(/7 objects opened on 1 image/);
    const again = JSON.parse((await other.export(/every prompt/)).bytes.toString());
    expect(again.images).toEqual(JSON.parse(json.bytes.toString()).images);
    expect(other.failures).toEqual([]);
    await other.page.context().close();
  });

  async function compare(archive: Record<string, Uint8Array>, out: string): Promise<void> {
    for (const [path, png] of Object.entries(archive)) {
      const { classes } = decodeClassPng(png);
      const { data } = await readImage(join(folder, out, path));
      const differing = classes.filter((value, i) => value !== data[i]).length;
      expect(classes.includes(255), path).toBe(true);
      expect(differing / classes.length, path).toBeLessThanOrEqual(MOST_DIFFERING);
    }
  }

  it('follow from clicks exported before any answer', async () => {
    await fresh.context.route(/safetensors/, (route) => route.abort());
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(file);
    await annotator.page.locator('.engine-state.failed').waitFor();
    await annotator.click(clicks[0]!);
    await expect.poll(() => annotator.objectCount()).toBe(1);
    const json = await annotator.export(/every prompt/);
    await writeFile(join(folder, json.name), json.bytes);
    const { code, stdout } = await samus(folder, 'segment', '--prompts', json.name, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).images[0].objects[0].area).toBeGreaterThan(0);
  });
});
