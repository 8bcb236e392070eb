/**
 * Checkpoints with one thing wrong each, by name, and the code of the check that must find it. Aimed at the checks of
 * the three formats; what no one thought of is left to the random changes of checkpoints.test.ts.
 */
import { bytes, f32, u16, u32, u64 } from '../support/checkpointBytes.js';
import {
  BIAS,
  patched,
  replaced,
  SAFETENSORS_DATA,
  STORED,
  safetensors,
  safetensorsHeader,
  stateDict,
  torchLegacy,
  torchParts,
  torchZip,
  WEIGHT,
} from '../support/checkpointFiles.js';
import {
  dict,
  global,
  hooks,
  int,
  list,
  MARK,
  NONE,
  named,
  PERSID,
  pickle,
  REDUCE,
  rebuilt,
  storage,
  tensor,
  text,
  tuple,
} from '../support/checkpointPickle.js';
import { zip } from '../support/checkpointZip.js';

export interface BrokenCheckpoint {
  readonly name: string;
  readonly code: string;
  readonly make: () => Uint8Array;
}

const HUGE = 2 ** 52;
const oneTensor = (...args: Parameters<typeof tensor>) => torchZip(named({ weight: tensor(...args) }));
const weightWith = (change: Partial<typeof WEIGHT>) => oneTensor({ ...WEIGHT, ...change });
/** The archive with some of its parts changed. */
const zipWith = (index: number, change: object) =>
  zip(torchParts(pickle(stateDict())).map((part, i) => (i === index ? { ...part, ...change } : part)));
const deep = (levels: number) => bytes(')', new Uint8Array(levels).fill(0x85));

