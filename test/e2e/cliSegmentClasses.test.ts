/**
 * Models that take no prompts on the command line: trained with named classes, `segment --classes` and `--auto`,
 * `evaluate --prompt auto`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImage } from '../../src/formats/imageFile.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { isTrainable } from '../../src/models/registry.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import { TINY, tinyModel } from '../support/tinyModel.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const network = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/networks/${name}.safetensors`, import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = newFolder();
  await samus(folder, 'phantom', '.', '--seed', '2');
  await samus(folder, 'phantom', 'many', '--seed', '1', '--count', '6', '--size', '48x48');
  await samus(folder, 'data', 'import', 'phantom', 'many', 'data');
  await samus(folder, 'data', 'split', 'data', '--ratios', '4,2', '--seed', '1');
}, 120_000);
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

  it.each([['--point', '5,5'], ['--box', '2,2,20,20'], ['--mask', 'phantom-2.png'], ['--everything']])(
    'a network refuses %s, before it reads the images',
    async (...args) => {
      const { code, document } = await segment('missing.png', ...args, '--model', network('unet-tiny'));
      expect(code).toBe(2);
      expect(document.error).toMatchObject({ code: 'MODEL_PROMPTS', hint: expect.stringContaining('--classes') });
    },
  );
});

/** Trains a tiny model for two steps on the phantoms of six classes. */
const train = async (name: string, fields: object, ...args: readonly string[]) => {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...TINY[name], ...fields }));
  const model = ['--model', `${name}.json`, '--batch', '2', '--steps', '2', '--augment', 'none'];
  const lists = ['--data', 'data', '--train-list', 'train', '--val-list', 'val'];
  const { code, stdout } = await samus(folder, 'train', ...model, ...lists, '--out', `of-${name}`, '--json', ...args);
  return { code, document: JSON.parse(stdout) };
};
const NAMES = ['background', 'cyst', 'lesion', 'vessel', 'band', 'organ'];

describe('a trained network for classes', () => {
  beforeAll(async () => {
    expect(await train('unet', { classes: 6 })).toMatchObject({ code: 0 });
  }, 120_000);

  it('has the names and colours of its classes in its configuration', () => {
    const config = JSON.parse(readFileSync(join(folder, 'of-unet/last/config.json'), 'utf8'));
    expect(config.classNames).toEqual(NAMES);
    expect(config.classColors).toHaveLength(6);
  });

  it('gives objects with the names and colours of their classes', async () => {
    const args = ['--auto', '--model', 'of-unet/last', '--format', 'png,overlay,json', '--out', 'named'];
    const { code, document } = await segment(...args);
    expect(code).toBe(0);
    const { classColors } = JSON.parse(readFileSync(join(folder, 'of-unet/last/config.json'), 'utf8'));
    expect(document.classes).toEqual(NAMES.slice(1).map((name, i) => ({ id: i + 1, name, color: classColors[i + 1] })));
    const [{ objects, overlay }] = document.images;
    expect(objects.length).toBeGreaterThan(0);
    for (const one of objects) expect(one).toMatchObject({ className: NAMES[one.class], name: `class-${one.class}` });
    // The outline of a mask has the colour of its class.
    const { data, width } = await (await openImage(join(folder, overlay))).read(1);
    const [x, y] = objects[0].box;
    const row = Array.from({ length: width }, (_, i) => [
      ...data.subarray(3 * (y * width + i), 3 * (y * width + i) + 3),
    ]);
    const color = `#${row.map((rgb) => rgb.map((v) => v.toString(16).padStart(2, '0')).join('')).join(' #')}`;
    expect(x).toBeLessThan(width);
    expect(color).toContain(classColors[objects[0].class]);
    expect(JSON.parse(readFileSync(join(folder, 'named/phantom-2.json'), 'utf8')).classes).toEqual(document.classes);
  });

  it('takes other names for its classes', async () => {
    const args = ['--classes', '--model', 'of-unet/last'];
    const { document } = await segment(...args, '--class-names', 'a,b,c,d,e');
    expect(document.images[0].objects[0].className).toMatch(/^[a-e]$/);
    expect((await segment(...args, '--class-names', 'a,b')).document.error.code).toBe('MODEL_CLASSES');
  });

  it('is evaluated without prompts', async () => {
    const evaluate = async (...args: readonly string[]) => {
      const lists = ['--data', 'data', '--list', 'val', '--json'];
      return JSON.parse((await samus(folder, 'evaluate', ...lists, ...args)).stdout);
    };
    const auto = await evaluate('--model', 'of-unet/last', '--prompt', 'auto', '--absent-prompt', 'auto');
    expect(auto).toMatchObject({ prompt: 'auto', absent_prompt: 'auto' });
    const { datasets } = await evaluate('--model', 'of-unet/last', '--prompt', 'none');
    expect(auto.datasets).toEqual(datasets);
    expect((await evaluate('--model', 'of-unet/last', '--prompt', 'point')).error.code).toBe('MODEL_PROMPTS');
    for (const option of ['--prompt', '--absent-prompt'])
      expect((await evaluate(option, 'auto')).error.code).toBe('EVALUATE_PROMPT_AUTO');
    const { config, tensors } = tinyModel(TINY.samed);
    await writeModelFolder(join(folder, 'few'), { config: JSON.stringify(config), tensors });
    expect((await evaluate('--model', 'few', '--prompt', 'auto')).error.code).toBe('MODEL_CLASSES');
  });

  it('takes the mean over flips, which the evaluation says', async () => {
    const lists = ['--data', 'data', '--list', 'val', '--prompt', 'auto', '--model', 'of-unet/last', '--json'];
    const evaluate = async (...args: readonly string[]) =>
      JSON.parse((await samus(folder, 'evaluate', ...lists, ...args)).stdout);
    const [plain, both] = [await evaluate(), await evaluate('--tta-vertical', '--report', 'flipped')];
    expect([plain.tta, both.tta]).toEqual([undefined, ['horizontal', 'vertical']]);
    expect(readFileSync(join(folder, 'flipped/report.html'), 'utf8')).toContain('its flips (horizontal, vertical)');
    const args = ['--classes', '--model', network('unet-tiny')];
    expect((await segment(...args, '--tta')).document.images).not.toEqual((await segment(...args)).document.images);
  });

  it('needs a class for each of the data', async () => {
    const { code, document } = await train('setr', { classes: 4 });
    expect([code, document.error.code]).toEqual([2, 'MODEL_CLASSES']);
  });
});

