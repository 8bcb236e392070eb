/**
 * Prompts on the command line: points, boxes and mask files, collected into objects in the order of the options. This
 * file checks only their form; whether they lie inside the image is checked once the image is known.
 */
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import type { PixelBox } from '../formats/rle.js';
import type { FrameRanges } from '../jobs/frames.js';
import type { JobObject } from '../jobs/segmentJob.js';
import type { PointPrompt } from '../predict/types.js';

/** A {@link JobObject} that still collects prompts. */
interface OpenObject {
  readonly name: string;
  readonly points: PointPrompt[];
  box?: PixelBox;
  guess?: { readonly path: string };
}

/** Names become parts of file names, so they must not contain path characters. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]{0,79}$/u;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** Collects prompts; each belongs to the object started last. */
export class PromptList {
  readonly #objects: OpenObject[] = [];
  #current: OpenObject | undefined;

  /** Starts an object. @throws SamusError PROMPT_OBJECT_NAME, PROMPT_OBJECT_TWICE */
  object(name: string): void {
    checkName(name);
    if (this.#objects.some((object) => object.name === name)) {
      throw usage('PROMPT_OBJECT_TWICE', `expected different object names, got ${name} twice`, 'rename one of them');
    }
    this.#current = { name, points: [] };
    this.#objects.push(this.#current);
  }

  /** Starts or continues the object of this name. @throws SamusError PROMPT_OBJECT_NAME */
  select(name: string): void {
    const known = this.#objects.find((object) => object.name === name);
    if (known) this.#current = known;
    else this.object(name);
  }

  point(point: PointPrompt): void {
    this.#object().points.push(point);
  }

  /** @throws SamusError PROMPT_BOX_TWICE */
  box(box: PixelBox): void {
    const object = this.#object();
    if (object.box) throw twice('PROMPT_BOX_TWICE', 'box', object.name);
    object.box = box;
  }

  /** @param path an image file @throws SamusError PROMPT_MASK_TWICE */
  mask(path: string): void {
    const object = this.#object();
    if (object.guess) throw twice('PROMPT_MASK_TWICE', 'mask', object.name);
    object.guess = { path };
  }

  get isEmpty(): boolean {
    return this.#objects.length === 0;
  }

  /** The objects. @throws SamusError PROMPT_OBJECT_EMPTY if one has no prompt */
  list(): readonly JobObject[] {
    const empty = this.#objects.find(({ points, box, guess }) => points.length === 0 && !box && !guess);
    if (empty) {
      throw usage(
        'PROMPT_OBJECT_EMPTY',
        `expected at least one point, box or mask for object ${empty.name}, got none`,
        'add its prompts after --object, or remove the object',
      );
    }
    return this.#objects;
  }

  /** The current object; prompts before any `--object` start the first one. */
  #object(): OpenObject {
    if (!this.#current) this.object('object-1');
    return this.#current!;
  }
}

/** `x,y` or `x,y,bg`. @throws SamusError PROMPT_POINT */
export function parsePoint(text: string): PointPrompt {
  const [x, y, label = 'fg', ...rest] = split(text);
  const labels: Readonly<Record<string, number>> = { fg: 1, bg: 0, 1: 1, 0: 0 };
  if (isNumber(x) && isNumber(y) && Object.hasOwn(labels, label) && rest.length === 0) {
    return [Number(x), Number(y), labels[label]!];
  }
  throw usage('PROMPT_POINT', `expected a point x,y or x,y,bg, got "${text}"`, 'write it like 120,88 or 40,52,bg');
}

/** `x0,y0,x1,y1`, both corners inclusive. @throws SamusError PROMPT_BOX */
export function parseBox(text: string): PixelBox {
  const parts = split(text);
  const [x0, y0, x1, y1] = parts.map(Number);
  if (parts.length === 4 && parts.every(isNumber)) return [x0!, y0!, x1!, y1!];
  throw usage('PROMPT_BOX', `expected a box x0,y0,x1,y1, got "${text}"`, 'write it like 90,60,160,130');
}

/** Names separated by commas. @throws SamusError USAGE_LIST */
export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new SamusError('USAGE_LIST', `expected names separated by commas, got "${text}"`, 'correct the list');
}

/** A whole number of at least `least`. @throws SamusError USAGE_NUMBER */
export function parseCount(option: string, least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw usage('USAGE_NUMBER', `expected a whole number ${range} as ${option}, got "${text}"`, 'correct the number');
  };
}

/** `all`, or numbers and ranges like `1,5-8`. @throws SamusError USAGE_FRAMES */
export function parseFrames(text: string): FrameRanges {
  if (text.trim() === 'all') return 'all';
  return text.split(',').map((part) => {
    const [, from = '', to = from] = /^\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*$/.exec(part) ?? [];
    if (Number(from) >= 1 && Number(to) >= Number(from)) return [Number(from), Number(to)] as const;
    throw usage(
      'USAGE_FRAMES',
      `expected frames as all, N or A-B, got "${part}"`,
      'write them like 1,5-8; the first frame is 1',
    );
  });
}

function checkName(name: string): void {
  if (NAME.test(name)) return;
  throw usage(
    'PROMPT_OBJECT_NAME',
    `expected an object name of letters, digits, spaces, dots, "_" and "-", got ${JSON.stringify(name)}`,
    'start it with a letter or digit and use at most 80 characters',
  );
}

function split(text: string): string[] {
  return text.trim().split(/\s*[,\s]\s*/);
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && NUMBER.test(text);
}

function twice(code: ErrorCode, kind: string, name: string): SamusError {
  return usage(code, `expected one ${kind} for object ${name}, got a second`, 'start another object with --object');
}

function usage(code: ErrorCode, message: string, hint: string): SamusError {
  return new SamusError(code, message, hint);
}

/** A number from 0 to 1. @throws SamusError USAGE_NUMBER */
export function parseShare(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
    throw usage('USAGE_NUMBER', `expected a number from 0 to 1 as ${flag}, got "${text}"`, 'correct the number');
  };
}
