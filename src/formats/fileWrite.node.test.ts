import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SamusError } from '../errors.js';
import { exists } from './fileSystem.node.js';
import { makeFolder, replaceFile, writeError } from './fileWrite.node.js';

vi.mock('./fileSystem.node.js', { spy: true });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-write-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const systemError = (code: string) => Object.assign(new Error(code), { code, syscall: 'write' });

describe('replaceFile', () => {
  it('replaces what is there only once the new file is whole', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'old');
    await replaceFile(path, async (temporary) => {
      await writeFile(temporary, 'new');
      expect(await readFile(path, 'utf8')).toBe('old');
    });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('leaves what is there, and nothing beside it, if writing fails', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'old');
    const write = async (temporary: string) => {
      await writeFile(temporary, 'ne');
      throw systemError('ENOSPC');
    };
    await expect(replaceFile(path, write)).rejects.toMatchObject({ kind: 'machine', code: 'DISK_FULL', exitCode: 4 });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('says why a place cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    await mkdir(join(folder, 'folder'));
    const places = [
      [join(folder, 'none', 'a'), 'its folder does not exist'],
      [join(folder, 'file', 'a'), 'a file is in the way'],
      [join(folder, 'folder'), 'it is a folder'],
    ] as const;
    for (const [path, why] of places) {
      const message = expect.stringContaining(`${path} cannot be written: ${why}`);
      const refused = { kind: 'input', code: 'FILE_UNWRITABLE', exitCode: 3, message };
      await expect(replaceFile(path, (temporary) => writeFile(temporary, ''))).rejects.toMatchObject(refused);
    }
  });
});

describe('a name', () => {
  it('may be as long as the file system takes, in bytes', async () => {
    const names = ['a'.repeat(251), 'あ'.repeat(83)].map((stem) => `${stem}.txt`);
    for (const name of names) await replaceFile(join(folder, name), (temporary) => writeFile(temporary, 'new'));
    expect((await readdir(folder)).sort()).toEqual(names);
    const long = join(folder, `${'a'.repeat(252)}.txt`);
    const refused = { code: 'FILE_UNWRITABLE', message: expect.stringContaining('its name is too long') };
    await expect(replaceFile(long, (temporary) => writeFile(temporary, ''))).rejects.toMatchObject(refused);
    expect((await readdir(folder)).sort()).toEqual(names);
  });
});

describe('makeFolder', () => {
  it('makes those above too, and takes one that is there', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await Promise.all([makeFolder(path), makeFolder(path)]);
    await makeFolder(path);
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c']);
  });

  it('says why it cannot', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'a', 'b')]) {
      const message = expect.stringContaining('a file is in the way');
      await expect(makeFolder(path)).rejects.toMatchObject({ code: 'FILE_UNWRITABLE', message });
    }
  });

  it('ends at the root of a path, there or not', async () => {
    let asked = 0;
    vi.mocked(exists).mockImplementation(async () => {
      if (++asked > 100) throw new Error('goes on for ever');
      return false;
    });
    try {
      await makeFolder(join(folder, 'a'));
      expect(await readdir(folder)).toEqual(['a']);
    } finally {
      vi.mocked(exists).mockReset();
    }
  });

  it.skipIf(process.platform !== 'linux')('ends where a file system takes no folders', async () => {
    await expect(makeFolder('/proc/nope/x')).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
  });
});

describe('writeError', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('takes %s for a lack of room', (code) => {
    expect(writeError('a', systemError(code))).toMatchObject({ kind: 'machine', code: 'DISK_FULL' });
  });

  it('names the place that was asked for in place of a part of it', () => {
    const inner = writeError('model/.tmp/weights', systemError('EACCES'));
    const outer = writeError('model', inner);
    expect(outer).toMatchObject({ code: 'FILE_UNWRITABLE', details: { path: 'model', reason: 'EACCES' } });
    expect(String(outer)).not.toContain('.tmp');
  });

  it('leaves other errors alone', () => {
    const bug = new TypeError('x is not a function');
    const known = new SamusError('SAFETENSORS_NAME', 'a', 'b');
    expect([writeError('a', bug), writeError('a', known)]).toEqual([bug, known]);
  });
});