describe('AutoSAMUS', () => {
  it.each([
    ['alone', false],
    ['with what SAMUS trains', true],
  ])(
    'trains its prompt generator %s, and segments and evaluates without a click',
    async (_, trainsSamus) => {
      const out = `auto-${trainsSamus}`;
      const { config, tensors } = tinyModel();
      await writeModelFolder(join(folder, 'samus'), { config: JSON.stringify(config), tensors });
      const trained = await train('autosamus', { trainsSamus }, '--from', 'samus', '--out', out);
      expect(trained.code, JSON.stringify(trained.document)).toBe(0);
      // Of SAMUS's weights only those that it trains itself have changed, or none.
      const after = await loadModel(join(folder, out, 'last'));
      const changed = [...tensors].filter(([name, { data }]) => after.tensors.get(name)?.data.join() !== data.join());
      expect(changed.length > 0).toBe(trainsSamus);
      for (const [name] of changed) expect(isTrainable(config, name), name).toBe(true);
      const { code, document } = await segment('--auto', '--model', `${out}/last`);
      expect(code).toBe(0);
      for (const one of document.images[0].objects)
        expect(one).toMatchObject({ name: 'class-1', class: 1, points: [] });
      const evaluated = await samus(
        folder,
        ...['evaluate', '--data', 'data', '--list', 'val', '--model', `${out}/last`, '--prompt', 'auto', '--json'],
      );
      expect(JSON.parse(evaluated.stdout).datasets.length).toBeGreaterThan(0);
      if (trainsSamus) return;
      const few = ['--auto', '--model', `${out}/last`, '--out', 'of-a-folder', '--json'];
      const { images } = JSON.parse((await samus(folder, 'segment', 'data/Phantom/img', ...few)).stdout);
      expect(images).toHaveLength(6);
      expect(images.map(({ image }: { image: string }) => image)).toContain('data/Phantom/img/phantom-1.png');
      const { stdout } = await samus(folder, 'segment', 'data/MainPatient', ...few);
      expect(JSON.parse(stdout).error.code).toBe('IMAGES_MISSING');
    },
    120_000,
  );
});

describe('a network with a prompt channel', () => {
  it.each([
    ['point', ['--point', '60,60'], ['--point', '20,90'], ['--box', '20,20,90,90']],
    ['box', ['--box', '20,20,90,90'], ['--box', '60,60,80,80'], ['--point', '60,60']],
  ] as const)(
    'trains, is evaluated and segments by a %s',
    async (kind, one, other, strange) => {
      const out = `by-${kind}`;
      const trained = await train(
        'unet',
        { classes: 2, base: 4 },
        '--prompt-channel',
        kind,
        '--steps',
        '6',
        '--out',
        out,
      );
      expect(trained.code, JSON.stringify(trained.document)).toBe(0);
      const model = ['--model', `${out}/last`];
      expect(JSON.parse(readFileSync(join(folder, `${out}/last/config.json`), 'utf8'))).toMatchObject({
        architecture: 'unet',
        promptChannel: kind,
      });
      const save = async (...prompt: readonly string[]) => {
        const file = `${prompt.join('')}.safetensors`;
        const { document } = await segment(...prompt, ...model, '--save-tensors', file);
        expect(document.images[0].objects).toHaveLength(1);
        return readFileSync(join(folder, file));
      };
      expect(await save(...one)).not.toEqual(await save(...other));
      expect((await segment(...strange, ...model)).document.error.code).toBe('MODEL_PROMPTS');
      expect((await segment('--classes', ...model)).document.error.code).toBe('MODEL_CLASSES');
      const evaluate = async (prompt: string) => {
        const lists = ['--data', 'data', '--list', 'val', '--json'];
        return JSON.parse((await samus(folder, 'evaluate', ...lists, ...model, '--prompt', prompt)).stdout);
      };
      expect((await evaluate(kind)).datasets.length).toBeGreaterThan(1);
      expect((await evaluate('auto')).error.code).toBe('EVALUATE_PROMPT_AUTO');
      const again = await train('unet', { classes: 2, base: 4 }, '--from', `${out}/last`, '--out', `${out}-on`);
      expect(again).toMatchObject({ code: 3, document: { error: { code: 'CHECKPOINT_TENSOR_SHAPE' } } });
    },
    120_000,
  );

  it('starts from the weights of one without, and is refused for others', async () => {
    const from = ['--from', 'of-unet-2/last', '--prompt-channel', 'point'];
    expect(await train('unet', { classes: 2 }, '--out', 'of-unet-2')).toMatchObject({ code: 0 });
    expect(await train('unet', { classes: 2 }, ...from, '--out', 'extended')).toMatchObject({ code: 0 });
    const several = await train('unet', { classes: 6 }, '--prompt-channel', 'point', '--out', 'refused');
    expect(several.document.error.code).toBe('CONFIG_FIELD');
  }, 120_000);
});
