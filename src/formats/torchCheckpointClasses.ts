/**
 * The closed list of classes and functions in a PyTorch checkpoint, for the pickle interpreter: those that
 * `torch.load(weights_only=True)` of PyTorch 2.13 accepts. Tensors become views of storages; what no model here has
 * use for (data types, sets, complex numbers, quantised or sparse tensors) is read and kept as a name. Sources:
 * `torch/_weights_only_unpickler.py`, `torch/_utils.py`.
 */
import { checkpointError, quoted } from './checkpointError.js';
import { checkedSize } from './checkpointTensor.js';
import type { PickleHost } from './pickle.js';
import { PickleClass, PickleDict, PickleList, PickleOpaque, PickleTuple, type PickleValue } from './pickleValue.js';
import {
  badArguments,
  isCount,
  pickleText,
  refusePersistent,
  STORAGES,
  storageOf,
  TorchStorage,
  TorchTensor,
} from './torchCheckpointPickle.js';

type Args = readonly PickleValue[];

/** More dimensions than PyTorch allows (64) cannot be a tensor. */
const MAX_RANK = 64;

/** A host for one checkpoint, and the storages that its pickle names, in the order in which it first does. */
export function torchHost(): { host: PickleHost; storages: ReadonlyMap<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>();
  return { host: { classes: CLASSES, persistent: (id) => storageOf(id, storages) }, storages };
}

/** A host for pickles that hold plain data only: the head of a legacy file. */
export const PLAIN_HOST: PickleHost = { classes: new Map(), persistent: refusePersistent };

const LETTERS = ['Double', 'Float', 'BFloat16', 'Half', 'Long', 'Int', 'Short', 'Char', 'Byte'];
const DTYPES = [
  ...'bfloat16 bool complex32 complex64 complex128 float16 float32 float64 qint8 qint32 quint8 quint2x4 quint4x2'.split(
    ' ',
  ),
  ...'float4_e2m1fn_x2 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu'.split(' '),
  ...'bits16 bits1x8 bits2x4 bits4x2 bits8'.split(' '),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64].flatMap((bits) => [`int${bits}`, `uint${bits}`]),
  ...'per_channel_affine per_channel_affine_float_qparams per_channel_symmetric'.split(' '),
  ...'per_tensor_affine per_tensor_symmetric'.split(' '),
];