const ZIP: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['zip cut in its directory', 'CHECKPOINT_TRUNCATED', () => torchZip().subarray(0, -40)],
  ['zip cut to its first bytes', 'CHECKPOINT_TRUNCATED', () => torchZip().subarray(0, 10)],
  ['wrong checksum of the pickle', 'CHECKPOINT_ZIP_CRC', () => zipWith(0, { crc: 1 })],
  ['wrong checksum of a storage', 'CHECKPOINT_ZIP_CRC', () => zipWith(2, { crc: 1 })],
  ['one bit of a number flipped', 'CHECKPOINT_ZIP_CRC', () => replaced(torchZip(), '\0\0\0@', '\0\0\x01@')],
  ['checksum 0 of one entry only', 'CHECKPOINT_ZIP_CRC', () => zipWith(0, { crc: 0 })],
  ['deflated pickle', 'CHECKPOINT_ZIP_COMPRESSED', () => zipWith(0, { method: 8 })],
  ['deflated storage', 'CHECKPOINT_ZIP_COMPRESSED', () => zipWith(2, { method: 8, length: 2 ** 31, packed: 24 })],
  ['method differs in the local header', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { localMethod: 8 })],
  ['encrypted entry', 'CHECKPOINT_ZIP_ENCRYPTED', () => zipWith(2, { flags: 0x809 })],
  ['name that climbs out', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: '../../version' })],
  ['absolute name', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: '/etc/version' })],
  ['name with a drive', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: 'C:version' })],
  ['name with backslashes', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: '..\\version' })],
  ['name with a zero byte', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: 'net/version\0' })],
  ['empty name', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: '' })],
  ['name that is no UTF-8', 'CHECKPOINT_ZIP_NAME', () => zipWith(4, { name: bytes('net/', 0xff) })],
  ['two entries of one name', 'CHECKPOINT_ZIP_DUPLICATE', () => zipWith(3, { name: 'net/data/0' })],
  ['local header of another name', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(3, { localName: 'net/data/2' })],
  ['two entries at one header', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(1, { header: 0 })],
  ['entry that reaches into the next', 'CHECKPOINT_ZIP_OVERLAP', () => zipWith(2, { length: 40 })],
  ['entry longer than the file', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { length: 0xfffffffe })],
  ['entry of 2^52 bytes by zip64', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { length: HUGE, long: true })],
  ['stored entry of two lengths', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { packed: 8 })],
  ['header behind the data', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { header: 0xfffffff0 })],
  ['header where there is none', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { header: 3 })],
  ['size that needs zip64 without it', 'CHECKPOINT_ZIP_DIRECTORY', () => zipWith(2, { length: 0xffffffff })],
  ['more entries claimed than listed', 'CHECKPOINT_ZIP_DIRECTORY', () => torchZip(stateDict(), STORED, { count: 6 })],
  ['fewer entries claimed than listed', 'CHECKPOINT_ZIP_DIRECTORY', () => torchZip(stateDict(), STORED, { count: 4 })],
  ['as many entries as can be claimed', 'CHECKPOINT_ZIP_LIMIT', () => torchZip(stateDict(), STORED, { count: 65_535 })],
  [
    '2^50 entries by zip64',
    'CHECKPOINT_ZIP_LIMIT',
    () => {
      const file = torchZip(stateDict(), STORED, { zip64: true });
      const record = file.length - 22 - 20 - 56;
      const marked = patched(file, file.length - 22 + 8, 0xff, 0xff, 0xff, 0xff);
      return patched(patched(marked, record + 24, ...u64(2 ** 50)), record + 32, ...u64(2 ** 50));
    },
  ],
  ['archive of several disks', 'CHECKPOINT_ZIP_DIRECTORY', () => torchZip(stateDict(), STORED, { disk: 1 })],
  [
    'directory somewhere else',
    'CHECKPOINT_ZIP_DIRECTORY',
    () => torchZip(stateDict(), STORED, { directoryShift: -30 }),
  ],
  [
    'bytes after the last entry of the directory',
    'CHECKPOINT_ZIP_DIRECTORY',
    () => torchZip(stateDict(), STORED, { afterDirectory: bytes('hello') }),
  ],
  [
    'end records that disagree',
    'CHECKPOINT_ZIP_DIRECTORY',
    () => {
      const file = torchZip(stateDict(), STORED, { zip64: true });
      return patched(file, file.length - 22 + 16, ...u32(7));
    },
  ],
  ['empty archive', 'CHECKPOINT_NOT_TORCH', () => zip([])],
  [
    'archive of something else',
    'CHECKPOINT_NOT_TORCH',
    () => zip([{ name: 'word/document.xml', data: bytes('<a/>') }]),
  ],
  [
    'two pickles',
    'CHECKPOINT_NOT_TORCH',
    () => zip([...torchParts(pickle(stateDict())), { name: 'other/data.pkl', data: pickle(stateDict()) }]),
  ],
  [
    'TorchScript program',
    'CHECKPOINT_TORCHSCRIPT',
    () => zip([...torchParts(pickle(stateDict())), { name: 'net/constants.pkl', data: pickle(')') }]),
  ],
  ['big-endian numbers', 'CHECKPOINT_BYTE_ORDER', () => zipWith(1, { data: bytes('big') })],
  ['storage without an entry', 'CHECKPOINT_STORAGE_MISSING', () => torchZip(stateDict(), STORED.slice(0, 1))],
  ['storage key that climbs out', 'CHECKPOINT_STORAGE_MISSING', () => weightWith({ key: '../version' })],
  ['storage that claims more than its entry', 'CHECKPOINT_STORAGE_SIZE', () => weightWith({ elements: 7 })],
  [
    'storage that claims less than its entry',
    'CHECKPOINT_STORAGE_SIZE',
    () => weightWith({ elements: 6, type: 'Half' }),
  ],
  [
    'storage of 2^40 elements',
    'CHECKPOINT_STORAGE_SIZE',
    () => weightWith({ elements: 2 ** 40, shape: [2 ** 40], strides: [1] }),
  ],
  ['bytes after the pickle', 'CHECKPOINT_PICKLE_TRAILING', () => zip(torchParts(bytes(pickle(stateDict()), 'N')))],
  [
    'boolean of 2',
    'CHECKPOINT_BOOL_VALUE',
    () => torchZip(named({ a: tensor({ ...BIAS, type: 'Bool', elements: 2 }) }), [['1', bytes(1, 2)]]),
  ],
];

