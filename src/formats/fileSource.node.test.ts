import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileSource } from './fileSource.node.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-file-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('openFileSource', () => {
  it('reads parts of a file', async () => {
    const path = join(folder, 'six');
    await writeFile(path, Uint8Array.of(0, 1, 2, 3, 4, 5));
    const source = await openFileSource(path);
    const into = new Uint8Array(4);
    expect(source.size).toBe(6);
    expect([...(await source.read(2, 3))]).toEqual([2, 3, 4]);
    expect([...(await source.read(1, 2, into)), ...into]).toEqual([1, 2, 1, 2, 0, 0]);
    await expect(source.read(4, 3)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
    await source.close();
  });

  it('notices a file that becomes shorter while it is read', async () => {
    const path = join(folder, 'shrinking');
    await writeFile(path, new Uint8Array(100));
    const source = await openFileSource(path);
    await truncate(path, 50);
    await expect(source.read(0, 100)).rejects.toMatchObject({ code: 'FILE_TRUNCATED' });
    await source.close();
  });

  it('reports what is at a path that is not a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, 'x');
    await expect(openFileSource(folder)).rejects.toMatchObject({ kind: 'input', code: 'FILE_IS_DIRECTORY' });
    await expect(openFileSource(join(folder, 'none'))).rejects.toMatchObject({ kind: 'input', code: 'FILE_NOT_FOUND' });
    await expect(openFileSource(join(file, 'inside'))).rejects.toMatchObject({ kind: 'input', code: 'FILE_NOT_FOUND' });
    await expect(openFileSource(join(folder, 'x'.repeat(5000)))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(openFileSource('/dev/null')).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' });
  });
});
