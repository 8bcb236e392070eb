/** Brings the page to life: what is stored comes back, and work, prompts and keys are followed from then on. */

import { restoreAdapted } from './adaptedModel.js';
import { warmUp } from './engineControl.js';
import { restoreEntries } from './entries.js';
import { followKeys } from './keyboard.js';
import { sayDefect, sayError } from './messages.js';
import { followWork, openStore } from './persist.js';
import { followPrompts } from './predictions.js';
import {
  carryPrompts,
  classes,
  currentClass,
  engineKind,
  multimask,
  serverReachable,
  showMeasures,
  showPreview,
} from './state.js';

/** @param canvasHasFocus whether keys that act on the image may */
export async function start(canvasHasFocus: () => boolean): Promise<void> {
  addEventListener('unhandledrejection', ({ reason }) => sayError(reason));
  addEventListener('error', ({ error }) => {
    if (error) sayDefect(error);
  });
  followKeys(canvasHasFocus);
  followPrompts();
  const store = await openStore();
  const settings = (await store?.settings()) ?? {};
  if (settings.classes?.[0]) {
    classes.value = settings.classes;
    currentClass.value = settings.classes[0].id;
  }
  serverReachable.value = await serverAnswers();
  engineKind.value = settings.engine === 'server' && serverReachable.value ? 'server' : 'browser';
  showPreview.value = settings.preview ?? showPreview.value;
  showMeasures.value = settings.measures ?? showMeasures.value;
  multimask.value = settings.multimask ?? multimask.value;
  carryPrompts.value = settings.carry ?? carryPrompts.value;
  const files = (await store?.files()) ?? [];
  await restoreAdapted();
  followWork(settings);
  void navigator.storage?.persist?.();
  void warmUp();
  await restoreEntries(files, settings.currentId ?? null);
}

async function serverAnswers(): Promise<boolean> {
  try {
    return (await fetch('api/v1/health', { cache: 'no-store' })).ok;
  } catch {
    return false;
  }
}
