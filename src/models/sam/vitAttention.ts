/**
 * Self-attention of SAM's image encoder, over all tokens or over windows, with decomposed relative positions.
 *
 * Tokens are rows, [B·grid², C]. SAM pads its windows with zeros after the norm, so a padded token's query, key and
 * value are the bias of the projection: one row of zeros stands for all of them, and only real tokens ask.
 *
 * The relative positions are folded into plain attention. They add q · rel_pos_h[yq − yk] + q · rel_pos_w[xq − xk] to the
 * logits, with the unscaled query. Appending these products (one for each row and each column of the keys) to the query,
 * and to each key a one at its row and at its column, gives the same logits from one product, without an N×N bias in
 * memory.
 */
import { type Dim, elements, mulDims } from '../../graph/dims.js';
import { attend } from '../../graph/ops/attention.js';
import { expand } from '../../graph/ops/broadcasting.js';
import { mul } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { matmul, matmulTransposed } from '../../graph/ops/matrix.js';
import { softmax } from '../../graph/ops/reduce.js';
import { concat, pad, reshape, slice, split, transpose } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { linear } from '../../nn/layers.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';

/** How an attention differs from SAM's. */
export interface AttentionChanges {
  /** Queries, keys and values side by side, [N, C] to [N, 3·C]; a row of zeros becomes the bias. Default: one linear layer. */
  readonly project?: (p: Parameters, x: Tensor) => Tensor;
  /** Names of the tables of relative positions, by row and by column. Default: SAM's. */
  readonly tables?: readonly [string, string];
}

/** Sizes and tables that the attention of every block shares. */
export interface AttentionPlan extends Required<AttentionChanges> {
  readonly batch: Dim;
  /** Axes before the rows of tokens: none, or the batch where it is known only in a run and each image is cut on its own. */
  readonly outer: readonly Dim[];
  /** Tokens of all images, or of each with a batch known only in a run. */
  readonly tokens: number;
  /** Tokens along each side. */
  readonly grid: number;
  readonly heads: number;
  /** Side of the windows. */
  readonly window: number;
  readonly groups: readonly (WindowGroup & { readonly marks: Tensor })[];
  /** Marks of the keys where all tokens are seen. */
  readonly globalMarks: Tensor;
}

/** @param image [B, …] */
export function planAttention(
  image: Tensor,
  grid: number,
  heads: number,
  window: number,
  { project = (p, x) => linear(p, x, 3 * x.size(-1)), tables = ['rel_pos_h', 'rel_pos_w'] }: AttentionChanges = {},
): AttentionPlan {
  const batch = image.shape[0];
  const [outer, images] = typeof batch === 'number' ? [[], batch] : [[batch], 1];
  const groups = windowGroups(images, grid, window, heads).map((group) => {
    const shape = [group.windows, heads, window * window, 2 * window];
    const marks = reshape(keyMarks(window, group.windows * heads, 1), shape);
    return { ...group, marks: expand(marks, [...outer, ...shape], image) };
  });
  const marks = keyMarks(grid, images, heads);
  const globalMarks = expand(marks, [batch, ...marks.shape.slice(1)], image);
  return { batch, outer, tokens: images * grid * grid, grid, heads, window, groups, globalMarks, project, tables };
}

/** Attention over all tokens. @param x [B·grid², C] @returns [B·grid², C] */
export function globalAttention(p: Parameters, x: Tensor, plan: AttentionPlan): Tensor {
  const { batch, grid, heads, globalMarks, tables } = plan;
  const channels = x.size(-1);
  const size = channels / heads;
  const [q, k, v] = split(plan.project(p.at('qkv'), x), 1, [channels, channels, channels]);
  const queries = positionedQueries(p, q, batch, grid, grid, heads, 1 / Math.sqrt(size), tables);
  const keys = concat([reshape(k, [batch, grid * grid, heads, size]), globalMarks], -1);
  const flat = [batch, grid * grid, heads * (size + 2 * grid)];
  const values = reshape(v, [batch, grid * grid, channels]);
  const attended = attend(reshape(queries, flat), reshape(keys, flat), values, { heads, scale: 1 });
  return linear(p.at('proj'), reshape(attended, x.shape), channels);
}

