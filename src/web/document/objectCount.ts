/** Counts objects over the frames of a clip: an object has one name on all frames. */

/**
 * The number of different objects. Two of one name on a frame are two.
 * @param frames the names of the objects on each frame
 */
export function objectCount(frames: Iterable<readonly string[]>): number {
  const most = new Map<string, number>();
  for (const names of frames) {
    for (const name of new Set(names)) {
      most.set(name, Math.max(most.get(name) ?? 0, names.filter((one) => one === name).length));
    }
  }
  return [...most.values()].reduce((sum, count) => sum + count, 0);
}
