/**
 * The connected regions of a mask: counting its parts, filling holes, removing specks, and cleaning an answer down to
 * the prompted part. Regions are found by runs of pixels, so that large masks stay cheap.
 *
 * Two pixels of a mask that touch at a corner are one part, so that a thin slanted line stays whole. A hole is enclosed:
 * what reaches the edge of the image is not a hole.
 */
import type { Mask, PixelBox } from './mask.js';

/** Which pixels touch: 4 by their sides, 8 also at their corners. */
type Neighbours = 4 | 8;

/** Regions of equal value, numbered from 0 in the order of their first pixels. */
export class Regions {
  /** Pixels of each region. */
  readonly sizes: readonly number[];
  /** The largest region, the first of equals; -1 if there is none. */
  readonly largest: number;
  readonly #width: number;
  readonly #height: number;
  /** Runs of each row: those of row y are `rows[y]` up to `rows[y + 1]`. */
  readonly #rows: Int32Array;
  /** Columns of each run, the end not in it, and its region. */
  readonly #starts: readonly number[];
  readonly #ends: readonly number[];
  readonly #regions: readonly number[];

  /** @param inside whether the regions of the mask are meant, or those of what it leaves */
  constructor({ width, height, data }: Mask, inside: boolean, neighbours: Neighbours) {
    const rows = new Int32Array(height + 1);
    const [starts, ends, links]: [number[], number[], number[]] = [[], [], []];
    const reach = neighbours === 8 ? 1 : 0;
    for (let y = 0; y < height; y++) {
      rows[y] = starts.length;
      let above = y === 0 ? 0 : rows[y - 1]!;
      for (let x = 0, at = y * width; x < width; ) {
        if ((data[at + x] !== 0) !== inside) {
          x++;
          continue;
        }
        const start = x;
        while (x < width && (data[at + x] !== 0) === inside) x++;
        const run = starts.length;
        starts.push(start);
        ends.push(x);
        links.push(run);
        while (above < rows[y]! && ends[above]! + reach <= start) above++;
        for (let k = above; k < rows[y]! && starts[k]! < x + reach; k++) join(links, k, run);
      }
    }
    rows[height] = starts.length;
    const numbers = new Map<number, number>();
    const sizes: number[] = [];
    const regions = links.map((_, run) => {
      const root = rootOf(links, run);
      const region = numbers.get(root) ?? numbers.size;
      numbers.set(root, region);
      sizes[region] = (sizes[region] ?? 0) + ends[run]! - starts[run]!;
      return region;
    });
    this.#width = width;
    this.#height = height;
    this.#rows = rows;
    this.#starts = starts;
    this.#ends = ends;
    this.#regions = regions;
    this.sizes = sizes;
    this.largest = sizes.reduce((best, size, region) => (size > (sizes[best] ?? 0) ? region : best), -1);
  }

