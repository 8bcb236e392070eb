/**
 * `samus segment --classes`: networks that take no prompts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const network = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/networks/${name}.safetensors`, import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = newFolder();
  await samus(folder, 'phantom', '.', '--seed', '2');
});
afterAll(() => removeFolder(folder));

const segment = async (...args: readonly string[]) => {
  const { code, stdout } = await samus(folder, 'segment', 'phantom-2.png', ...args, '--json');
  return { code, document: JSON.parse(stdout) };
};

describe('segment --classes', () => {
  it.each(['unet-tiny', 'unet-bilinear-tiny'])('gives an object for each class that %s finds', async (name) => {
    const { code, document } = await segment('--classes', '--model', network(name), '--format', 'png,overlay');
    expect(code).toBe(0);
    const [{ objects, overlay }] = document.images;
    expect(objects).toMatchObject([{ name: 'class-1', class: 1, score: null, points: [] }]);
    expect(objects[0].area).toBeGreaterThan(0);
    expect([objects[0].mask, overlay].every((file) => existsSync(join(folder, file)))).toBe(true);
  });

  it.each([
    ['a prompt', 'USAGE_CONFLICT', ['--classes', '--point', '5,5', '--model', network('unet-tiny')]],
    ['everything', 'USAGE_CONFLICT', ['--classes', '--everything', '--model', network('unet-tiny')]],
    ['a model that answers prompts', 'MODEL_CLASSES', ['--classes']],
  ])('refuses %s', async (_, code, args) => {
    expect((await segment(...args)).document.error.code).toBe(code);
  });

  it.each([['--point', '5,5'], ['--everything']])('a network refuses %s', async (...args) => {
    const { document } = await segment(...args, '--model', network('unet-tiny'));
    expect(document.error).toMatchObject({ code: 'MODEL_PROMPTS', hint: expect.stringContaining('--classes') });
  });
});