const PICKLE: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['os.system', 'CHECKPOINT_PICKLE_CLASS', () => torchZip(bytes(global('os', 'system'), tuple(text('true')), REDUCE))],
  ['builtins.eval', 'CHECKPOINT_PICKLE_CLASS', () => torchZip(named({ a: global('builtins', 'eval') }))],
  ['class named as a property of objects', 'CHECKPOINT_PICKLE_CLASS', () => torchZip(global('constructor', 'name'))],
  ['complex storage', 'CHECKPOINT_NO_STATE_DICT', () => weightWith({ type: 'ComplexFloat' })],
  ['class name without an end', 'CHECKPOINT_PICKLE_LIMIT', () => torchZip(bytes('c', 'a'.repeat(5000)))],
  ['class name cut short', 'CHECKPOINT_TRUNCATED', () => torchZip(bytes('cos'))],
  ['opcode STACK_GLOBAL', 'CHECKPOINT_PICKLE_OPCODE', () => torchZip(bytes(text('os'), text('system'), 0x93))],
  ['opcode INST', 'CHECKPOINT_PICKLE_OPCODE', () => torchZip(bytes(MARK, 'ios\nsystem\n'))],
  [
    'opcode NEWOBJ of a name that cannot be called',
    'CHECKPOINT_PICKLE_CALL',
    () => torchZip(bytes(global('torch', 'float32'), ')', 0x81)),
  ],
  ['opcode EXT1', 'CHECKPOINT_PICKLE_OPCODE', () => torchZip(bytes(0x82, 1))],
  ['pickle protocol 4', 'CHECKPOINT_PICKLE_PROTOCOL', () => zip(torchParts(bytes(0x80, 4, 'N.')))],
  [
    'call of a storage class',
    'CHECKPOINT_PICKLE_CALL',
    () => torchZip(bytes(global('torch', 'FloatStorage'), ')', REDUCE)),
  ],
  ['call of a text', 'CHECKPOINT_PICKLE_CALL', () => torchZip(bytes(text('os.system'), ')', REDUCE))],
  ['call with a list', 'CHECKPOINT_PICKLE_TYPE', () => torchZip(bytes(global('torch', 'Size'), ']', REDUCE))],
  ['attributes of a list', 'CHECKPOINT_PICKLE_TYPE', () => torchZip(bytes(']', '}', 'b'))],
  ['append to a dict', 'CHECKPOINT_PICKLE_TYPE', () => torchZip(bytes('}', NONE, 'a'))],
  ['item of a tuple', 'CHECKPOINT_PICKLE_TYPE', () => torchZip(bytes(')', NONE, NONE, 's'))],
  ['key without a value', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes('}', MARK, NONE, 'u'))],
  ['list as a key', 'CHECKPOINT_PICKLE_KEY', () => torchZip(dict([[list(), NONE]]))],
  ['pop from nothing', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes(0x85))],
  ['pop through a mark', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes(NONE, MARK, 0x85))],
  ['tuple without a mark', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes('t'))],
  ['two values at the end', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes(stateDict(), NONE))],
  ['no value at the end', 'CHECKPOINT_PICKLE_STACK', () => torchZip(bytes())],
  ['memo that was never set', 'CHECKPOINT_PICKLE_MEMO', () => torchZip(bytes('j', u32(4_000_000_000)))],
  ['text longer than the pickle', 'CHECKPOINT_TRUNCATED', () => torchZip(bytes('X', u32(1_000_000), 'a'))],
  ['text of 4 GB', 'CHECKPOINT_PICKLE_LIMIT', () => torchZip(bytes('X', u32(0xffffffff), 'a'))],
  ['text that is no UTF-8', 'CHECKPOINT_PICKLE_TEXT', () => torchZip(bytes('X', u32(2), 0xed, 0xa0))],
  ['tuples in tuples', 'CHECKPOINT_PICKLE_LIMIT', () => torchZip(deep(1000))],
  [
    'list in itself',
    'CHECKPOINT_PICKLE_LIMIT',
    () => torchZip(bytes(']', 'q', 0, ...Array(100).fill(['h', 0, 'a']).flat())),
  ],
  ['endless stack', 'CHECKPOINT_PICKLE_LIMIT', () => torchZip(new Uint8Array(100_000).fill(0x4e))],
  ['endless marks', 'CHECKPOINT_PICKLE_LIMIT', () => torchZip(new Uint8Array(100_000).fill(0x28))],
  [
    'tuples that double by the memo',
    'CHECKPOINT_PICKLE_LIMIT',
    () =>
      torchZip(
        bytes(')', ...Array.from({ length: 60 }, (_, i) => bytes('q', i, 'h', i, 0x86)), ...Array(20).fill(0x85)),
      ),
  ],
  [
    'module saved with its source',
    'CHECKPOINT_PICKLE_PERSISTENT',
    () => torchZip(bytes(tuple(text('module'), text('Net'), text('net.py'), text('...')), PERSID)),
  ],
  ['storage id that is a number', 'CHECKPOINT_PICKLE_PERSISTENT', () => torchZip(bytes(int(7), PERSID))],
  [
    'storage of a class that is none',
    'CHECKPOINT_PICKLE_ARGUMENTS',
    () =>
      torchZip(
        bytes(tuple(text('storage'), global('collections', 'OrderedDict'), text('0'), text('cpu'), int(6)), PERSID),
      ),
  ],
  [
    'storage that is a view',
    'CHECKPOINT_STORAGE_VIEW',
    () => {
      const view = tuple(text('1'), int(0), int(2));
      return torchZip(
        bytes(tuple(text('storage'), global('torch', 'FloatStorage'), text('0'), text('cpu'), int(6), view), PERSID),
      );
    },
  ],
  [
    'storage of two data types',
    'CHECKPOINT_STORAGE_CONFLICT',
    () => torchZip(named({ weight: tensor(WEIGHT), again: tensor({ ...WEIGHT, type: 'Int' }) })),
  ],
  ['storage of -1 elements', 'CHECKPOINT_STORAGE_SIZE', () => weightWith({ elements: -1 })],
  ['storage of 2^62 elements', 'CHECKPOINT_STORAGE_SIZE', () => weightWith({ elements: 2n ** 62n })],
  ['tensor one beyond its storage', 'CHECKPOINT_STORAGE_RANGE', () => weightWith({ offset: 1 })],
  ['strides that reach beyond', 'CHECKPOINT_STORAGE_RANGE', () => weightWith({ strides: [3, 2] })],
  ['shape that overflows 2^53', 'CHECKPOINT_TENSOR_SHAPE', () => weightWith({ shape: [HUGE, HUGE], strides: [0, 0] })],
  [
    'empty shape that overflows',
    'CHECKPOINT_TENSOR_SHAPE',
    () => weightWith({ shape: [0, HUGE, HUGE], strides: [0, 0, 0] }),
  ],
  ['strides that overflow', 'CHECKPOINT_STORAGE_RANGE', () => weightWith({ shape: [2, 3], strides: [HUGE, HUGE] })],
  ['negative dimension', 'CHECKPOINT_TENSOR_SHAPE', () => weightWith({ shape: [-2, 3] })],
  ['negative stride', 'CHECKPOINT_TENSOR_SHAPE', () => weightWith({ strides: [3, -1], offset: 3 })],
  ['negative offset', 'CHECKPOINT_TENSOR_SHAPE', () => weightWith({ offset: -1 })],
  ['strides of another rank', 'CHECKPOINT_TENSOR_SHAPE', () => weightWith({ strides: [1] })],
  [
    'shape of 65 dimensions',
    'CHECKPOINT_TENSOR_SHAPE',
    () => weightWith({ shape: Array(65).fill(1), strides: Array(65).fill(1) }),
  ],
  ['dimension that is no number', 'CHECKPOINT_PICKLE_ARGUMENTS', () => weightWith({ shape: [2n ** 62n, 3] })],
  [
    'tensor without a storage',
    'CHECKPOINT_PICKLE_ARGUMENTS',
    () => torchZip(rebuilt(text('0'), int(0), tuple(int(1)), tuple(int(1)), 0x89, hooks())),
  ],
  [
    'tensor to be negated on reading',
    'CHECKPOINT_NO_STATE_DICT',
    () => torchZip(rebuilt(storage(WEIGHT), int(0), tuple(int(6)), tuple(int(1)), 0x89, hooks(), named({ neg: 0x88 }))),
  ],
  [
    'parameter of no tensor',
    'CHECKPOINT_PICKLE_ARGUMENTS',
    () => torchZip(bytes(global('torch._utils', '_rebuild_parameter'), tuple(NONE, 0x88, hooks()), REDUCE)),
  ],
  [
    'one number repeated to a terabyte',
    'CHECKPOINT_COPY_LIMIT',
    () => weightWith({ shape: [2 ** 20, 2 ** 18], strides: [0, 0] }),
  ],
  [
    'many copies of one storage',
    'CHECKPOINT_COPY_LIMIT',
    () => {
      const copy = tensor({ ...WEIGHT, shape: [50_000], strides: [0] });
      return torchZip(dict(Array.from({ length: 8 }, (_, i) => [text(`t${i}`), copy])));
    },
  ],
  ['a list of tensors', 'CHECKPOINT_NO_STATE_DICT', () => torchZip(list(tensor(WEIGHT)))],
  ['no tensor at all', 'CHECKPOINT_NO_STATE_DICT', () => torchZip(named({ epoch: int(3), state_dict: named({}) }))],
  ['number as a name', 'CHECKPOINT_NO_STATE_DICT', () => torchZip(dict([[int(0), tensor(WEIGHT)]]))],
  [
    'name with and without module.',
    'CHECKPOINT_TENSOR_DUPLICATE',
    () => torchZip(named({ 'module.a': tensor(WEIGHT), a: tensor(BIAS) })),
  ],
];

