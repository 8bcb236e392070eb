import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createImage, maskToImage } from './image.js';
import { readImage } from './imageFile.node.js';
import { encodePng, writePng } from './imageWrite.node.js';

// Real files throughout; the spy lets one test fill the disk.
vi.mock('node:fs/promises', { spy: true });

describe('writePng', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'samus-png-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('writes what readImage reads back: grey, RGB, masks, class indices', async () => {
    const images = [
      createImage(
        5,
        4,
        1,
        Uint8Array.from({ length: 20 }, (_, i) => i * 13),
      ),
      createImage(
        3,
        2,
        3,
        Uint8Array.from({ length: 18 }, (_, i) => i * 14),
      ),
      createImage(2, 1, 3, Uint8Array.of(7, 7, 7, 9, 9, 9)),
      maskToImage({ width: 2, height: 2, data: Uint8Array.of(0, 1, 1, 0) }),
      createImage(4, 1, 1, Uint8Array.of(0, 1, 2, 3)),
      createImage(1, 1, 1, Uint8Array.of(0)),
    ];
    for (const image of images) {
      const path = join(folder, 'out.png');
      await writePng(path, image);
      const back = await readImage(path);
      expect({ ...back, data: [...back.data] }).toEqual({ ...image, data: [...image.data] });
      const header = await readFile(path);
      expect([header[24], header[25]]).toEqual([8, image.channels === 1 ? 0 : 2]);
    }
    expect(await readdir(folder)).toEqual(['out.png']);
  });

  it('gives the same bytes for the same image', async () => {
    const image = maskToImage({ width: 30, height: 30, data: Uint8Array.from({ length: 900 }, (_, i) => i % 7) });
    expect(await encodePng(image)).toEqual(await encodePng(image));
  });

  it('says why a place cannot be written, and leaves nothing there', async () => {
    const image = createImage(1, 1, 1, Uint8Array.of(1));
    const refused = expect.objectContaining({ kind: 'input', code: 'FILE_UNWRITABLE' });
    await expect(writePng(join(folder, 'none', 'a.png'), image)).rejects.toThrow(refused);
    await writePng(join(folder, 'a.png'), image);
    await expect(writePng(join(folder, 'a.png', 'b.png'), image)).rejects.toThrow(refused);
    await expect(writePng(folder, image)).rejects.toThrow(refused);
    expect(await readdir(folder)).toEqual(['a.png']);
  });

  it('distinguishes a full disk from a wrong path', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' });
    vi.mocked(writeFile).mockRejectedValueOnce(full);
    const refused = expect.objectContaining({ kind: 'machine', code: 'DISK_FULL' });
    await expect(writePng(join(folder, 'a.png'), createImage(1, 1, 1, Uint8Array.of(1)))).rejects.toThrow(refused);
    expect(await readdir(folder)).toEqual([]);
  });
});
