/** Undo and redo over immutable values. Versions share their common parts, so the number of steps is not limited. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
}

export const beginHistory = <T>(present: T): History<T> => ({ past: [], present, future: [] });

/** Adds a version as a step and drops undone steps. Does nothing if the version is the same. */
export function record<T>(history: History<T>, next: T): History<T> {
  if (next === history.present) return history;
  return { past: [...history.past, history.present], present: next, future: [] };
}

/** Replaces the present version without a step, for answers and selection. */
export function amend<T>(history: History<T>, next: T): History<T> {
  return next === history.present ? history : { ...history, present: next };
}

export function undo<T>(history: History<T>): History<T> {
  const present = history.past.at(-1);
  if (present === undefined) return history;
  return { past: history.past.slice(0, -1), present, future: [history.present, ...history.future] };
}

export function redo<T>(history: History<T>): History<T> {
  const [present, ...future] = history.future;
  if (present === undefined) return history;
  return { past: [...history.past, history.present], present, future };
}

/** The same change in all versions. */
export function mapHistory<T>({ past, present, future }: History<T>, change: (version: T) => T): History<T> {
  return { past: past.map(change), present: change(present), future: future.map(change) };
}