/**
 * Attention within windows.
 * @param x [B·grid², C]; or from {@link withPadding}, with rows that pad the windows, zeros by default
 * @returns [B·grid², C]
 */
export function windowAttention(p: Parameters, x: Tensor, plan: AttentionPlan): Tensor {
  const { batch, outer, tokens, grid, heads, window, groups, tables } = plan;
  const axis = outer.length;
  const channels = x.size(-1);
  const size = channels / heads;
  const real = mulDims(elements(outer), tokens);
  const padded = grid % window === 0 || x.shape[0] !== real ? x : withPadding(x, plan);
  const count = padded.shape[0] === real ? tokens : tokens + 1;
  const qkv = reshape(plan.project(p.at('qkv'), padded), [...outer, count, 3 * channels]);
  const [q, kv] = split(qkv, axis + 1, [channels, 2 * channels]);
  const asked = slice(q, axis, 0, tokens);
  const positioned = positionedQueries(p, asked, batch, grid, window, heads, 1 / Math.sqrt(size), tables);
  const queries = gathered(
    reshape(positioned, [...outer, tokens * heads, -1]),
    groups.map((group) => group.queries),
    axis,
  );
  const rows = reshape(kv, [...outer, count * 2 * heads, size]);
  const seenRows = gathered(rows, [...groups.map((group) => group.keys), ...groups.map((group) => group.values)], axis);
  const results = groups.map(({ windows, marks }, i) => {
    const seen = [...outer, windows, heads, window * window, size];
    const [keys, values] = [reshape(seenRows[i], seen), reshape(seenRows[groups.length + i], seen)];
    const asking = reshape(queries[i], [...outer, windows, heads, -1, size + 2 * window]);
    const weights = softmax(matmulTransposed(asking, concat([keys, marks], -1)));
    return reshape(matmul(weights, values), [...outer, -1, size]);
  });
  const order = placesOf(groups.flatMap((group) => group.queries));
  const attended = reshape(gather(concat(results, axis), order, axis), [real, channels]);
  return linear(p.at('proj'), attended, channels);
}

/** Adds a row of zeros that stands for the tokens beyond the grid: one for all images, or one for each (see `outer`). */
export function withPadding(x: Tensor, { outer, tokens }: AttentionPlan): Tensor {
  const padded = pad(reshape(x, [...outer, tokens, x.size(-1)]), outer.length, 0, 1);
  return reshape(padded, [-1, x.size(-1)]);
}

/** Rows by several lists of indices, picked in one go so that one pass brings their gradients back. */
function gathered(rows: Tensor, lists: readonly (readonly number[])[], axis: number): readonly Tensor[] {
  const sizes = lists.map((list) => list.length);
  return split(gather(rows, lists.flat(), axis), axis, sizes);
}

/** The position of each of 0, 1, 2, … in a permutation. */
function placesOf(permutation: readonly number[]): number[] {
  const places = Array.from({ length: permutation.length }, () => 0);
  for (const [place, value] of permutation.entries()) places[value] = place;
  return places;
}

/** Windows with equally many real tokens, computed together. */
interface WindowGroup {
  /** Windows of all images; of one where the batch is known only in a run. */
  readonly windows: number;
  /** Rows (token · heads + head) of the queries, by window, head, token. */
  readonly queries: readonly number[];
  /** Rows (token · 2 · heads + head) of the keys among keys and values, by window, head, place; padded places share the last token. */
  readonly keys: readonly number[];
  /** The same for the values, which lie `heads` rows further. */
  readonly values: readonly number[];
}

/**
 * @param grid tokens along each side, cut into windows of `window`×`window` from the top left
 */
