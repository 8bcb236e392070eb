/** Starts the page: restores what is stored, then follows annotations, prompts and keys. */
import { servedModels } from '../engine/modelFiles.js';
import { pacsAvailable } from '../pacs/pacsBrowse.js';
import { hasPacs } from '../pacs/pacsServer.js';
import { text } from '../text/en.js';
import { restoreAdapted } from './adaptedModel.js';
import { followClasses } from './classes.js';
import { switchEngine, switchModel, warmUp } from './engineControl.js';
import { restoreEntries } from './entries.js';
import { followPlaying } from './frames.js';
import { followKeys } from './keyboard.js';
import { note, sayDefect, sayError } from './messages.js';
import { followSettings, followWork, openStore, restoreSettings } from './persist.js';
import { followPrompts, prepare } from './predictions.js';
import {
  carryPrompts,
  cleanMasks,
  exportFormat,
  multimask,
  offeredModels,
  opened,
  serverReachable,
  showMeasures,
  showPreview,
} from './state.js';
import { followFrames } from './works.js';

/** A local server answers quickly; do not wait for one that hangs. */
const HEALTH_MS = 2000;

/** @param canvasHasFocus whether keys that act on the image apply */
export async function start(canvasHasFocus: () => boolean): Promise<void> {
  addEventListener('unhandledrejection', ({ reason }) => sayError(reason));
  addEventListener('error', ({ error }) => {
    if (error) sayDefect(error);
  });
  if (!isSecureContext) note(text.insecure.what, text.insecure.hint);
  followKeys(canvasHasFocus);
  followPrompts();
  followWork();
  followFrames();
  followPlaying();
  const health = serverAnswers();
  await restoreAdapted();
  const store = await openStore();
  const settings = await restoreSettings();
  const files = (await store?.files()) ?? [];
  followClasses();
  showPreview.value = settings.preview ?? showPreview.value;
  showMeasures.value = settings.measures ?? showMeasures.value;
  multimask.value = settings.multimask ?? multimask.value;
  cleanMasks.value = settings.clean ?? cleanMasks.value;
  carryPrompts.value = settings.carry ?? carryPrompts.value;
  exportFormat.value = settings.format ?? exportFormat.value;
  serverReachable.value = await health;
  void hasPacs().then((found) => {
    pacsAvailable.value = found;
  });
  const atServer = settings.engine === 'server' && serverReachable.value;
  if (atServer) switchEngine('server');
  const names = offered();
  // A model that the server no longer offers is not chosen.
  const chosen = settings.model !== undefined && (await names).includes(settings.model);
  if (chosen) switchModel(settings.model);
  followSettings(settings);
  void navigator.storage?.persist?.();
  void names.then((found) => {
    offeredModels.value = found;
  });
  // An image opened in the meantime is being encoded by the previous engine.
  void ((atServer || chosen) && opened.peek() ? prepare() : warmUp());
  await restoreEntries(files, settings.currentId ?? null, settings.currentFrame);
}

/** The names of the server's models, its default first; none while it cannot be reached. */
async function offered(): Promise<readonly string[]> {
  try {
    const { default: first, models } = await servedModels(new URL('./', globalThis.document.baseURI).href);
    return [first, ...models.map(({ name }) => name).filter((name) => name !== first)];
  } catch {
    return [];
  }
}

async function serverAnswers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(HEALTH_MS);
    return (await fetch('api/v1/health', { cache: 'no-store', signal })).ok;
  } catch {
    return false;
  }
}
