/**
 * Which rows of queries, keys and values meet in which window, for attention that computes real tokens only.
 */

/** Windows with equally many real tokens, computed together. */
export interface WindowGroup {
  /** Windows over the whole batch. */
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
export function windowGroups(batch: number, grid: number, window: number, heads: number): WindowGroup[] {
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
