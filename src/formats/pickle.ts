/**
 * Interpreter of pickles as torch.save writes them. It executes nothing: opcodes, classes and callables are closed
 * lists, and what a call means is decided by the host, not by the file. Everything that grows is bounded, so that a
 * small file cannot ask for much. It is not a general unpickler and must not become one.
 */
import { checkpointError, quoted } from './checkpointError.js';
import { PickleBytes } from './pickleBytes.js';
import { PICKLE_LIMITS, type PickleLimits } from './pickleLimits.js';
import { OP, refusedOpcode } from './pickleOpcodes.js';
import {
  PickleClass,
  PickleDict,
  type PickleKey,
  PickleList,
  PickleOpaque,
  PickleTuple,
  type PickleValue,
  pickleKind,
} from './pickleValue.js';

export interface PickleHost {
  /** The closed list: name with module to what stands for it. */
  readonly classes: ReadonlyMap<string, PickleClass>;
  /** What a persistent id stands for (in a checkpoint: a storage). */
  persistent(id: PickleValue): PickleValue;
}

/** Module and name of a class each fit into this many bytes. */
const NAME_BYTES = 255;

/**
 * The value that the pickle at the start of `bytes` describes, and where it ends (bytes after it are not looked at).
 * @throws SamusError CHECKPOINT_TRUNCATED; CHECKPOINT_PICKLE_OPCODE, _CLASS, _CALL, _PROTOCOL for what is not on the
 *   closed lists; CHECKPOINT_PICKLE_LIMIT; CHECKPOINT_PICKLE_STACK, _MEMO, _TYPE, _KEY, _TEXT for what is malformed;
 *   and whatever the host throws
 */
export function unpickle(
  bytes: Uint8Array,
  host: PickleHost,
  limits: PickleLimits = PICKLE_LIMITS,
): { value: PickleValue; end: number } {
  return new Interpreter(bytes, host, limits).run();
}

class Interpreter {
  readonly #input: PickleBytes;
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at which a mark was set. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #objects = 0;
  #items = 0;

  constructor(
    bytes: Uint8Array,
    readonly host: PickleHost,
    readonly limits: PickleLimits,
  ) {
    this.#input = new PickleBytes(bytes);
  }

