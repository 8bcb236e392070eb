import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { outputCheck } from './output.js';

describe('outputCheck', () => {
  let folder = '';
  afterEach(() => {
    if (folder !== '') rmSync(folder, { recursive: true });
    folder = '';
  });
  const coded = (code: string) => expect.objectContaining({ code, kind: 'usage' });

  it('refuses to overwrite an input under any spelling', async () => {
    const check = await outputCheck(['b.png']);
    await expect(check(['./a/../b.png'])).rejects.toThrow(/would overwrite the input/);
  });

  it('refuses to overwrite an input through links', async () => {
    folder = mkdtempSync(join(tmpdir(), 'samus-output-'));
    const [file, soft, hard, way] = ['file', 'soft', 'hard', 'way'].map((name) => join(folder, name));
    writeFileSync(file!, '');
    symlinkSync(file!, soft!);
    linkSync(file!, hard!);
    symlinkSync(folder, way!);
    for (const read of [file!, soft!, hard!, join(way!, 'file')]) {
      const check = await outputCheck([read]);
      for (const path of [file!, soft!, hard!, join(way!, 'hard')]) {
        await expect(check([path])).rejects.toThrow(coded('OUTPUT_IS_INPUT'));
      }
      await check([join(folder, 'other')]);
    }
  });

  it('refuses to write two results to one path', async () => {
    const check = await outputCheck(['c.png']);
    await expect(check(['a.png', 'A.png'])).rejects.toThrow(coded('OUTPUT_TWICE'));
    await check(['a.png', 'b.png']);
    await check(['a.png']);
  });
});