  /** The region of a pixel; undefined where there is none. */
  at(x: number, y: number): number | undefined {
    if (y < 0 || y >= this.#height) return undefined;
    for (let run = this.#rows[y]!; run < this.#rows[y + 1]!; run++) {
      if (this.#starts[run]! <= x && x < this.#ends[run]!) return this.#regions[run];
    }
    return undefined;
  }

  /** Whether each region reaches the edge of the image. */
  atEdge(): readonly boolean[] {
    const found = this.sizes.map(() => false);
    this.eachRun((region, y, start, end) => {
      if (y === 0 || y === this.#height - 1 || start === 0 || end === this.#width) found[region] = true;
    });
    return found;
  }

  /** Pixels of each region that lie in a box. */
  inBox([x0, y0, x1, y1]: PixelBox): readonly number[] {
    const found = this.sizes.map(() => 0);
    this.eachRun((region, y, start, end) => {
      if (y >= y0 && y <= y1) found[region]! += Math.max(0, Math.min(end, x1 + 1) - Math.max(start, x0));
    });
    return found;
  }

  /** Pixels of each region that lie in a mask of the same size. */
  inMask(mask: Uint8Array): readonly number[] {
    const found = this.sizes.map(() => 0);
    this.eachRun((region, y, start, end) => {
      for (let i = y * this.#width + start; i < y * this.#width + end; i++) if (mask[i] !== 0) found[region]!++;
    });
    return found;
  }

  /** Sets the pixels of some regions in a map of the mask's size, which it returns. */
  paint<T extends Uint8Array | Int32Array>(map: T, value: number, wanted: (region: number) => boolean): T {
    this.eachRun((region, y, start, end) => {
      if (wanted(region)) map.fill(value, y * this.#width + start, y * this.#width + end);
    });
    return map;
  }

  /** Visits all runs of pixels, row by row: columns `start` up to `end`, which is not in the run. */
  eachRun(visit: (region: number, y: number, start: number, end: number) => void): void {
    for (let y = 0; y < this.#height; y++) {
      for (let run = this.#rows[y]!; run < this.#rows[y + 1]!; run++) {
        visit(this.#regions[run]!, y, this.#starts[run]!, this.#ends[run]!);
      }
    }
  }
}

function rootOf(links: number[], run: number): number {
  let root = run;
  while (links[root]! !== root) {
    links[root] = links[links[root]!]!;
    root = links[root]!;
  }
  return root;
}

/** The first run stays the root, so that regions are numbered by their first pixels. */
function join(links: number[], a: number, b: number): void {
  const [first, second] = [rootOf(links, a), rootOf(links, b)];
  if (first < second) links[second] = first;
  else links[first] = second;
}

/** The parts of a mask. */
export function connectedParts(mask: Mask): Regions {
  return new Regions(mask, true, 8);
}

/** The largest part of a mask, and how many parts there are. @returns the same mask if it has at most one part */
export function mainPart(mask: Mask): { readonly mask: Mask; readonly parts: number } {
  const regions = connectedParts(mask);
  const parts = regions.sizes.length;
  return { mask: parts > 1 ? without(mask, regions, (region) => region !== regions.largest) : mask, parts };
}

/** The prompt, in pixels of the mask. */
export interface CleaningPrompt {
  /** x, y, and 1 (the object, default) or 0 (not the object). */
  readonly points?: readonly (readonly [x: number, y: number, label?: number])[];
  readonly box?: PixelBox;
  /** A first guess of the mask's size; every value but 0 is inside. */
  readonly mask?: Uint8Array | Float32Array;
}

/**
 * The mask without holes and without stray parts.
 * - Holes are filled, but for those with a negative click.
 * - The parts under positive clicks stay. Where no click is on a part: the parts that overlap the first guess, the part
 *   with most pixels in the box, or the largest part, in this order; a part with a negative click only if there is no other.
 * @returns the same mask if nothing had to be changed
 */
export function cleanMask(mask: Mask, { points = [], box, mask: guess }: CleaningPrompt = {}): Mask {
  const pixels = (wanted: 0 | 1) =>
    points.flatMap(([x, y, label = 1]) => (label === wanted ? [[Math.round(x), Math.round(y)] as const] : []));
  const under = (regions: Regions, wanted: 0 | 1) => new Set(pixels(wanted).map(([x, y]) => regions.at(x, y)));
  const holes = new Regions(mask, false, 4);
  const [open, refused] = [holes.atEdge(), under(holes, 0)];
  const filled = painted(mask, holes, 1, (region) => !open[region] && !refused.has(region));
  const parts = connectedParts(filled);
  if (parts.sizes.length < 2) return filled;
  const clicked = under(parts, 1);
  const kept = [...clicked].some((region) => region !== undefined)
    ? clicked
    : bestParts(parts, under(parts, 0), box, guess);
  return without(filled, parts, (region) => !kept.has(region));
}

/** The parts that answer a prompt without a click on any of them. */
function bestParts(
  parts: Regions,
  refused: ReadonlySet<number | undefined>,
  box: PixelBox | undefined,
  guess: Uint8Array | Float32Array | undefined,
): ReadonlySet<number | undefined> {
  const all = parts.sizes.map((_, region) => region);
  const accepted = all.filter((region) => !refused.has(region));
  const candidates = accepted.length > 0 ? accepted : all;
  if (guess) {
    const overlaps = parts.inMask(
      guess instanceof Uint8Array ? guess : Uint8Array.from(guess, (logit) => Number(logit > 0)),
    );
    const touched = candidates.filter((region) => overlaps[region]! > 0);
    if (touched.length > 0) return new Set(touched);
  }
  const inBox = box && parts.inBox(box);
  const weights = inBox && candidates.some((region) => inBox[region]! > 0) ? inBox : parts.sizes;
  return new Set([candidates.reduce((a, b) => (weights[b]! > weights[a]! ? b : a))]);
}

/**
 * Removes specks and pinholes, as SAM's automatic mask generator does: both connected over eight neighbours. Unlike
 * there, what lies between a mask and the edge of the image is not a hole.
 * @returns the mask without holes and parts of fewer than `least` pixels; if all parts are smaller, the largest stays.
 *   The same mask if nothing had to be changed
 */
export function removeSmallRegions(mask: Mask, least: number): Mask {
  const holes = new Regions(mask, false, 8);
  const open = holes.atEdge();
  const filled = painted(mask, holes, 1, (region) => holes.sizes[region]! < least && !open[region]);
  const parts = connectedParts(filled);
  const none = parts.sizes.every((size) => size < least);
  return without(filled, parts, (region) => parts.sizes[region]! < least && !(none && region === parts.largest));
}

function without(mask: Mask, regions: Regions, wanted: (region: number) => boolean): Mask {
  return painted(mask, regions, 0, wanted);
}

/** A copy with some regions set to a value; the mask itself if there are none. */
function painted(mask: Mask, regions: Regions, value: 0 | 1, wanted: (region: number) => boolean): Mask {
  if (!regions.sizes.some((_, region) => wanted(region))) return mask;
  return { ...mask, data: regions.paint(Uint8Array.from(mask.data), value, wanted) };
}