  run(): { value: PickleValue; end: number } {
    const opcodes = this.#opcodes();
    for (;;) {
      const at = this.#input.position;
      const code = this.#input.uint8();
      if (code === OP.STOP) return { value: this.#last(), end: this.#input.position };
      const step = opcodes.get(code);
      if (step === undefined) throw refused(refusedOpcode(code), at);
      step();
    }
  }

  #opcodes(): ReadonlyMap<number, () => void> {
    const input = this.#input;
    return new Map([
      [OP.PROTO, () => this.#protocol(input.uint8())],
      [OP.MARK, () => this.#within('marks', this.#marks.push(this.#stack.length))],
      [OP.NONE, () => this.#push(null)],
      [OP.NEWTRUE, () => this.#push(true)],
      [OP.NEWFALSE, () => this.#push(false)],
      [OP.BININT, () => this.#push(input.int32())],
      [OP.BININT1, () => this.#push(input.uint8())],
      [OP.BININT2, () => this.#push(input.uint16())],
      [OP.LONG1, () => this.#push(input.long(input.uint8()))],
      [OP.BINFLOAT, () => this.#push(input.float64())],
      [OP.BINUNICODE, () => this.#text(input.uint32())],
      [OP.SHORT_BINSTRING, () => this.#text(input.uint8())],
      [OP.EMPTY_TUPLE, () => this.#tuple([])],
      [OP.TUPLE1, () => this.#tuple(this.#popMany(1))],
      [OP.TUPLE2, () => this.#tuple(this.#popMany(2))],
      [OP.TUPLE3, () => this.#tuple(this.#popMany(3))],
      [OP.TUPLE, () => this.#tuple(this.#popMark())],
      [OP.EMPTY_LIST, () => this.#make(new PickleList())],
      [OP.EMPTY_DICT, () => this.#make(new PickleDict())],
      [OP.EMPTY_SET, () => this.#make(new PickleOpaque('set'))],
      [OP.APPEND, () => this.#append(this.#popMany(1))],
      [OP.APPENDS, () => this.#append(this.#popMark())],
      [OP.SETITEM, () => this.#set(this.#popMany(2))],
      [OP.SETITEMS, () => this.#set(this.#popMark())],
      [OP.GLOBAL, () => this.#push(this.#class())],
      [OP.REDUCE, () => this.#call()],
      [OP.NEWOBJ, () => this.#call()],
      [OP.BUILD, () => this.#build()],
      [OP.BINPERSID, () => this.#make(this.host.persistent(this.#pop()))],
      [OP.BINPUT, () => this.#remember(input.uint8())],
      [OP.LONG_BINPUT, () => this.#remember(input.uint32())],
      [OP.BINGET, () => this.#recall(input.uint8())],
      [OP.LONG_BINGET, () => this.#recall(input.uint32())],
    ]);
  }

  #text(length: number): void {
    this.#within('text', length);
    this.#push(this.#input.text(length));
  }

  #protocol(version: number): void {
    if (version === 2 || version === 3) return;
    throw checkpointError(
      'CHECKPOINT_PICKLE_PROTOCOL',
      `expected pickle protocol 2 or 3, got ${version}`,
      'save it again with torch.save and its default protocol',
      { protocol: version },
    );
  }

  /** Rejects a count above its limit before allocating anything. */
  #within(what: keyof PickleLimits, count: number): void {
    if (count <= this.limits[what]) return;
    throw checkpointError(
      'CHECKPOINT_PICKLE_LIMIT',
      `expected at most ${this.limits[what]} (${what}) in the pickle, got ${count}`,
      'save the state dict alone',
      { limit: what, most: this.limits[what] },
    );
  }

  #push(value: PickleValue): void {
    this.#within('stack', this.#stack.push(value));
  }

  /** Pushes something that takes memory. */
  #make(value: PickleValue): void {
    this.#objects += 1;
    this.#within('objects', this.#objects);
    this.#push(value);
  }

  /** Height below which the innermost mark keeps the stack closed. */
  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - count < this.#floor) {
      throw checkpointError(
        'CHECKPOINT_PICKLE_STACK',
        `expected a pickle stack of at least ${count}, got ${this.#stack.length - this.#floor}`,
      );
    }
    return this.#stack.splice(this.#stack.length - count);
  }

  #pop(): PickleValue {
    return this.#popMany(1)[0] ?? null;
  }

  #popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark !== undefined) return this.#stack.splice(mark);
    throw checkpointError('CHECKPOINT_PICKLE_STACK', 'expected a mark on the stack of the pickle, got none');
  }

  /** The value on top, which stays there. */
  #top(): PickleValue {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }

  #last(): PickleValue {
    if (this.#stack.length === 1 && this.#marks.length === 0) return this.#pop();
    throw checkpointError(
      'CHECKPOINT_PICKLE_STACK',
      `expected one value at the end of the pickle, got ${this.#stack.length} (and ${this.#marks.length} marks)`,
    );
  }

  /** Counts items that go into a container and gives the depth that the container gets by them. */
  #hold(values: readonly PickleValue[]): number {
    this.#items += values.length;
    this.#within('items', this.#items);
    let depth = 1;
    for (const value of values) {
      const inner = value instanceof PickleTuple || value instanceof PickleList || value instanceof PickleDict;
      if (inner && value.depth >= depth) depth = value.depth + 1;
    }
    this.#within('depth', depth);
    return depth;
  }

  #tuple(items: readonly PickleValue[]): void {
    this.#make(new PickleTuple(items, this.#hold(items)));
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!(list instanceof PickleList)) throw this.#wrong('a list to append to', list);
    list.depth = Math.max(list.depth, this.#hold(items));
    for (const item of items) list.items.push(item);
  }

  #set(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) throw this.#wrong('a dict to set items of', dict);
    if (items.length % 2 !== 0)
      throw checkpointError(
        'CHECKPOINT_PICKLE_STACK',
        'expected a value for each key in the pickle, got a key without one',
      );
    dict.depth = Math.max(dict.depth, this.#hold(items));
    for (let i = 0; i < items.length; i += 2) dict.entries.set(asKey(items[i]!), items[i + 1]!);
  }

  #class(): PickleClass {
    const module = this.#input.line(NAME_BYTES);
    const name = module === undefined ? undefined : this.#input.line(NAME_BYTES);
    if (module === undefined || name === undefined) {
      throw checkpointError(
        'CHECKPOINT_PICKLE_LIMIT',
        `expected class names of at most ${NAME_BYTES} bytes in the pickle, got a longer one`,
      );
    }
    const full = `${module}.${name}`;
    const found = this.host.classes.get(full);
    if (found !== undefined) return found;
    throw checkpointError(
      'CHECKPOINT_PICKLE_CLASS',
      `expected a class of a state dict in the checkpoint, got ${quoted(full)}`,
      'nothing was executed; load it in PyTorch where you trust it, and save model.state_dict() alone',
      { class: full },
    );
  }

  /** A function or a new object of a class: what it gives is decided by the closed list alike. */
  #call(): void {
    const [callable, args] = this.#popMany(2);
    if (!(args instanceof PickleTuple)) throw this.#wrong('a tuple of arguments', args ?? null);
    if (!(callable instanceof PickleClass) || callable.call === undefined) {
      throw checkpointError(
        'CHECKPOINT_PICKLE_CALL',
        `expected something to call in the pickle, got ${pickleKind(callable ?? null)}`,
      );
    }
    this.#make(callable.call(args.items));
  }

  /** Attributes of a state dict (`_metadata`: versions of its modules) say nothing about its tensors. */
  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (target instanceof PickleOpaque) return;
    if (!(target instanceof PickleDict)) throw this.#wrong('a dict to give attributes to', target);
    if (!(state instanceof PickleDict)) throw this.#wrong('a dict of attributes', state);
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top());
    this.#within('memo', this.#memo.size);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) {
      throw checkpointError('CHECKPOINT_PICKLE_MEMO', `item ${index} in the memo of the pickle is missing`);
    }
    this.#push(value);
  }

  #wrong(expected: string, got: PickleValue): Error {
    return checkpointError('CHECKPOINT_PICKLE_TYPE', `expected ${expected} in the pickle, got ${pickleKind(got)}`);
  }
}

function asKey(value: PickleValue): PickleKey {
  if (!(value instanceof PickleList) && !(value instanceof PickleDict)) return value;
  throw checkpointError(
    'CHECKPOINT_PICKLE_KEY',
    `expected a value that cannot change as a key, got ${pickleKind(value)}`,
  );
}

function refused(opcode: string, at: number): Error {
  return checkpointError(
    'CHECKPOINT_PICKLE_OPCODE',
    `expected an opcode that torch.save writes, got ${opcode} at byte ${at} of the pickle`,
    'save the state dict alone with torch.save and its default protocol',
    { opcode, at },
  );
}
