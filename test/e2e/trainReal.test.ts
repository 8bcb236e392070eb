/**
 * The real sets from the command line, from lists to a report: training with all that the bundled model's recipe uses,
 * then evaluation of what it wrote. The model is tiny and the steps are two: it is about the way, not the masks.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serialiseConfig } from '../../src/models/configFile.js';
import { TINY_SAMUS } from '../support/tinyModel.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

describe.skipIf(!process.env.SAMUS_TEST_DATA)(
  'samus train on real images (SAMUS_TEST_DATA names the folder with data/)',
  () => {
    const data = ['--data', join(process.env.SAMUS_TEST_DATA ?? '', 'data/ultrasound')];
    let folder = '';
    beforeAll(() => {
      folder = newFolder();
      writeFileSync(join(folder, 'tiny.json'), serialiseConfig(TINY_SAMUS));
    });
    afterAll(() => removeFolder(folder));

    it('goes from the lists to a checkpoint that can be evaluated', async () => {
      const lists = ['--train-list', 'train-may-ship', '--hold-out', '0.05'];
      const recipe = [
        '--recipe',
        'multi-prompt',
        '--rounds',
        '2',
        '--choose',
        'classes',
        '--batch',
        '2',
        '--steps',
        '2',
      ];
      const model = ['--model', 'tiny.json', '--threads', '1', '--out', 'run'];
      const trained = await samus(folder, 'train', ...data, ...lists, ...recipe, ...model, '--json');
      expect([trained.code, trained.stderr]).toEqual([0, expect.not.stringMatching(/error|warning/)]);
      expect(JSON.parse(trained.stdout)).toMatchObject({ step: 2, finished: true, best: { step: 2 } });
      expect(filesIn(join(folder, 'run'))).toEqual(expect.arrayContaining(['best/model.safetensors', 'metrics.jsonl']));

      const list = ['--list', 'val-Muscle-Aponeurosis,val-Muscle-Fascicle'];
      const options = ['--model', 'run/best', '--threads', '1', '--report', 'report', '--json'];
      const evaluated = await samus(folder, 'evaluate', ...data, ...list, ...options);
      expect(evaluated.code).toBe(0);
      const { datasets, failures } = JSON.parse(evaluated.stdout);
      expect(failures).toEqual([]);
      expect(datasets.map(({ dataset, images }: { dataset: string; images: number }) => [dataset, images])).toEqual([
        ['Muscle-Aponeurosis', 10],
        ['Muscle-Fascicle', 10],
      ]);
      expect(filesIn(join(folder, 'report'))).toEqual(['images.csv', 'report.html', 'summary.json']);
    });
  },
);
