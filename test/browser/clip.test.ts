/**
 * Journeys through a clip in a real Chromium: a file with frames is one entry, its work is kept for each frame.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { unzipSync } from 'fflate';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { decodeClassPng } from '../../src/formats/classPng.js';
import { Annotator, clipFile, type GivenFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

vi.setConfig({ testTimeout: 300_000 });

const FRAMES = 12;

describeInChromium('a clip', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  let annotator: Annotator;
  let clip: Awaited<ReturnType<typeof clipFile>>;

  beforeAll(async () => {
    clip = await clipFile(
      'clip.webp',
      Array.from({ length: FRAMES }, (_, i) => i + 1),
    );
  });

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(clip.file);
    await annotator.frame(1);
  });

  afterEach(() => expect(annotator.failures).toEqual([]));

  const slider = () => annotator.page.getByRole('slider', { name: 'Frame' });
  const objectRows = () => annotator.page.locator('.right .objects li:not(.elsewhere)');

  /** Clicks the object of the frame that is shown, and waits for its mask. */
  async function segment(frame: number): Promise<number> {
    await annotator.click(clip.clicks[frame - 1]!);
    await annotator.objects(/Score/);
    return annotator.area();
  }

  it('is stepped through by keys, buttons and slider, and played in its own time', async () => {
    const { page } = annotator;
    expect(await slider().getAttribute('max')).toBe(String(FRAMES));
    expect(await slider().getAttribute('aria-valuetext')).toBe('Frame 1 of 12');
    await annotator.press('Control+ArrowRight');
    await annotator.frame(2);
    await annotator.press('Control+Shift+ArrowRight');
    await annotator.frame(12);
    await annotator.press('Control+ArrowRight');
    await annotator.message(/This is the last frame/);
    await annotator.press('Control+ArrowLeft');
    await annotator.frame(11);
    await annotator.press('Home');
    await annotator.frame(1);
    await annotator.press('End');
    await annotator.frame(12);
    await page.getByRole('button', { name: 'Previous frame' }).click();
    await annotator.frame(11);
    await slider().fill('5');
    await annotator.frame(5);
    expect(await page.locator('.frame-position').textContent()).toBe('5 / 12 0.32 s');

    // The slider has the focus and leaves Space alone.
    await annotator.press('Space');
    const passed = new Set<string>();
    while (passed.size < 3) {
      const before = await slider().inputValue();
      passed.add(before);
      await page.waitForFunction(
        (value) => document.querySelector<HTMLInputElement>('.track input')?.value !== value,
        before,
      );
    }
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    await annotator.press('Space');
    await page.getByRole('button', { name: 'Play' }).waitFor();
    await annotator.ready();
    // A button does not keep the key after a click.
    await slider().fill('5');
    await page.getByRole('button', { name: 'Next frame' }).click();
    await annotator.frame(6);
    await annotator.press('Space');
    await page.getByRole('button', { name: 'Pause' }).click();
    await annotator.press('Space', 'Space');
    await page.getByRole('button', { name: 'Play' }).waitFor();
    await annotator.ready();

    // Space held while something is dragged moves the image and does not play.
    await page.keyboard.down('Space');
    await annotator.drag([100, 100], [120, 120]);
    await page.keyboard.up('Space');
    expect(await page.getByRole('button', { name: 'Play' }).count()).toBe(1);

    for (const viewport of [page.viewportSize()!, { width: 360, height: 740 }]) {
      await page.setViewportSize(viewport);
      const { violations } = await new AxeBuilder({ page }).include('.timeline').analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
      const box = (await page.locator('.timeline').boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(viewport.width);
      expect((await slider().boundingBox())!.width).toBeGreaterThan(200);
    }
  });

  it('is stepped and played past a damaged frame', async () => {
    const path = fileURLToPath(new URL('../fixtures/dicom/jpeg-extended-offsets.dcm', import.meta.url));
    const buffer = readFileSync(path);
    const [, second = 0, third = 0] = [...buffer.toString('latin1').matchAll(/\xff\xd8\xff/g)].map(
      ({ index }) => index,
    );
    buffer.fill(0, second + 20, third - 8);
    await annotator.openImages({ name: 'damaged.dcm', mimeType: 'application/dicom', buffer });
    await annotator.page.locator('canvas.over[aria-label*="damaged.dcm"]').waitFor();
    await annotator.frame(1);
    await annotator.press('Control+ArrowRight');
    await annotator.frame(3);
    await annotator.message(/Frame 2 cannot be shown/);
    await annotator.press('Control+ArrowLeft');
    await annotator.frame(1);
    await annotator.page.getByRole('button', { name: 'Play' }).click();
    await annotator.frame(3);
    await annotator.frame(1);
    await annotator.page.getByRole('button', { name: 'Pause' }).click();
  });

  it('is opened at its first readable frame, with marks on damaged ones, and said to be cut off', async () => {
    const path = fileURLToPath(new URL('../fixtures/dicom/jpeg-extended-offsets.dcm', import.meta.url));
    const buffer = readFileSync(path);
    const [first = 0, second = 0] = [...buffer.toString('latin1').matchAll(/\xff\xd8\xff/g)].map(({ index }) => index);
    buffer.fill(0, first + 20, second - 8);
    const damaged = { name: 'damaged.dcm', mimeType: 'application/dicom', buffer };
    await annotator.openImages(damaged);
    await annotator.page.locator('canvas.over[aria-label*="damaged.dcm"]').waitFor();
    await annotator.frame(2);
    await annotator.message(/Damaged: frame 1\./);
    expect(await annotator.page.locator('.timeline .strip title').textContent()).toContain('Damaged: frame 1.');
    await annotator.openImages({ ...damaged, name: 'cut.dcm', buffer: readFileSync(path).subarray(0, -20) });
    await annotator.page.locator('canvas.over[aria-label*="cut.dcm"]').waitFor();
    await annotator.message(/The file is cut off: it has 2 of its 3 frames/);
    await annotator.page.locator('.facts').getByText('2 of 3, the file is cut off').waitFor();
  });

  it('keeps work and undo for each frame, over a reload, and opens again what it exports', async () => {
    const { page } = annotator;
    const first = await segment(1);
    await annotator.press('Control+ArrowRight');
    await annotator.frame(2);
    expect(await objectRows().count()).toBe(0);
    // The object of the first frame goes on here, under its name.
    const second = await segment(2);
    expect(await annotator.objects(/object-1/)).toHaveLength(1);
    await annotator.press('d');
    const [x, y] = clip.clicks[1]!;
    await annotator.drag([x, y], [x < 128 ? 230 : 26, y]);
    const drawn = await annotator.areaOtherThan(second);
    await annotator.press('Control+z');
    expect(await annotator.areaOtherThan(drawn)).toBe(second);
    await annotator.press('Control+ArrowLeft');
    await annotator.frame(1);
    expect(await annotator.area()).toBe(first);
    await annotator.press('Control+z');
    await expect.poll(() => objectRows().count()).toBe(0);
    await annotator.press('Control+Shift+Z');
    await annotator.objects(/Score/);
    // A name is that of the object on all frames.
    await page.getByLabel('Name', { exact: true }).fill('wall');
    await annotator.press('Enter');
    // The field has the focus and keeps its keys.
    await page.getByRole('button', { name: 'Next frame' }).click();
    await annotator.frame(2);
    await annotator.objects(/wall/);
    expect(await annotator.area()).toBe(second);
    await page.locator('.strip title', { hasText: '2 frames have masks' }).waitFor({ state: 'attached' });
    expect(await slider().getAttribute('aria-valuetext')).toBe('Frame 2 of 12, with masks');
    await page.locator('.entry-state', { hasText: '1 object on 2 frames' }).waitFor();
    await page.locator('.saving.saved').waitFor();

    await page.reload();
    await annotator.frame(2);
    await annotator.objects(/wall/);
    expect(await annotator.area()).toBe(second);

    const masks = unzipSync((await annotator.export(/Masks as PNG/)).bytes);
    expect(Object.keys(masks)).toEqual(['clip.0001.wall.png', 'clip.0002.wall.png']);
    const inside = (bytes: Uint8Array) => decodeClassPng(bytes).classes.filter((value) => value === 255).length;
    expect(Object.values(masks).map(inside)).toEqual([first, second]);
    const prompts = await annotator.export(/every prompt/);
    const { images } = JSON.parse(prompts.bytes.toString());
    expect(images.map((one: Record<string, unknown>) => [one.image, one.frame, one.frames])).toEqual([
      ['clip.webp', 1, FRAMES],
      ['clip.webp', 2, FRAMES],
    ]);
    const coco = await annotator.export(/run lengths/);
    const document = JSON.parse(coco.bytes.toString());
    expect(document.images.map((one: Record<string, unknown>) => [one.file_name, one.frame])).toEqual([
      ['clip.0001.png', 1],
      ['clip.0002.png', 2],
    ]);
    expect(Object.keys(unzipSync((await annotator.export(/NIfTI/)).bytes))).toEqual([
      'clip.0001.nii.gz',
      'clip.0002.nii.gz',
    ]);
    const set = unzipSync((await annotator.export(/US30K/)).bytes);
    expect(Object.keys(set).filter((path) => path.includes('/img/'))).toEqual([
      'My-Annotations/img/clip.0001.png',
      'My-Annotations/img/clip.0002.png',
    ]);
    const csv = Buffer.from(set['My-Annotations/images.csv']!).toString();
    expect(csv).toMatch(/^clip\.0002,clip,256,256,/m);

    // Each export opens again on a page that knows nothing of them.
    const files: GivenFile[] = Object.entries(masks).map(([name, bytes]) => ({
      ...{ name, mimeType: 'image/png', buffer: Buffer.from(bytes) },
    }));
    for (const given of [[json('annotations.json', prompts.bytes)], [json('coco.json', coco.bytes)], files]) {
      await forgetAll();
      await annotator.openImages(clip.file);
      await annotator.frame(1);
      expect(await objectRows().count()).toBe(0);
      await annotator.choose('Open masks', given);
      await annotator.message(/1 object opened on 1 image \(2 frames\)/);
      await annotator.objects(/wall/);
      const again = unzipSync((await annotator.export(/Masks as PNG/)).bytes);
      expect(again).toEqual(masks);
    }
  });

  it('carries prompts from frame to frame', async () => {
    const { page } = annotator;
    await segment(1);
    await page.getByLabel('Carry prompts to the next image').check();
    await annotator.press('Control+ArrowRight');
    await annotator.frame(2);
    await annotator.message(/1 object carried over from the previous frame/);
    await annotator.objects(/object-1/);
    expect(await objectRows().count()).toBe(1);
    await annotator.press('Control+ArrowRight');
    await annotator.frame(3);
    await annotator.objects(/object-1/);
    // Going back carries nothing, and neither does a frame that has objects.
    await annotator.press('Delete', 'Control+ArrowLeft');
    await annotator.frame(2);
    expect(await objectRows().count()).toBe(1);
  });

  const json = (name: string, buffer: Buffer): GivenFile => ({ name, mimeType: 'application/json', buffer });

  async function forgetAll(): Promise<void> {
    const { page } = annotator;
    page.once('dialog', (question) => void question.accept());
    await page.getByRole('button', { name: 'Delete everything stored' }).click();
    await annotator.message(/were deleted from this browser/);
  }
});