const CLASSES: ReadonlyMap<string, PickleClass> = new Map(
  [
    new PickleClass('collections.OrderedDict', dict),
    new PickleClass('collections.Counter', dict),
    new PickleClass('torch._utils._rebuild_tensor', (args) => tensor(args, args.length === 4)),
    new PickleClass('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleClass('torch._utils._rebuild_parameter', (args) => first(args, 3)),
    new PickleClass('torch._utils._rebuild_parameter_with_state', (args) => first(args, 4)),
    new PickleClass('torch._utils._rebuild_device_tensor_from_cpu_tensor', (args) => first(args, 4)),
    new PickleClass('torch.nn.parameter.Parameter', (args) => first(args, args.length)),
    new PickleClass('torch._tensor._rebuild_from_type_v2', rebuildFromType),
    new PickleClass('torch.Size', (args) => args[0] ?? null),
    new PickleClass('torch.device', (args) => args[0] ?? null),
    ...opaque('bytes', '_codecs.encode'),
    // Protocol 2 has Python 2's name of the module.
    ...['builtins', '__builtin__'].flatMap((module) =>
      ['set', 'complex', 'bytearray'].flatMap((name) => opaque(name, `${module}.${name}`)),
    ),
    ...opaque('layout', 'torch.serialization._get_layout'),
    ...opaque('quantised tensor', 'torch._utils._rebuild_qtensor'),
    ...opaque('sparse tensor', 'torch._utils._rebuild_sparse_tensor'),
    ...opaque('tensor without numbers', 'torch._utils._rebuild_meta_tensor_no_storage'),
    ...opaque('nested tensor', 'torch._utils._rebuild_nested_tensor'),
    ...opaque('tensor subclass', 'torch._utils._rebuild_wrapper_subclass'),
    ...opaque('tensor of a device', 'torch._utils._rebuild_device_tensor_from_numpy'),
    // Data types that only storages without a type hold: 8-bit floats, unsigned integers.
    ...opaque('tensor of another data type', 'torch._utils._rebuild_tensor_v3'),
    ...opaque('empty tensor', 'torch.Tensor'),
    ...['torch', 'torch.cuda', 'torch.sparse', 'torch.cuda.sparse'].flatMap((module) =>
      [...LETTERS, 'Bool'].flatMap((letter) => opaque('empty tensor', `${module}.${letter}Tensor`)),
    ),
    ...DTYPES.map((name) => new PickleClass(`torch.${name}`)),
    ...[...STORAGES.keys()].map((name) => new PickleClass(name)),
  ].map((one) => [one.name, one]),
);

/** Something that is called with anything and gives a value of which only `what` is known. */
function opaque(what: string, name: string): PickleClass[] {
  return [new PickleClass(name, () => new PickleOpaque(what))];
}

/** `OrderedDict()`, `OrderedDict([[key, value], …])`, `Counter({…})` */
function dict(args: Args): PickleValue {
  const [content] = args;
  if (args.length > 1) throw badArguments('a dict', args);
  if (content instanceof PickleDict) return content;
  const made = new PickleDict();
  if (content === undefined) return made;
  const pairs = content instanceof PickleList || content instanceof PickleTuple ? content.items : [null];
  made.depth = content instanceof PickleList || content instanceof PickleTuple ? content.depth : 1;
  for (const pair of pairs) {
    const [key, value] = pair instanceof PickleList || pair instanceof PickleTuple ? pair.items : [];
    if (key === undefined || value === undefined || key instanceof PickleList || key instanceof PickleDict) {
      throw badArguments('a dict', args);
    }
    made.entries.set(key, value);
  }
  return made;
}

/** `(storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])` */
function rebuildTensor(args: Args): PickleValue {
  const [, , , , , , metadata] = args;
  // Metadata says that the numbers are to be negated or conjugated on reading.
  const plain =
    metadata === undefined || metadata === null || (metadata instanceof PickleDict && !metadata.entries.size);
  const made = tensor(args, args.length === 6 || args.length === 7);
  return plain ? made : new PickleOpaque('conjugated or negated tensor');
}

/** `(storage, offset, shape, strides, …)` */
function tensor(args: Args, fitting: boolean): PickleValue {
  const [storage, offset, shape, strides] = args;
  const dims = counts(shape);
  const steps = counts(strides);
  if (!fitting || !dims || !steps || !(storage instanceof TorchStorage)) throw badArguments('a tensor', args);
  const size = checkedSize(dims, storage.type);
  const fits = steps.length === dims.length && dims.length <= MAX_RANK && steps.every(isCount);
  if (size === undefined || !fits || !isCount(offset)) {
    throw checkpointError(
      'CHECKPOINT_TENSOR_SHAPE',
      `expected offset, shape and strides of a tensor, ` +
        `got ${pickleText(offset)}, [${dims.join(', ')}] and [${steps.join(', ')}]`,
    );
  }
  // Index of the last element, plus one. If the product is too large to be a safe integer, it is not within the storage.
  const end = size.elements === 0 ? offset : dims.reduce((at, n, d) => at + (n - 1) * steps[d]!, offset + 1);
  if (end > storage.elements) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_RANGE',
      `expected a tensor within the ${storage.elements} elements of storage ${quoted(storage.key)}, ` +
        `got shape [${dims.join(', ')}] up to element ${end}`,
    );
  }
  if (typeof storage.type === 'number') return new PickleOpaque('tensor of another data type');
  return new TorchTensor(storage, storage.type, offset, dims, steps, size.elements);
}

/** `(tensor, …)`: the tensor; gradients, hooks and attributes do not matter. */
function first(args: Args, length: number): PickleValue {
  const [data] = args;
  if (args.length === length && (data instanceof TorchTensor || data instanceof PickleOpaque)) return data;
  throw badArguments('a parameter', args);
}

/** `(function, type, arguments, state)`: a tensor with attributes. */
function rebuildFromType(args: Args): PickleValue {
  const [rebuild, type, inner] = args;
  const known = rebuild instanceof PickleClass && rebuild.call && type instanceof PickleClass;
  if (args.length === 4 && known && inner instanceof PickleTuple) return rebuild.call(inner.items);
  throw badArguments('a tensor with attributes', args);
}

/** The numbers of a tuple of whole numbers, which may still be negative. */
function counts(value: PickleValue | undefined): number[] | undefined {
  if (!(value instanceof PickleTuple)) return undefined;
  const numbers = value.items.filter((item) => typeof item === 'number');
  return numbers.length === value.items.length ? numbers : undefined;
}
