/**
 * Annotations that are downloaded as an archive, unpacked, and used from the command line: checked, split, described.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { us30kArchive } from '../../src/data/us30kArchive.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const IMAGES = 20;
const [WIDTH, HEIGHT] = [64, 48];

let folder = '';

beforeAll(async () => {
  folder = newFolder();
  const images = await Promise.all(
    Array.from({ length: IMAGES }, async (_, i) => {
      const phantom = makePhantom({ seed: i, width: WIDTH, height: HEIGHT });
      const classes = new Uint8Array(WIDTH * HEIGHT);
      for (const [o, { mask }] of phantom.objects.entries()) {
        for (const [at, inside] of mask.entries()) if (inside) classes[at] = 1 + (o % 2);
      }
      return {
        name: `scan ${i}`,
        png: await encodePng(phantom.image),
        width: WIDTH,
        height: HEIGHT,
        classes,
        spacingMm: [0.2, 0.2] as const,
        source: `ward/scan ${i}.jpg`,
      };
    }),
  );
  const classes = [
    { name: 'lesion', color: '#e4572e' },
    { name: 'vessel', color: '#17bebb' },
  ];
  const archive = us30kArchive({ dataset: 'Breast-Own', classes, images });
  for (const [path, bytes] of Object.entries(unzipSync(archive))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
});

afterAll(() => removeFolder(folder));

describe('an archive of annotated images', () => {
  it('is accepted by samus data check', async () => {
    const { code, stdout } = await samus(folder, 'data', 'check', '.', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      datasets: [{ dataset: 'Breast-Own', images: IMAGES, labels: IMAGES }],
      lists: [{ list: 'all-Breast-Own' }],
      errors: 0,
    });
    expect(code).toBe(0);
  });

  it('can be split and described', async () => {
    expect((await samus(folder, 'data', 'split', '.', '--seed', '1', '--json')).code).toBe(0);
    const { code, stdout } = await samus(folder, 'data', 'table', '.', '--json');
    expect(code).toBe(0);
    expect(stdout).toContain('Breast-Own');
  });
});
