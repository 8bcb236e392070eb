import { describe, expect, it } from 'vitest';
import { restartRecord, scalarsRecord, versionRecord } from './eventFile.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

// The bytes that TensorBoard 2.21 (tensorboard.compat.proto and its RecordWriter) gives for the same events.
describe('event records', () => {
  it('begin with the version of the format', () => {
    expect(hex(versionRecord(1.5))).toBe(
      '1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c',
    );
  });

  it('contain the scalars of a step', () => {
    expect(hex(scalarsRecord(2.25, 300, { loss: 0.5, 'val_dice/A/1': 0.25 }))).toBe(
      '300000000000000095f5d05f09000000000000024010ac022a220a0b0a046c6f7373150000003f0a130a0c76616c5f646963652f412f31150000803ee1f1c464',
    );
  });

  it('mark where a resumed training continues', () => {
    expect(hex(restartRecord(3, 41))).toBe('0f000000000000006d532b0909000000000000084010293a020801b68ab541');
  });
});
