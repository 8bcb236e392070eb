/**
 * `samus models export`: folders that other programs read, written as a whole, and what it refuses.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

const SAM = goldenPath('sam-tiny.pth');

let folder = '';
beforeAll(() => {
  folder = newFolder();
});
afterAll(() => removeFolder(folder));

describe('models export --format onnx', () => {
  it('writes a folder, and again over an earlier export', async () => {
    const run = async (...more: string[]) => samus(folder, 'models', 'export', SAM, 'sam', '--format', 'onnx', ...more);
    const { code, stdout, stderr } = await run('--json');
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ folder: 'sam', format: 'onnx', architecture: 'sam' });
    const files = ['README.md', 'decoder.onnx', 'encoder.onnx', 'model.json'];
    expect(filesIn(join(folder, 'sam'))).toEqual(files);
    expect(document.files.map(({ path }: { path: string }) => path).sort()).toEqual(files);
    const again = await run('--dtype', 'q8');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/encoder\.onnx: \d+\.\d MB\n/);
    expect(filesIn(join(folder, 'sam'))).toEqual(files);
    expect(JSON.parse(readFileSync(join(folder, 'sam/model.json'), 'utf8')).files[0]).toMatchObject({ dtype: 'q8' });
  });

  it('leaves folders of other things alone', async () => {
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other/notes.txt'), 'mine');
    const { code, stdout } = await samus(folder, 'models', 'export', SAM, 'other', '--format', 'onnx', '--json');
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'EXPORT_OCCUPIED']);
    expect(filesIn(join(folder, 'other'))).toEqual(['notes.txt']);
  });

  it('refuses a format that it does not know, and none', async () => {
    const unknown = await samus(folder, 'models', 'export', SAM, 'x', '--format', 'tflite', '--json');
    expect([unknown.code, JSON.parse(unknown.stdout).error.code]).toEqual([2, 'USAGE_VALUE']);
    expect(unknown.stdout).toContain('onnx');
    const none = await samus(folder, 'models', 'export', SAM, 'x', '--json');
    expect([none.code, JSON.parse(none.stdout).error.code]).toEqual([2, 'USAGE_MISSING_OPTION']);
  });
});

describe('models export --format triton', () => {
  it('adds models to a repository, and replaces them', async () => {
    const run = (...args: string[]) => samus(folder, 'models', 'export', ...args, 'repository', '--format', 'triton');
    expect((await run(SAM)).code).toBe(0);
    expect((await run(goldenPath('samus-tiny.pth'))).code).toBe(0);
    expect((await run(SAM)).code).toBe(0);
    const configs = filesIn(join(folder, 'repository')).filter((path) => path.endsWith('config.pbtxt'));
    expect(configs).toEqual(
      ['sam-tiny', 'samus-tiny']
        .flatMap((name) => [`${name}-decoder`, `${name}-encoder`, name].map((model) => `${model}/config.pbtxt`))
        .sort(),
    );
    mkdirSync(join(folder, 'taken/sam-tiny'), { recursive: true });
    writeFileSync(join(folder, 'taken/sam-tiny/notes.txt'), 'mine');
    const taken = await samus(folder, 'models', 'export', SAM, 'taken', '--format', 'triton', '--json');
    expect([taken.code, JSON.parse(taken.stdout).error.code]).toEqual([2, 'EXPORT_OCCUPIED']);
    expect(filesIn(join(folder, 'taken'))).toEqual(['sam-tiny/notes.txt']);
  });
});

describe('models export --format transformers.js', () => {
  it('writes a folder with all types', async () => {
    const args = ['models', 'export', SAM, 'js', '--format', 'transformers.js', '--json'];
    expect((await samus(folder, ...args)).code).toBe(0);
    const names = filesIn(join(folder, 'js'));
    expect(names).toHaveLength(10);
    expect(names).toContain('onnx/vision_encoder_quantized.onnx');
  });
});
