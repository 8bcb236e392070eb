import { describe, expect, it } from 'vitest';
import { bytes, u32 } from '../../test/support/checkpointBytes.js';
import {
  dict,
  global,
  int,
  list,
  MARK,
  NONE,
  pickle,
  REDUCE,
  text,
  tuple,
} from '../../test/support/checkpointPickle.js';
import { unpickle } from './pickle.js';
import { PICKLE_LIMITS } from './pickleLimits.js';
import { PickleClass, PickleDict, PickleList, PickleOpaque, PickleTuple, type PickleValue } from './pickleValue.js';

const HOST = {
  classes: new Map([['math.add', new PickleClass('math.add', ([a, b]) => Number(a) + Number(b))]]),
  persistent: (id: PickleValue) => new PickleTuple(['persistent', id], 1),
};
const read = (...parts: Parameters<typeof pickle>) => plain(unpickle(pickle(...parts), HOST).value);

/** The value with containers as arrays. */
function plain(value: PickleValue): unknown {
  if (value instanceof PickleTuple || value instanceof PickleList) return value.items.map(plain);
  return value instanceof PickleDict ? [...value.entries].map(([key, item]) => [key, plain(item)]) : value;
}

describe('unpickle', () => {
  it('reads numbers exactly', () => {
    expect(read(tuple('K', 255, 'M', 1, 2, int(-5), int(2 ** 40), bytes(0x8a, 0), bytes(0x8a, 1, 0x80)))).toEqual([
      255,
      513,
      -5,
      2 ** 40,
      0,
      -128,
    ]);
    expect(read(int(2n ** 62n))).toBe(2n ** 62n);
    expect(read('G', 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a)).toBe(0.1);
    expect(read(tuple(0x88, 0x89, NONE))).toEqual([true, false, null]);
  });

  it('reads text, byte order mark included', () => {
    expect(read(text('\ufeffKühe 🐄'))).toBe('\ufeffKühe 🐄');
    expect(read('U', 2, 'ab')).toBe('ab');
    // Half of a surrogate pair, as Python writes it.
    expect(read('X', u32(5), 'a', 0xed, 0xa0, 0x80, 'b')).toBe('a\ufffdb');
  });

  it('reads containers of every opcode', () => {
    expect(read(tuple(')', NONE, 0x85, NONE, NONE, 0x86, NONE, NONE, NONE, 0x87))).toEqual([
      [],
      [null],
      [null, null],
      [null, null, null],
    ]);
    expect(read(list(int(1), bytes(']', int(2), 'a')))).toEqual([1, [2]]);
    expect(read('}', text('a'), int(1), 's', MARK, text('b'), int(2), 'u')).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('keeps the first place and the last value of a key, as Python does', () => {
    expect(
      read(
        dict([
          [text('a'), int(1)],
          [text('b'), int(2)],
          [text('a'), int(3)],
        ]),
      ),
    ).toEqual([
      ['a', 3],
      ['b', 2],
    ]);
  });

  it('gives keys no meaning', () => {
    expect(
      read(
        dict([
          [text('__proto__'), int(1)],
          [text('constructor'), int(2)],
        ]),
      ),
    ).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('remembers by short and long index', () => {
    expect(read(tuple(text('a'), 'q', 7, text('b'), 'r', u32(70_000), 'h', 7, 'j', u32(70_000)))).toEqual([
      'a',
      'b',
      'a',
      'b',
    ]);
  });

  it('takes what cannot change as a key, as Python does', () => {
    expect(read('}', tuple(int(1), int(2)), int(3), 's')).toEqual([[new PickleTuple([1, 2], 1), 3]]);
    expect(() => read('}', list(), int(3), 's')).toThrow(expect.objectContaining({ code: 'CHECKPOINT_PICKLE_KEY' }));
  });

  it('keeps a set as its name alone, whatever is done to it', () => {
    expect(unpickle(bytes(0x80, 3, 0x8f, '}', 'b.'), HOST).value).toEqual(new PickleOpaque('set'));
  });

  it('asks the host what calls and persistent ids mean', () => {
    expect(read(global('math', 'add'), tuple(int(2), int(3)), REDUCE)).toBe(5);
    expect(read(global('math', 'add'), tuple(int(2), int(3)), 0x81)).toBe(5);
    expect(read(text('7'), 'Q')).toEqual(['persistent', '7']);
  });

  it('ignores attributes of a dict', () => {
    expect(read(dict([[text('a'), int(1)]]), dict([[text('_metadata'), int(2)]]), 'b')).toEqual([['a', 1]]);
  });

  it('says where it ended and does not look further', () => {
    expect(unpickle(bytes(pickle(NONE), 0xff, 0xff), HOST).end).toBe(4);
  });

  it('names what it refuses', () => {
    const refuse =
      (...parts: Parameters<typeof pickle>) =>
      () =>
        unpickle(pickle(...parts), HOST);
    expect(refuse(global('os', 'system'))).toThrow(expect.objectContaining({ details: { class: 'os.system' } }));
    expect(refuse(0x93)).toThrow(expect.objectContaining({ details: { opcode: 'STACK_GLOBAL', at: 2 } }));
    expect(refuse(0xf3)).toThrow(expect.objectContaining({ details: { opcode: '0xf3', at: 2 } }));
    expect(refuse(global('\u001b[31mos', 'system'))).toThrow('"\\u001b[31mos.system"');
  });

  it.each([
    ['stack', 3, bytes(NONE, NONE, NONE), bytes(NONE)],
    ['marks', 2, bytes(MARK, MARK), bytes(MARK)],
    ['memo', 2, bytes(NONE, 'q', 0, 'q', 1, 'q', 1), bytes('q', 2)],
    ['objects', 3, bytes(')}]'), bytes(')')],
    ['items', 2, bytes(')', 0x85, ')', 0x85), bytes(0x86)],
    ['depth', 3, bytes(')', 0x85, 0x85), bytes(0x85)],
    ['text', 3, text('abc'), text('abcd')],
  ] as const)('stops at the limit of %s, not before', (what, most, within, beyond) => {
    const limits = { ...PICKLE_LIMITS, [what]: most };
    const code = (...parts: Parameters<typeof bytes>) => {
      try {
        unpickle(bytes(...parts), HOST, limits);
        return undefined;
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error;
      }
    };
    // Without a STOP the pickle within its limits ends too early.
    expect(code(within)).toBe('CHECKPOINT_TRUNCATED');
    expect(code(within, beyond)).toBe('CHECKPOINT_PICKLE_LIMIT');
  });
});
