/**
 * Files dropped on the page by a drag from outside, as Chromium makes it of files and folders on the disk.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import { encodeRle } from '../../src/formats/rle.js';
import { fixtureBytes } from '../support/imageFixtures.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('dropping files on the annotator', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const disk = mkdtempSync(join(tmpdir(), 'samus-drop-'));
  let annotator: Annotator;

  afterAll(() => rmSync(disk, { recursive: true, force: true }));

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
  });

  /** @returns its path on the disk */
  function put(name: string, bytes: Uint8Array): string {
    const path = join(disk, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return path;
  }

  async function drop(...files: string[]): Promise<void> {
    const { page } = annotator;
    const session = await page.context().newCDPSession(page);
    const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
      session.send('Input.dispatchDragEvent', {
        type,
        x: 500,
        y: 400,
        data: { items: [], files, dragOperationsMask: 1 },
      });
    await drag('dragEnter');
    await drag('dragOver');
    const zone = page.getByText('Drop to open');
    await zone.waitFor();
    await drag('drop');
    await zone.waitFor({ state: 'detached' });
    await session.detach();
  }

  const names = (): Promise<string[]> => annotator.page.locator('.left .files li .entry-name').allTextContents();

  it('opens an image, a folder with masks beside the images, and a zip archive', async () => {
    await drop(put('phantom-1.png', phantomFile(1).file.buffer));
    await annotator.page.locator('canvas.over[aria-label*="phantom-1.png"]').waitFor();
    expect(await names()).toEqual(['phantom-1.png']);

    const [second, tenth] = [phantomFile(2), phantomFile(10)];
    put('study/images/phantom-10.png', tenth.file.buffer);
    put('study/images/phantom-2.png', second.file.buffer);
    put('study/label/phantom-2.png', second.label.buffer);
    put('study/notes.txt', new TextEncoder().encode('no image'));
    await drop(join(disk, 'study'));
    await annotator.message(/1 object opened on 1 image/);
    expect(await names()).toEqual(['phantom-1.png', 'phantom-2.png', 'phantom-10.png']);
    await annotator.page.locator('canvas.over[aria-label*="phantom-2.png"]').waitFor();
    await annotator.page.getByRole('button', { name: /^Select object-1: finished · from a file$/ }).click();
    expect(await annotator.area()).toBe(second.masks[0]!.reduce((sum, value) => sum + value, 0));

    const archive = { 'more/phantom-4.png': phantomFile(4).file.buffer, 'more/readme.md': new Uint8Array(3) };
    await drop(put('more.zip', zipSync(archive)));
    await annotator.page.locator('canvas.over[aria-label*="phantom-4.png"]').waitFor();
    expect(await names()).toEqual(['phantom-1.png', 'phantom-2.png', 'phantom-10.png', 'phantom-4.png']);
    expect(annotator.failures).toEqual([]);
  });

  it('answers a DICOM file, clips and what holds no image with a sentence', async () => {
    const dicom = new Uint8Array(400);
    dicom.set(new TextEncoder().encode('DICM'), 128);
    await drop(put('scan.dcm', dicom));
    await annotator.refusal(/This DICOM file contains no image/);
    const film = Uint8Array.from([0, 0, 0, 24, ...new TextEncoder().encode('ftypisom'), ...new Uint8Array(100)]);
    await drop(put('heart.mp4', film));
    await annotator.refusal(/This is a video clip/);
    await drop(put('heart.webp', fixtureBytes('moving.webp')));
    await annotator.page.locator('.frame-position', { hasText: '1 / 2' }).waitFor();
    mkdirSync(join(disk, 'empty'), { recursive: true });
    await drop(join(disk, 'empty'));
    await annotator.message(/No image found/);
    expect(await annotator.page.getByText('cannot be opened', { exact: true }).count()).toBe(2);
    expect(annotator.failures).toEqual([]);
  });

  it('opens the masks of the frames of a file', async () => {
    await drop(put('clip.gif', fixtureBytes('frames.gif')));
    const position = annotator.page.locator('.frame-position');
    await position.filter({ hasText: /^1 \/ \d/ }).waitFor();
    const [width, height] = [fixtureBytes('frames.gif')[6]!, fixtureBytes('frames.gif')[8]!];
    const rle = encodeRle({ width, height, data: new Uint8Array(width * height).fill(1, 0, 40) });
    // What `samus segment --frames 1-2 --json` prints.
    const saved = [1, 2, 99].map((frame) => ({
      image: 'clip.gif',
      frame,
      width,
      height,
      objects: [{ name: 'wall', rle }],
    }));
    const file = (name: string, images: unknown) =>
      put(name, new TextEncoder().encode(JSON.stringify({ version: 1, images })));
    await drop(file('second.json', saved.slice(1, 2)));
    await annotator.message(/1 object opened on 1 image/);
    // It is on the second frame, and known on the first.
    await annotator.page.getByRole('button', { name: 'Select wall: not on this frame' }).waitFor();
    await annotator.press('Control+ArrowRight');
    await annotator.page.getByRole('button', { name: /^Select wall: finished/ }).waitFor();
    await drop(file('all.json', saved));
    await annotator.message(/1 object opened on 1 image.*belong to frame 99; the image has \d/);
    await annotator.press('Control+ArrowLeft');
    await position.filter({ hasText: /^1 \/ \d/ }).waitFor();
    await annotator.page.getByRole('button', { name: /^Select wall: finished/ }).waitFor();
    expect(annotator.failures).toEqual([]);
  });
});
