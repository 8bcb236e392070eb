/**
 * What can go wrong with a training, as a user meets it: coded errors, and nothing that was there is lost.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile, writeSafetensorsFile } from '../../src/formats/checkpointFile.node.js';
import { createImage } from '../../src/formats/image.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { TINY_SAMUS } from '../support/tinyModel.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const folder = newFolder();
const DATA = ['--data', 'data', '--train-list', 'train', '--val-list', 'val'];
const TINY = ['--model', 'tiny.json', '--threads', '1', '--batch', '2', '--seed', '3'];

function train(...args: string[]) {
  return samus(folder, 'train', '--json', ...args);
}

/** Looks at the path alone: listing the folder fails while a training moves its checkpoints. */
async function waitFor(path: string): Promise<void> {
  while (!existsSync(join(folder, path))) await sleep(50);
}

/** A square label, all of one class. */
function encodeLabel(side: number, value: number): Promise<Uint8Array> {
  return encodePng(createImage(side, side, 1, new Uint8Array(side * side).fill(value)));
}

function weights(run: string): Promise<Buffer> {
  return readFile(join(folder, run, 'last', 'model.safetensors'));
}

beforeAll(async () => {
  await writePhantomDataset(join(folder, 'data'), { train: 5, val: 2 });
  await writeFile(join(folder, 'tiny.json'), serialiseConfig(TINY_SAMUS));
  const { code } = await train(...DATA, ...TINY, '--steps', '8', '--checkpoint-steps', '4', '--out', 'done');
  expect(code).toBe(0);
});

afterAll(() => removeFolder(folder));

