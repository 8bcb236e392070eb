import { describe, expect, it } from 'vitest';
import { f32 } from '../../test/support/checkpointBytes.js';
import { STORED, stateDict, torchLegacy, torchParts, torchZip, WEIGHT } from '../../test/support/checkpointFiles.js';
import { dict, int, list, named, pickle, tensor, text } from '../../test/support/checkpointPickle.js';
import { zip } from '../../test/support/checkpointZip.js';
import { float32 } from '../graph/tensorData.js';
import { memorySource } from './byteSource.js';
import { readTorchCheckpoint, type TorchCheckpointOptions } from './torchCheckpoint.js';

const read = (file: Uint8Array, options?: TorchCheckpointOptions) => readTorchCheckpoint(memorySource(file), options);
const EXPECTED = [
  ['weight', float32([1, 2, 3, 4, 5, 6], [2, 3])],
  ['bias', float32([-1, 0.5], [2])],
];

describe('readTorchCheckpoint', () => {
  it('reads both containers', async () => {
    expect([...(await read(torchZip()))]).toEqual(EXPECTED);
    expect([...(await read(torchZip(stateDict(), STORED, { zip64: true })))]).toEqual(EXPECTED);
    expect([...(await read(torchLegacy()))]).toEqual(EXPECTED);
  });

  it('leaves out a list beside the weights, such as the mask_values of U-Net', async () => {
    const file = torchZip(named({ weight: tensor(WEIGHT), mask_values: list(int(0), int(255)) }));
    expect([...(await read(file)).keys()]).toEqual(['weight']);
  });

  it('refuses what is no file of torch.save', async () => {
    await expect(read(new Uint8Array(3))).rejects.toMatchObject({ code: 'CHECKPOINT_FORMAT' });
    await expect(read(new Uint8Array(0))).rejects.toMatchObject({ code: 'CHECKPOINT_FORMAT' });
  });

  it.each(['state_dict', 'model', 'model_state_dict'])('finds a state dict under %s', async (key) => {
    const training = named({ epoch: int(3), best: tensor({ ...WEIGHT, shape: [], strides: [] }), [key]: stateDict() });
    expect([...(await read(torchZip(training)))]).toEqual(EXPECTED);
  });

  it('takes a dict with such a key but no tensors in it for a state dict itself', async () => {
    expect([
      ...(await read(torchZip(named({ model: named({ name: text('b') }), weight: tensor(WEIGHT) })))).keys(),
    ]).toEqual(['weight']);
  });

  it('offers the dicts with tensors to who chooses, and reads what was chosen by the names given', async () => {
    const nets = named({ teacher: stateDict(), student: named({ weight: tensor(WEIGHT) }), note: text('a') });
    const file = torchZip(named({ nets, model: stateDict(), count: int(1) }));
    const seen: string[] = [];
    const state = await read(file, {
      choose(dicts) {
        seen.push(...dicts.map(({ key }) => key));
        return { key: 'nets.teacher', names: new Map([['bias', 'b']]) };
      },
    });
    expect(seen).toEqual(['model', 'nets.teacher', 'nets.student']);
    expect([...state]).toEqual([['b', EXPECTED[1]![1]]]);
  });

  it('takes module. off names once, or keeps it', async () => {
    const file = torchZip(
      named({ 'module.weight': tensor(WEIGHT), 'module.module.b': tensor(WEIGHT), 'a.module.c': tensor(WEIGHT) }),
    );
    expect([...(await read(file)).keys()]).toEqual(['weight', 'module.b', 'a.module.c']);
    expect([...(await read(file, { stripModulePrefix: false })).keys()]).toEqual([
      'module.weight',
      'module.module.b',
      'a.module.c',
    ]);
  });

  it('gives names no meaning and keeps their order', async () => {
    const names = ['b', '1', '__proto__', '0', 'constructor'];
    const file = torchZip(dict(names.map((name) => [text(name), tensor(WEIGHT)])));
    expect([...(await read(file)).keys()]).toEqual(names);
  });

  it('shares the memory of a storage among its tensors, and copies those that are not contiguous', async () => {
    const tail = { ...WEIGHT, offset: 4, shape: [2], strides: [1] };
    const turned = { ...WEIGHT, shape: [3, 2], strides: [1, 3] };
    const state = await read(torchZip(named({ weight: tensor(WEIGHT), tail: tensor(tail), turned: tensor(turned) })));
    expect(state.get('tail')).toEqual(float32([5, 6], [2]));
    expect(state.get('turned')).toEqual(float32([1, 4, 2, 5, 3, 6], [3, 2]));
    expect(state.get('tail')!.data.buffer).toBe(state.get('weight')!.data.buffer);
    expect(state.get('turned')!.data.buffer).not.toBe(state.get('weight')!.data.buffer);
  });

  it('reads storages of the state dict only, each once', async () => {
    const large = new Uint8Array(400_000);
    const moments = tensor({ key: '9', elements: 100_000, shape: [100_000], strides: [1] });
    const value = named({ optimizer: named({ m: moments }), model: named({ a: tensor(WEIGHT), b: tensor(WEIGHT) }) });
    for (const file of [
      torchZip(value, [...STORED, ['9', large]]),
      torchLegacy({
        value,
        keys: ['9', '0'],
        stored: [
          [100_000, large],
          [6, f32(1, 2, 3, 4, 5, 6)],
        ],
      }),
    ]) {
      const memory = memorySource(file);
      const reads: number[] = [];
      const source = {
        size: memory.size,
        read: (offset: number, length: number, into?: Uint8Array<ArrayBuffer>) => {
          reads.push(length);
          return memory.read(offset, length, into);
        },
      };
      expect((await readTorchCheckpoint(source)).get('b')).toEqual(EXPECTED[0]![1]);
      expect(reads.filter((length) => length === 24)).toHaveLength(1);
      expect(reads).not.toContain(400_000);
    }
  });

  it('checks the checksums of storages unless told not to', async () => {
    const parts = torchParts(pickle(stateDict())).map((part) =>
      part.name === 'net/data/1' ? { ...part, crc: 5 } : part,
    );
    await expect(read(zip(parts))).rejects.toMatchObject({ code: 'CHECKPOINT_ZIP_CRC' });
    expect([...(await read(zip(parts), { verifyChecksums: false }))]).toEqual(EXPECTED);
  });

  it('reads empty tensors, scalars and storages of nothing', async () => {
    const value = named({
      scalar: tensor({ ...WEIGHT, offset: 3, shape: [], strides: [] }),
      empty: tensor({ ...WEIGHT, offset: 6, shape: [2, 0], strides: [7, 1] }),
      nothing: tensor({ key: '1', elements: 0, shape: [0], strides: [1] }),
    });
    const file = torchZip(value, [STORED[0]!, ['1', new Uint8Array(0)]]);
    expect([...(await read(file))]).toEqual([
      ['scalar', float32([4], [])],
      ['empty', float32([], [2, 0])],
      ['nothing', float32([], [0])],
    ]);
  });
});