function windowGroups(batch: number, grid: number, window: number, heads: number): WindowGroup[] {
  const byCount = new Map<number, number[][]>();
  const padding = batch * grid * grid;
  for (let image = 0; image < batch; image++) {
    for (let top = 0; top < grid; top += window) {
      for (let left = 0; left < grid; left += window) {
        const places = Array.from({ length: window * window }, (_, i) => {
          const [y, x] = [top + Math.floor(i / window), left + (i % window)];
          return y < grid && x < grid ? (image * grid + y) * grid + x : padding;
        });
        const count = places.filter((token) => token !== padding).length;
        byCount.set(count, [...(byCount.get(count) ?? []), places]);
      }
    }
  }
  return [...byCount.values()].map((windows) => {
    const rows = (tokens: (places: number[]) => number[], row: (token: number, head: number) => number) =>
      windows.flatMap((places) =>
        Array.from({ length: heads }, (_, head) => tokens(places).map((t) => row(t, head))).flat(),
      );
    return {
      windows: windows.length,
      queries: rows(
        (places) => places.filter((token) => token !== padding),
        (token, head) => token * heads + head,
      ),
      keys: rows(
        (places) => places,
        (token, head) => 2 * token * heads + head,
      ),
      values: rows(
        (places) => places,
        (token, head) => (2 * token + 1) * heads + head,
      ),
    };
  });
}

/**
 * Queries with their relative-position products.
 * @param q [B·grid², C] or [B, grid², C], unscaled
 * @param side rows and columns of the keys that a query sees: the grid's or a window's
 * @param scale factor of the query itself; the products are not scaled
 * @param tables names of those of rows and columns
 * @returns [B, grid², heads, C / heads + 2·side]
 */
function positionedQueries(
  p: Parameters,
  q: Tensor,
  batch: Dim,
  grid: number,
  side: number,
  heads: number,
  scale: number,
  tables: readonly [string, string],
): Tensor {
  const size = q.size(-1) / heads;
  const table = (name: string) => {
    const rows = gather(p.get(name, [2 * side - 1, size], ZEROS), distances(grid, side), 0);
    return transpose(reshape(rows, [grid, side, size]), [0, 2, 1]);
  };
  const split = reshape(q, [batch, grid, grid, heads, size]);
  const byRow = matmul(reshape(split, [batch, grid, grid * heads, size]), table(tables[0]));
  const columnsFirst = reshape(transpose(split, [0, 2, 1, 3, 4]), [batch, grid, grid * heads, size]);
  const byColumn = reshape(matmul(columnsFirst, table(tables[1])), [batch, grid, grid, heads, side]);
  const tokens = [batch, grid * grid, heads];
  return concat(
    [
      reshape(mul(q, scale), [...tokens, size]),
      reshape(byRow, [...tokens, side]),
      reshape(transpose(byColumn, [0, 2, 1, 3, 4]), [...tokens, side]),
    ],
    -1,
  );
}

/** Row of the table for each coordinate of a query (within its window) and each coordinate of a key. */
function distances(grid: number, side: number): number[] {
  return Array.from({ length: grid * side }, (_, i) => (Math.floor(i / side) % side) - (i % side) + side - 1);
}

/**
 * The extension of each key of a square: a one at its row and a one at its column.
 * @param outerCopies repeats of the whole sequence of keys: one for each image, or for each head of each window
 * @param innerCopies repeats of each key in a row: one for each head of an image
 * @returns [outerCopies, side², innerCopies, 2·side]
 */
function keyMarks(side: number, outerCopies: number, innerCopies: number): Tensor {
  const keys = side * side;
  const values = new Float32Array(outerCopies * keys * innerCopies * 2 * side);
  for (let i = 0; i < outerCopies * keys * innerCopies; i++) {
    const key = Math.floor(i / innerCopies) % keys;
    values[i * 2 * side + Math.floor(key / side)] = 1;
    values[i * 2 * side + side + (key % side)] = 1;
  }
  return constant(float32(values, [outerCopies, keys, innerCopies, 2 * side]));
}
