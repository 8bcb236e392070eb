/**
 * The annotator as a person has it, for journeys: the real page from the real server, worked by pointer and keys, seen
 * by what it shows.
 */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { makePhantom, type PhantomKind } from '../../../src/data/phantom.js';
import { encodeClassPng } from '../../../src/formats/classPng.js';
import { toGrey } from '../../../src/formats/image.js';
import { fitted, toCanvas } from '../../../src/web/canvas/viewport.js';
import { encodePicture } from '../../../src/web/open/pngPicture.js';

/** A file as a chooser gives it. */
export interface GivenFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

const SIDE = 256;

/** A phantom as a file, with a click on each of its objects, and the mask of the first as a label image. */
export function phantomFile(seed: number, width = SIDE, height = SIDE, kind?: PhantomKind) {
  const { image, objects } = makePhantom({ seed, width, height, ...(kind && { kind }) });
  const masks = objects.map(({ mask }) => mask);
  return {
    file: pngFile(`phantom-${seed}.png`, encodePicture(image)),
    label: pngFile(`phantom-${seed}_mask.png`, encodeClassPng(masks[0]!, width, height)),
    clicks: objects.map(({ click }) => click),
    masks,
  };
}

/** A clip whose frames are phantoms of these seeds, without loss, with a click on the first object of each. */
export async function clipFile(name: string, seeds: readonly number[], delayMs = 80) {
  const frames = seeds.map((seed) => makePhantom({ seed, width: SIDE, height: SIDE }));
  const pixels = Buffer.concat(frames.map(({ image }) => toGrey(image).data));
  const raw = { width: SIDE, height: SIDE * seeds.length, channels: 1, pageHeight: SIDE } as const;
  const buffer = await sharp(pixels, { raw })
    .webp({ lossless: true, delay: seeds.map(() => delayMs) })
    .toBuffer();
  return { file: { name, mimeType: 'image/webp', buffer }, clicks: frames.map(({ objects }) => objects[0]!.click) };
}

function pngFile(name: string, bytes: Uint8Array): GivenFile {
  return { name, mimeType: 'image/png', buffer: Buffer.from(bytes) };
}

/** A busy machine takes its time; a journey that hangs still ends within the limit of its test. */
const PATIENCE_MS = 90_000;

export class Annotator {
  readonly page: Page;
  /** What went wrong in the page and was not expected. */
  readonly failures: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    // From now on, and not only once a test waits for one, choosers are the test's and not the system's.
    page.on('filechooser', () => undefined);
    page.on('pageerror', (error) => this.failures.push(error.message));
  }

  static async open(context: BrowserContext, url: string): Promise<Annotator> {
    context.setDefaultTimeout(PATIENCE_MS);
    const annotator = new Annotator(await context.newPage());
    await annotator.page.goto(url);
    // By then the page listens to keys.
    await annotator.page.locator('.engine-state:not(.none)').waitFor();
    return annotator;
  }

  /** Opens files through the button. */
  async choose(button: string, files: readonly GivenFile[] | string): Promise<void> {
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: button }).first().click();
    await (await chooser).setFiles(typeof files === 'string' ? files : [...files]);
  }

  async openImages(...files: readonly GivenFile[]): Promise<void> {
    await this.choose('Open images', files);
  }

  /** Waits until clicks are answered. */
  async ready(): Promise<void> {
    await this.page.locator('.engine-state.ready', { hasText: 'Ready' }).waitFor();
  }

  /** Where the middle of a pixel lies on the screen, while the whole image is shown. */
  async place([x, y]: readonly [number, number], width = SIDE, height = SIDE): Promise<[number, number]> {
    const box = (await this.page.locator('canvas.over').boundingBox())!;
    const view = fitted({ width, height }, box);
    const [left, top] = toCanvas(view, [x + 0.5, y + 0.5]);
    return [box.x + left, box.y + top];
  }

  async click(pixel: readonly [number, number], button: 'left' | 'right' = 'left'): Promise<void> {
    await this.page.mouse.click(...(await this.place(pixel)), { button });
  }

  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    await this.page.mouse.move(...(await this.place(from)));
    await this.page.mouse.down();
    await this.page.mouse.move(...(await this.place(to)), { steps: 6 });
    await this.page.mouse.up();
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** What the list of objects says, once it says what is expected. */
  async objects(expected: RegExp): Promise<string[]> {
    const rows = this.page.locator('.right .objects li .entry-text');
    await rows.filter({ hasText: expected }).first().waitFor();
    return rows.allTextContents();
  }

  /** Waits until a frame of the open clip is shown. */
  async frame(number: number): Promise<void> {
    await this.page.locator('.frame-position', { hasText: new RegExp(`^${number} / `) }).waitFor();
    await this.ready();
  }

  objectCount(): Promise<number> {
    return this.page.locator('.right .objects li').count();
  }

  /** Pixels of the active object, of its largest part if there are several. */
  async area(): Promise<number> {
    const cell = this.page.locator('.right .measure td', { hasText: /^\d/ }).first();
    return Number.parseFloat((await cell.textContent())!);
  }

  /** Waits until the area of the active object is another than before. */
  async areaOtherThan(before: number): Promise<number> {
    await this.page.waitForFunction((old) => {
      const text = document.querySelector('.right .measure td')?.textContent;
      return text != null && /^\d/.test(text) && Number.parseFloat(text) !== old;
    }, before);
    return this.area();
  }

  async message(text: RegExp): Promise<string> {
    const line = this.page.locator('.message', { hasText: text });
    await line.waitFor();
    return (await line.textContent())!;
  }

  /** Waits for what stands in place of an image that cannot be opened. */
  async refusal(text: RegExp): Promise<void> {
    await this.page.locator('.canvas-state[role=alert]', { hasText: text }).waitFor();
  }

  /** Exports in a format of the dialog. @returns name and bytes of the download */
  async export(format: string | RegExp): Promise<{ readonly name: string; readonly bytes: Buffer }> {
    await this.press('Control+s');
    const dialog = this.page.getByRole('dialog', { name: 'Export' });
    await dialog.getByRole('radio', { name: format }).check();
    const begun = this.page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Download' }).click();
    const download = await begun;
    const path = join(await mkdtemp(join(tmpdir(), 'samus-export-')), 'file');
    await download.saveAs(path);
    await dialog.waitFor({ state: 'detached' });
    return { name: download.suggestedFilename(), bytes: await readFile(path) };
  }
}
