/**
 * Selects the model of the browser's engine: the bundled one, or the one adapted to the user's masks. The choice is
 * stored.
 */
import { type AdaptedModel, type KeptModel, readKept, writeKept } from '../storage/adaptedStore.js';
import { text } from '../text/en.js';
import { switchEngine, warmUp } from './engineControl.js';
import { say } from './messages.js';
import { prepare } from './predictions.js';
import { adapted, adaptedInUse, opened } from './state.js';

/** Restores the model of an earlier visit. Call it before the engine is first used. */
export async function restoreAdapted(): Promise<void> {
  adapted.value = await readKept();
}

export async function putToUse(model: AdaptedModel): Promise<void> {
  await change({ model, inUse: true });
  say(text.learn.used);
}

/** Keeps the adapted model stored, to be used again or downloaded. */
export async function backToBundled(): Promise<void> {
  const kept = adapted.peek();
  if (!kept) return;
  await change({ ...kept, inUse: false });
  say(text.learn.bundledUsed);
}

/**
 * Deletes the adapted model.
 * @returns whether that worked
 */
export async function forgetAdapted(): Promise<boolean> {
  return adapted.peek() === null || change(null);
}

/** @returns whether it was stored */
async function change(kept: KeptModel | null): Promise<boolean> {
  const before = adaptedInUse.peek();
  adapted.value = kept;
  if (before || kept?.inUse) {
    switchEngine('browser');
    void (opened.peek() ? prepare() : warmUp());
  }
  try {
    await writeKept(kept);
    return true;
  } catch {
    say(text.learn.notKept, text.learn.notKeptHint);
    return false;
  }
}
