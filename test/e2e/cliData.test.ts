/**
 * `samus data` as a process: documents on stdout, exit codes, errors by their codes. docs/data.md shows the rest.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, removeFolder, samus } from './samusProcess.js';

let folder: string;
beforeAll(async () => {
  folder = newFolder();
  expect((await samus(folder, 'phantom', 'phantoms', '--count', '6', '--size', '48x40')).code).toBe(0);
});
afterAll(() => removeFolder(folder));

const codeOf = (stdout: string): unknown => JSON.parse(stdout).error.code;

describe('samus data', () => {
  it('imports, splits, checks and describes', async () => {
    const imported = await samus(folder, 'data', 'import', 'phantom', 'phantoms', 'data', '--json');
    expect(imported.code).toBe(0);
    expect(JSON.parse(imported.stdout)).toMatchObject({
      datasets: [{ dataset: 'Phantom', images: 6, empty: 0, lists: ['all-Phantom'] }],
      skipped: [],
    });
    const split = await samus(folder, 'data', 'split', 'data', '--ratios', '2,1', '--json');
    expect(split.code).toBe(0);
    const lists: { list: string; images: number }[] = JSON.parse(split.stdout).lists;
    expect(lists.find(({ list }) => list === 'train')?.images).toBe(4);
    expect(lists.find(({ list }) => list === 'val')?.images).toBe(2);
    const checked = await samus(folder, 'data', 'check', 'data', '--json');
    expect(checked.code).toBe(0);
    expect(JSON.parse(checked.stdout)).toMatchObject({ errors: 0, problems: [] });
    const table = JSON.parse((await samus(folder, 'data', 'table', 'data', '--json')).stdout);
    expect(table.lists).toEqual(['train', 'val']);
    expect(table.rows).toHaveLength(5);
  });

  it('exits with 1 if a check finds errors', async () => {
    const { stdout: before } = await samus(folder, 'data', 'import', 'phantom', 'phantoms', 'wrong', '--json');
    expect(JSON.parse(before).datasets).toHaveLength(1);
    writeFileSync(join(folder, 'wrong/MainPatient/train.txt'), '1/Phantom/gone\n');
    const { code, stdout } = await samus(folder, 'data', 'check', 'wrong', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ errors: 1, problems: [{ code: 'DATA_FILE_MISSING' }] });
  });

  it.each([
    [2, 'USAGE_VALUE', ['import', 'nothing', 'phantoms', 'x']],
    [2, 'USAGE_OPTION', ['import', 'busi', 'phantoms', 'x', '--classes', 'a']],
    [2, 'USAGE_OPTION', ['import', 'pair', 'phantoms', 'x', '--dataset', '../a']],
    [2, 'USAGE_LIST', ['split', 'x', '--ratios', '1,-1']],
    [2, 'USAGE_LIST', ['split', 'x', '--ratios', '7,,2']],
    [2, 'USAGE_LIST', ['split', 'x', '--ratios', '1e999,1']],
    [3, 'IMPORT_SOURCE', ['import', 'busi', 'nowhere', 'x']],
    [3, 'IMPORT_LAYOUT', ['import', 'busi', 'phantoms', 'x']],
    [3, 'DATA_LAYOUT', ['check', 'phantoms']],
    [3, 'DATA_LAYOUT', ['table', 'nowhere']],
  ])('ends with %i, %s for data %j', async (exit, error, args) => {
    const { code, stdout } = await samus(folder, 'data', ...args, '--json');
    expect([code, codeOf(stdout)]).toEqual([exit, error]);
  });

  it('replaces no dataset by an import of itself', async () => {
    const before = readdirSync(join(folder, 'phantoms'));
    const args = ['import', 'phantom', 'phantoms', '.', '--dataset', 'phantoms', '--replace', '--json'];
    const { code, stdout } = await samus(folder, 'data', ...args);
    expect([code, codeOf(stdout)]).toEqual([2, 'OUTPUT_IS_INPUT']);
    expect(readdirSync(join(folder, 'phantoms'))).toEqual(before);
  });

  it('reports an import without images', async () => {
    for (const name of ['US images', 'Expert mask images'])
      mkdirSync(join(folder, 'hollow', name), { recursive: true });
    const { code, stdout } = await samus(folder, 'data', 'import', 'carotid', 'hollow', 'x', '--json');
    expect([code, codeOf(stdout)]).toEqual([3, 'IMPORT_LAYOUT']);
  });

  it('imports the other images if one cannot be read, and writes nothing if none can', async () => {
    mkdirSync(join(folder, 'own/images'), { recursive: true });
    mkdirSync(join(folder, 'own/labels'));
    for (const [from, to] of [
      ['phantoms/phantom-1.png', 'own/images/a.png'],
      ['phantoms/phantom-1.png', 'own/labels/a.png'],
      ['phantoms/phantom-2.png', 'own/images/b.png'],
    ] as const) {
      copyFileSync(join(folder, from), join(folder, to));
    }
    writeFileSync(join(folder, 'own/labels/b.png'), 'no picture');
    const { code, stdout, stderr } = await samus(folder, 'data', 'import', 'pair', 'own', 'half', '--json');
    expect([code, stderr]).toEqual([1, expect.stringContaining('images/b.png skipped: ')]);
    expect(JSON.parse(stdout)).toMatchObject({ datasets: [{ images: 1 }], skipped: [{ file: 'images/b.png' }] });
    rmSync(join(folder, 'own/images/a.png'));
    const none = await samus(folder, 'data', 'import', 'pair', 'own', 'none', '--json');
    expect([none.code, codeOf(none.stdout)]).toEqual([3, 'IMAGE_FORMAT']);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});