const LEGACY: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['legacy file cut in a storage', 'CHECKPOINT_TRUNCATED', () => torchLegacy().subarray(0, -1)],
  ['legacy file cut in its pickles', 'CHECKPOINT_TRUNCATED', () => torchLegacy().subarray(0, 150)],
  ['bytes after the last storage', 'CHECKPOINT_TRAILING', () => torchLegacy({ after: bytes(0) })],
  ['legacy version 1002', 'CHECKPOINT_LEGACY_HEADER', () => torchLegacy({ version: 1002 })],
  ['system that is no dict', 'CHECKPOINT_LEGACY_HEADER', () => torchLegacy({ system: bytes(NONE) })],
  ['legacy big-endian numbers', 'CHECKPOINT_BYTE_ORDER', () => torchLegacy({ system: named({ little_endian: 0x89 }) })],
  ['class in the head', 'CHECKPOINT_PICKLE_CLASS', () => torchLegacy({ system: global('torch', 'FloatStorage') })],
  ['key that no tensor has', 'CHECKPOINT_LEGACY_KEYS', () => torchLegacy({ keys: ['0', '1', '2'] })],
  ['key that is missing', 'CHECKPOINT_LEGACY_KEYS', () => torchLegacy({ keys: ['0'] })],
  ['key given twice', 'CHECKPOINT_LEGACY_KEYS', () => torchLegacy({ keys: ['0', '1', '0'] })],
  ['storage of another length', 'CHECKPOINT_STORAGE_SIZE', () => torchLegacy({ stored: [[5, f32(1, 2, 3, 4, 5, 6)]] })],
  [
    'storage of negative length',
    'CHECKPOINT_STORAGE_SIZE',
    () =>
      torchLegacy({
        stored: [
          [-6, f32(1, 2, 3, 4, 5, 6)],
          [2, f32(0, 0)],
        ],
      }),
  ],
  [
    'legacy storage of 2^40 elements',
    'CHECKPOINT_TRUNCATED',
    () => torchLegacy({ value: named({ a: tensor({ ...WEIGHT, elements: 2 ** 40 }), b: tensor(BIAS) }) }),
  ],
  ['legacy os.system', 'CHECKPOINT_PICKLE_CLASS', () => torchLegacy({ value: global('posix', 'system') })],
];