describe('samus train', () => {
  it('writes config, metrics, curves, sample images and two models', () => {
    expect(filesIn(join(folder, 'done')).filter((name) => !/^(events|samples)/.test(name))).toEqual([
      'best/README.md',
      'best/config.json',
      'best/model.safetensors',
      'config.json',
      'curves.svg',
      'last/README.md',
      'last/config.json',
      'last/model.safetensors',
      'last/training-state.safetensors',
      'metrics.jsonl',
    ]);
  });

  it('names missing options and files', async () => {
    const nothing = await train();
    expect(nothing).toMatchObject({ code: 2, stdout: expect.stringContaining('USAGE_MISSING_OPTION') });
    expect(JSON.parse(nothing.stdout).error.message).toBe(
      'missing required options --out, --model, --data, --train-list, --val-list or --hold-out',
    );
    expect(await train('--resume', 'done', '--out', 'x')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('USAGE_CONFLICT'),
    });
    const noData = await train('--model', 'tiny.json', '--out', 'x');
    expect(noData).toMatchObject({ code: 2, stdout: expect.stringContaining('--data, --train-list, --val-list') });
    await writeFile(join(folder, 'cut.json'), serialiseConfig(TINY_SAMUS).slice(0, 60));
    const cut = await train(...DATA, '--model', 'cut.json', '--out', 'x');
    expect(cut).toMatchObject({ code: 3, stdout: expect.stringContaining('CONFIG_INVALID') });
    const gone = await train(...DATA, '--model', 'gone.json', '--out', 'x');
    expect(gone).toMatchObject({ code: 3, stdout: expect.stringContaining('CONFIG_UNREADABLE') });
    const both = await train(...DATA, ...TINY, '--steps', '2', '--epochs', '2', '--out', 'x');
    expect(both).toMatchObject({ code: 2, stdout: expect.stringContaining('USAGE_CONFLICT') });
  });

  it.each<[string, string, readonly string[]]>([
    ['a validation list and a share', 'USAGE_CONFLICT', ['--val-list', 'val', '--hold-out', '0.2']],
    ['a share of nothing', 'USAGE_MISSING_OPTION', ['--hold-out', '0']],
    ['rounds of one prompt', 'USAGE_CONFLICT', ['--val-list', 'val', '--rounds', '2']],
    [
      'clicks in the middle of boxes',
      'USAGE_CONFLICT',
      ['--val-list', 'val', '--prompts', 'box', '--middle-clicks', '1'],
    ],
    ['a decay that Adam has not', 'USAGE_CONFLICT', ['--val-list', 'val', '--weight-decay', '0.1']],
    ['weights that are not there', 'TRAIN_WEIGHT_NAME', ['--val-list', 'val', '--freeze', 'prompt_encode,decoder']],
    ['an empty name to freeze', 'USAGE_LIST', ['--val-list', 'val', '--freeze', 'mask_decoder,']],
    ['rates of such', 'TRAIN_WEIGHT_NAME', ['--val-list', 'val', '--lr-scale', 'image-encoder=0.1']],
    ['half a repetition', 'USAGE_VALUE', ['--val-list', 'val', '--repeat', 'Breast-Phantom=1.5']],
    ['a rate beyond bounds', 'USAGE_VALUE', ['--val-list', 'val', '--lr-scale', 'image_encoder=5000']],
    ['a norm of nothing', 'USAGE_VALUE', ['--val-list', 'val', '--clip', '0']],
    ['a mean that never moves', 'USAGE_VALUE', ['--val-list', 'val', '--ema', '1']],
    ['a profile and a batch', 'USAGE_CONFLICT', ['--val-list', 'val', '--profile', '8gb']],
    ['a rate of nothing', 'USAGE_VALUE', ['--val-list', 'val', '--lr', '0']],
  ])('refuses %s', async (_, code, args) => {
    const start = ['--data', 'data', '--train-list', 'train', ...TINY, '--steps', '2', '--out', 'x'];
    const ended = await train(...start, ...args);
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining(code) });
    expect(filesIn(folder).filter((name) => name.startsWith('x/'))).toEqual([]);
  });

  it('refuses a profile too small for the model, and an unavailable provider', async () => {
    const large = ['--model', 'sam-b', '--profile', '8gb', '--steps', '2', '--out', 'x'];
    const full = await train(...DATA, ...large);
    expect(full).toMatchObject({ code: 2, stdout: expect.stringContaining('TRAIN_PROFILE') });
    const provider = process.platform === 'win32' ? 'coreml' : 'dml';
    const lacking = await train(...DATA, ...TINY, '--steps', '2', '--provider', provider, '--out', 'x');
    expect(lacking).toMatchObject({ code: 4, stdout: expect.stringContaining('PROVIDER_UNAVAILABLE') });
    const resumed = await train('--resume', 'done', '--provider', provider);
    expect(resumed).toMatchObject({ code: 2, stdout: expect.stringContaining('TRAIN_CONFIG_DIFFERS') });
    expect(JSON.parse(resumed.stdout).error.details.settings).toEqual(['provider']);
    const several = await train('--resume', 'done', '--lr', '0.1', '--batch', '5');
    expect(JSON.parse(several.stdout).error.message).toMatch(/got other values for --batch, --lr$/);
    expect(filesIn(folder).filter((name) => name.startsWith('x/'))).toEqual([]);
  });

  it('refuses to train without samples', async () => {
    const none = ['--repeat', 'Breast-Phantom=0', '--repeat', 'Heart-Phantom=0'];
    const ended = await train(...DATA, ...TINY, '--steps', '2', ...none, '--out', 'x');
    expect(ended).toMatchObject({ code: 3, stdout: expect.stringContaining('DATA_LIST_EMPTY') });
  });

  it('states the hold-out in the model card', async () => {
    const args = ['--data', 'data', '--train-list', 'train', '--hold-out', '0.2', ...TINY];
    expect(await train(...args, '--steps', '2', '--out', 'held')).toMatchObject({ code: 0 });
    const card = await readFile(join(folder, 'held', 'best', 'README.md'), 'utf8');
    expect(card).toMatch(/held out from train\n\(about 20 % of/);
  });

  it('resumes without the initial checkpoint after a kill before the first step', async () => {
    await cp(join(folder, 'done', 'best'), join(folder, 'source'), { recursive: true });
    const args = [...DATA, '--from', 'source', '--train', 'all', ...TINY.slice(2), '--steps', '6'];
    expect(await train(...args, '--out', 'from')).toMatchObject({ code: 0 });
    const env = {
      NODE_OPTIONS: `--import ${new URL('killAt.mjs', import.meta.url).href}`,
      SAMUS_TEST_KILL: 'run training 1',
    };
    expect(await startSamus(folder, ['train', ...args, '--out', 'early'], env).ended).toMatchObject({ code: null });
    expect(filesIn(folder)).toContain('early/config.json');
    await rm(join(folder, 'source'), { recursive: true });
    expect(await train('--resume', 'early')).toMatchObject({ code: 0 });
    expect(await weights('early')).toEqual(await weights('from'));
  });

  it('reuses a folder left by an early kill, and requires the last checkpoint to resume', async () => {
    await cp(join(folder, 'done', 'last'), join(folder, 'half', 'last'), { recursive: true });
    await mkdir(join(folder, 'half', 'last.writing'));
    const args = [...DATA, ...TINY, '--steps', '8', '--checkpoint-steps', '4'];
    expect(await train(...args, '--out', 'half')).toMatchObject({ code: 0 });
    expect(await weights('half')).toEqual(await weights('done'));
    await rm(join(folder, 'half', 'last'), { recursive: true });
    const gone = await train('--resume', 'half');
    expect(gone).toMatchObject({ code: 3, stdout: expect.stringContaining('TRAIN_STATE_INVALID') });
  });

  it('ends and unlocks the run on any failure, and reports a truncated configuration', async () => {
    await cp(join(folder, 'done'), join(folder, 'blocked'), { recursive: true });
    await rm(join(folder, 'blocked', 'metrics.jsonl'));
    await mkdir(join(folder, 'blocked', 'metrics.jsonl'));
    expect((await train('--resume', 'blocked')).code).not.toBe(0);
    expect(filesIn(join(folder, 'blocked'))).not.toContain('lock');
    const path = join(folder, 'blocked', 'config.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 40));
    const cut = await train('--resume', 'blocked');
    expect(cut).toMatchObject({ code: 3, stdout: expect.stringContaining('TRAIN_CONFIG_INVALID') });
  });

  it('refuses a new run in the folder of another', async () => {
    const before = await weights('done');
    const ended = await train(...DATA, ...TINY, '--steps', '2', '--out', 'done');
    expect(ended).toMatchObject({ code: 2, stdout: expect.stringContaining('RUN_EXISTS') });
    expect(await weights('done')).toEqual(before);
  });

  it('refuses to resume with another configuration, or a folder without a run', async () => {
    const other = await train('--resume', 'done', '--lr', '0.1', '--epochs', '77');
    expect(other).toMatchObject({ code: 2, stdout: expect.stringContaining('TRAIN_CONFIG_DIFFERS') });
    expect(JSON.parse(other.stdout).error.details.settings).toEqual(['steps', 'learningRate']);
    const model = await train('--resume', 'done', '--model', 'samus-b');
    expect(model).toMatchObject({ code: 2, stdout: expect.stringContaining('USAGE_CONFLICT') });
    expect(await train('--resume', 'data')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('RUN_NOT_FOUND'),
    });
  });

  it('refuses to resume with changed lists, and resumes with moved data', async () => {
    await cp(join(folder, 'data'), join(folder, 'moved'), { recursive: true });
    expect(await train('--resume', 'done', '--data', 'moved', '--steps', '8')).toMatchObject({ code: 0 });
    await writeFile(join(folder, 'moved', 'MainPatient', 'train.txt'), '1/Breast-Phantom/p 0\n');
    const changed = await train('--resume', 'done', '--data', 'moved');
    expect(changed).toMatchObject({ code: 3, stdout: expect.stringContaining('TRAIN_LISTS_DIFFER') });
  });

  it('refuses a run locked by another process, and takes over that of a killed one', async () => {
    const first = startSamus(folder, ['train', ...DATA, ...TINY, '--steps', '100000', '--out', 'busy']);
    await waitFor('busy/metrics.jsonl');
    const second = await train('--resume', 'busy');
    expect(second).toMatchObject({ code: 2, stdout: expect.stringContaining('RUN_LOCKED') });
    first.child.kill('SIGKILL');
    await first.ended;
    const third = startSamus(folder, ['train', '--resume', 'busy']);
    await sleep(2500);
    third.child.kill('SIGINT');
    expect(await third.ended).toMatchObject({ code: 130, stderr: expect.stringContaining('--resume busy') });
  });

  it('finishes the step and saves on Ctrl-C, and resumes to the same weights', async () => {
    const args = [...DATA, ...TINY, '--steps', '8', '--checkpoint-steps', '0'];
    const run = startSamus(folder, ['train', '--json', ...args, '--out', 'stopped']);
    await waitFor('stopped/metrics.jsonl');
    run.child.kill('SIGINT');
    const { code, stdout } = await run.ended;
    // On a fast machine it may be through before the signal comes.
    expect([0, 130]).toContain(code);
    if (code === 130) {
      const hint = expect.stringContaining('samus train --resume stopped');
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INTERRUPTED', hint } });
    }
    expect(filesIn(join(folder, 'stopped'))).toContain('last/training-state.safetensors');
    expect(await train('--resume', 'stopped')).toMatchObject({ code: 0 });
    expect(await weights('stopped')).toEqual(await weights('done'));
  });

  it.each(['done', 'sums'])(
    'stops at a loss that is no number, names the batch and keeps the last checkpoint (%s)',
    async (run) => {
      if (run === 'sums') {
        const args = [...DATA, ...TINY, '--accumulate', '2', '--steps', '8', '--checkpoint-steps', '4', '--out', run];
        expect(await train(...args)).toMatchObject({ code: 0 });
      }
      const copy = `${run} nan`;
      await cp(join(folder, run), join(folder, copy), { recursive: true });
      const config = JSON.parse(await readFile(join(folder, copy, 'config.json'), 'utf8'));
      await writeFile(join(folder, copy, 'config.json'), JSON.stringify({ ...config, steps: 20 }));
      const path = join(folder, copy, 'last', 'training-state.safetensors');
      const { tensors, metadata } = await readCheckpointFile(path);
      tensors.get('weight.image_encoder.cnn_embed.inc.conv.0.weight')!.data.fill(Number.NaN as never);
      await writeSafetensorsFile(path, tensors, metadata);
      const before = await readFile(path);
      const ended = await train('--resume', copy);
      expect(ended.code).toBe(1);
      const { error } = JSON.parse(ended.stdout);
      expect(error).toMatchObject({ code: 'TRAIN_NAN', details: { step: 9 } });
      expect(error.details.samples).toHaveLength(2);
      expect(error.message).toContain('-Phantom/p ');
      expect(await readFile(path)).toEqual(before);
    },
  );

  it('reports a missing file and an empty list before training', async () => {
    const folderOf = join(folder, 'data', 'MainPatient');
    await writeFile(join(folderOf, 'gone.txt'), '1/Breast-Phantom/p 0\n1/Breast-Phantom/not there\n');
    await writeFile(join(folderOf, 'empty.txt'), '\n');
    const start = ['--data', 'data', '--val-list', 'val', ...TINY];
    const gone = await train(...start, '--train-list', 'gone', '--out', 'x1');
    expect(gone).toMatchObject({ code: 3, stdout: expect.stringContaining('DATA_FILE_MISSING') });
    const empty = await train(...start, '--train-list', 'empty', '--out', 'x2');
    expect(empty).toMatchObject({ code: 3, stdout: expect.stringContaining('DATA_LIST_EMPTY') });
    await writeFile(join(folderOf, 'over.txt'), '1/Breast-Phantom/p 0\n2/Breast-Phantom/p 2\n');
    const over = await train(...start, '--train-list', 'over', '--out', 'x3');
    expect(over).toMatchObject({ code: 3, stdout: expect.stringContaining('DATA_CLASS_RANGE') });
    expect(JSON.parse(over.stdout).error.message).toContain('expected a class below 2 for Breast-Phantom/p 2');
    expect(filesIn(folder).filter((name) => /^x[123]/.test(name))).toEqual([]);
  });

  it.each<[string, string, () => Promise<Uint8Array | string>]>([
    ['that is no picture', 'IMAGE_FORMAT', async () => 'no picture'],
    ['of another size', 'DATA_SIZE_MISMATCH', () => encodeLabel(16, 1)],
    ['with a class over class.json', 'DATA_CLASS_RANGE', () => encodeLabel(32, 3)],
  ])('reports a label %s in its turn, and resumes once it is corrected', async (what, code, write) => {
    const [data, run] = [`data ${code}`, `x ${code}`];
    await cp(join(folder, 'data'), join(folder, data), { recursive: true });
    const label = join(folder, data, 'Heart-Phantom', 'label', 'p 3.png');
    const right = await readFile(label);
    await writeFile(label, await write());
    const args = [...TINY, '--steps', '8', '--checkpoint-steps', '0'];
    const ended = await train('--data', data, ...DATA.slice(2), ...args, '--out', run);
    expect(ended, what).toMatchObject({ code: 3 });
    const { error } = JSON.parse(ended.stdout);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/Heart-Phantom.*p 3/) });
    expect(error.hint).toContain(`samus train --resume ${run}`);
    await writeFile(label, right);
    expect(await train('--resume', run)).toMatchObject({ code: 0 });
    expect(await weights(run)).toEqual(await weights('done'));
  });

  describe.skipIf(process.platform === 'win32')('without room on the disk', () => {
    beforeAll(async () => {
      const args = [...DATA, ...TINY, '--steps', '20', '--checkpoint-steps', '4'];
      expect(await train(...args, '--out', 'long')).toMatchObject({ code: 0 });
    });

    // Files of at most so many blocks: every checkpoint is larger than 64, the lock than none.
    it.each([64, 0])('keeps the old checkpoint, and resumes bit for bit (%i blocks)', async (blocks) => {
      const run = `full ${blocks}`;
      await cp(join(folder, 'done'), join(folder, run), { recursive: true });
      const config = JSON.parse(await readFile(join(folder, run, 'config.json'), 'utf8'));
      await writeFile(join(folder, run, 'config.json'), JSON.stringify({ ...config, steps: 20 }));
      const before = await weights(run);
      const command = `ulimit -f ${blocks}; exec "${process.execPath}" "${PROGRAM}" train --resume "${run}" --json`;
      const ended = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
        execFile('bash', ['-c', command], { cwd: folder }, (error, stdout) => resolve({ code: error?.code, stdout }));
      });
      expect(ended.code).toBe(4);
      const { error } = JSON.parse(ended.stdout);
      expect(error).toMatchObject({ code: 'DISK_FULL', message: expect.stringContaining(join(run, '')) });
      expect(await weights(run)).toEqual(before);
      expect(filesIn(join(folder, run)).filter((name) => /\.writing|\.old|\.tmp|lock/.test(name))).toEqual([]);
      expect(await train('--resume', run)).toMatchObject({ code: 0 });
      expect(await weights(run)).toEqual(await weights('long'));
    });
  });

  it('recovers the last checkpoint from an interruption between any two moves of its replacement', async () => {
    const before = await weights('done');
    const steps: (() => Promise<void>)[] = [
      () => mkdir(join(folder, 'moved-1', 'last.writing')).then(() => undefined),
      async () => {
        await cp(join(folder, 'moved-2', 'last'), join(folder, 'moved-2', 'last.old'), { recursive: true });
        await rm(join(folder, 'moved-2', 'last'), { recursive: true });
        await mkdir(join(folder, 'moved-2', 'last.writing'));
      },
      () => mkdir(join(folder, 'moved-3', 'last.old')).then(() => undefined),
    ];
    for (const [i, interrupt] of steps.entries()) {
      const run = `moved-${i + 1}`;
      await cp(join(folder, 'done'), join(folder, run), { recursive: true });
      await interrupt();
      expect(await train('--resume', run)).toMatchObject({ code: 0 });
      expect(await weights(run)).toEqual(before);
      expect(filesIn(join(folder, run)).filter((name) => /\.writing|\.old/.test(name))).toEqual([]);
    }
  });
});
