/**
 * Small data set folders in the published layout, made for one test.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createImage, type Image } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';

export class DataFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'samus-data-'));

  /** Writes a text file, its folder too. */
  text(path: string, text: string): this {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return this;
  }

  list(name: string, ...lines: readonly string[]): this {
    return this.text(`MainPatient/${name}.txt`, lines.map((line) => `${line}\n`).join(''));
  }

  classes(counts: Readonly<Record<string, number>>): this {
    return this.text('MainPatient/class.json', JSON.stringify(counts));
  }

  /** Writes a picture without its ending. */
  async picture(path: string, image: Image): Promise<this> {
    const file = join(this.root, `${path}.png`);
    mkdirSync(dirname(file), { recursive: true });
    await writePng(file, image);
    return this;
  }

  /** Writes an image and its label. */
  async pair(dataset: string, name: string, image: Image, label: Image): Promise<this> {
    await this.picture(`${dataset}/img/${name}`, image);
    return this.picture(`${dataset}/label/${name}`, label);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** A grey image of these values, row by row. */
export function grey(width: number, values: ArrayLike<number>): Image & { readonly channels: 1 } {
  const { height, data } = createImage(width, values.length / width, 1, Uint8Array.from(values));
  return { width, height, channels: 1, data };
}

/** A grey image that no other seed gives. */
export function texture(width: number, height: number, seed: number): Image & { readonly channels: 1 } {
  const at = (i: number): number => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (
      128 + 60 * Math.sin((x * (1 + (seed % 5))) / 7 + seed) + 60 * Math.cos((y * (1 + (seed % 3))) / 9 - 2 * seed)
    );
  };
  return grey(
    width,
    Uint8Array.from({ length: width * height }, (_, i) => at(i)),
  );
}