const SAFE = SAFETENSORS_DATA;
const header = safetensorsHeader;
const SAFETENSORS: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['data cut short', 'CHECKPOINT_TRUNCATED', () => safetensors(header(), SAFE).subarray(0, -1)],
  ['header cut short', 'CHECKPOINT_TRUNCATED', () => safetensors(header()).subarray(0, 60)],
  ['header of 2^63 bytes', 'SAFETENSORS_HEADER_SIZE', () => safetensors(header(), SAFE, -(2n ** 63n))],
  ['header of 100,000,001 bytes', 'SAFETENSORS_HEADER_SIZE', () => safetensors(header(), SAFE, 100_000_001n)],
  ['header of no bytes', 'SAFETENSORS_HEADER_SIZE', () => safetensors(header(), SAFE, 0n)],
  ['header that ends too early', 'SAFETENSORS_HEADER', () => safetensors(header(), SAFE, 100n)],
  [
    'header that ends in the data',
    'SAFETENSORS_HEADER',
    () => safetensors(header(), SAFE, BigInt(header().length + 8)),
  ],
  ['header that is no UTF-8', 'SAFETENSORS_HEADER', () => patched(safetensors(header(), SAFE), 12, 0xff)],
  ['something after the header', 'SAFETENSORS_HEADER', () => safetensors(`${header()} x`, SAFE)],
  ['comma before the end', 'SAFETENSORS_HEADER', () => safetensors(header({}, ','), SAFE)],
  ['tensor given twice', 'SAFETENSORS_DUPLICATE_KEY', () => safetensors(header({}, ',"bias":{}'), SAFE)],
  [
    'tensor given twice, once escaped',
    'SAFETENSORS_DUPLICATE_KEY',
    () => safetensors(header({}, ',"\\u0062ias":{}'), SAFE),
  ],
  [
    'field given twice',
    'SAFETENSORS_DUPLICATE_KEY',
    () => safetensors(header().replace('"shape":[2]', '"shape":[2],"shape":[2]'), SAFE),
  ],
  [
    'metadata given twice',
    'SAFETENSORS_DUPLICATE_KEY',
    () => safetensors(header({}, ',"__metadata__":{},"__metadata__":{}'), SAFE),
  ],
  ['metadata that is a number', 'SAFETENSORS_METADATA', () => safetensors(header({}, ',"__metadata__":{"a":1}'), SAFE)],
  ['metadata that is a list', 'SAFETENSORS_HEADER', () => safetensors(header({}, ',"__metadata__":[]'), SAFE)],
  ['field that is unknown', 'SAFETENSORS_HEADER', () => safetensors(header({ device: 'cpu' }), SAFE)],
  [
    'entry without a shape',
    'SAFETENSORS_HEADER',
    () => safetensors('{"a":{"dtype":"F32","data_offsets":[0,4]}}', SAFE),
  ],
  ['three offsets', 'SAFETENSORS_HEADER', () => safetensors(header({ data_offsets: [0, 24, 24] }), SAFE)],
  ['negative dimension in a header', 'SAFETENSORS_HEADER', () => safetensors(header({ shape: [-2, -3] }), SAFE)],
  ['fraction as a dimension', 'SAFETENSORS_HEADER', () => safetensors(header({ shape: [1.5, 4] }), SAFE)],
  [
    'dimension beyond 2^53',
    'SAFETENSORS_HEADER',
    () => safetensors(header().replace('[2,3]', '[9007199254740993,0]'), SAFE),
  ],
  ['dimension with a leading zero', 'SAFETENSORS_HEADER', () => safetensors(header().replace('[2,3]', '[02,3]'), SAFE)],
  [
    'half a surrogate pair as a name',
    'SAFETENSORS_HEADER',
    () => safetensors(header().replace('weight', '\\ud800'), SAFE),
  ],
  ['line feed in a name', 'SAFETENSORS_HEADER', () => safetensors(header().replace('weight', 'wei\nht'), SAFE)],
  [
    '8-bit floats that fill less than their span',
    'SAFETENSORS_SHAPE',
    () => safetensors(header({ dtype: 'F8_E4M3' }), SAFE),
  ],
  [
    'data type named as a property of objects',
    'SAFETENSORS_DTYPE',
    () => safetensors(header({ dtype: 'toString' }), SAFE),
  ],
  ['shape smaller than the span', 'SAFETENSORS_SHAPE', () => safetensors(header({ shape: [2, 2] }), SAFE)],
  ['shape larger than the span', 'SAFETENSORS_SHAPE', () => safetensors(header({ shape: [2, 4] }), SAFE)],
  ['shape that overflows', 'SAFETENSORS_SHAPE', () => safetensors(header({ shape: [HUGE, HUGE] }), SAFE)],
  ['span that ends before it starts', 'SAFETENSORS_SHAPE', () => safetensors(header({ data_offsets: [24, 0] }), SAFE)],
  [
    'hole before the first tensor',
    'SAFETENSORS_OFFSETS',
    () => safetensors(header({ shape: [5], data_offsets: [4, 24] }), SAFE),
  ],
  [
    'hole between tensors',
    'SAFETENSORS_OFFSETS',
    () => safetensors(header({ shape: [5], data_offsets: [0, 20] }), SAFE),
  ],
  [
    'tensors that overlap',
    'SAFETENSORS_OFFSETS',
    () => safetensors(header({ shape: [7], data_offsets: [0, 28] }), SAFE),
  ],
  [
    'tensors at one place',
    'SAFETENSORS_OFFSETS',
    () => safetensors(header({ shape: [2], data_offsets: [24, 32] }), SAFE),
  ],
  ['bytes after the last tensor', 'SAFETENSORS_OFFSETS', () => safetensors(header(), bytes(SAFE, 0))],
  [
    'tensor of a terabyte',
    'CHECKPOINT_TRUNCATED',
    () => safetensors(`{"a":{"dtype":"U8","shape":[${2 ** 40}],"data_offsets":[0,${2 ** 40}]}}`, SAFE),
  ],
  [
    'boolean of 255',
    'CHECKPOINT_BOOL_VALUE',
    () => safetensors('{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}', bytes(1, 255)),
  ],
];

const OTHER: readonly (readonly [string, string, () => Uint8Array])[] = [
  ['empty file', 'CHECKPOINT_EMPTY', () => bytes()],
  ['web page', 'CHECKPOINT_FORMAT', () => bytes('<!DOCTYPE html><html></html>')],
  ['bare pickle', 'CHECKPOINT_FORMAT', () => pickle(stateDict())],
  ['one byte', 'CHECKPOINT_FORMAT', () => bytes(0)],
  ['header with a space before its brace', 'CHECKPOINT_FORMAT', () => safetensors(` ${header()}`, SAFE)],
  ['a zip signature only', 'CHECKPOINT_TRUNCATED', () => bytes('PK', 3, 4, u16(0))],
];

export const BROKEN: readonly BrokenCheckpoint[] = [...ZIP, ...PICKLE, ...LEGACY, ...SAFETENSORS, ...OTHER].map(
  ([name, code, make]) => ({ name, code, make }),
);
