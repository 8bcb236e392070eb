/**
 * What a pickle can hold here: plain data, containers that are inert whatever their keys are called, names of the
 * closed list of classes, and objects that the host of the interpreter makes. Nothing in here runs anything.
 */

/** A number too large to be exact is a bigint. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleClass
  | PickleObject;

/** As in Python, what can change cannot be a key. Tuples are compared by identity, because nothing looks up a key like that. */
export type PickleKey = Exclude<PickleValue, PickleList | PickleDict>;

export class PickleTuple {
  readonly kind = 'tuple';
  constructor(
    readonly items: readonly PickleValue[],
    /** Nesting depth of containers at creation, including this one. */
    readonly depth: number,
  ) {}
}

export class PickleList {
  readonly kind = 'list';
  readonly items: PickleValue[] = [];
  depth = 1;
}

/** A dict, OrderedDict or Counter; a key given twice keeps its first place and its last value, as in Python. */
export class PickleDict {
  readonly kind = 'dict';
  readonly entries = new Map<PickleKey, PickleValue>();
  depth = 1;
}

/** A class or function of the closed list. */
export class PickleClass {
  readonly kind = 'class';
  /**
   * @param name with its module, as in `collections.OrderedDict`
   * @param call what stands for calling it; throws what it is right to throw about `args`
   */
  constructor(
    readonly name: string,
    readonly call?: (args: readonly PickleValue[]) => PickleValue,
  ) {}
}

/** Base of what a host makes: a storage, a tensor. */
export abstract class PickleObject {
  readonly kind = 'object';
  abstract readonly what: string;
}

/** What nothing here has use for: a set, a complex number, a tensor of another kind. Only its name is kept. */
export class PickleOpaque extends PickleObject {
  constructor(readonly what: string) {
    super();
  }
}

/** A short word for what a value is, for messages; never the value. */
export function pickleKind(value: PickleValue): string {
  if (value === null) return 'None';
  if (typeof value !== 'object') return typeof value;
  if (value instanceof PickleClass) return `the name ${value.name}`;
  return value instanceof PickleObject ? `a ${value.what}` : `a ${value.kind}`;
}
