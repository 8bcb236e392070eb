/**
 * Hidden text that a screen reader announces: the state of the engine, a new mask, the pixel
 * that keys moved the crosshair to, the frame of a clip. Messages speak for themselves (MessageBar.tsx).
 */
import { effect, type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { active, crosshair, engineStatus, opened, playing } from '../app/state.js';
import { text } from '../text/en.js';
import { maskOf } from './objectWords.js';

/** A key that is held moves faster than numbers are spoken. */
const SPEAKING_MS = 700;

export function Spoken() {
  const place = useWords(() => {
    const at = crosshair.value;
    return at ? text.view.crosshair(at[0], at[1]) : '';
  });
  const frame = useWords(() => {
    const picture = opened.value?.picture;
    return picture && picture.frames > 1 && !playing.value ? text.frames.position(picture.frame, picture.frames) : '';
  });
  const object = active.value;
  return (
    <div class="visually-hidden">
      <p role="status">{engineWords()}</p>
      <p role="status">{object ? maskOf(object) : ''}</p>
      <p role="status">{place.value}</p>
      <p role="status">{frame.value}</p>
    </div>
  );
}

/** Words that follow signals, no faster than they are spoken. */
function useWords(words: () => string): ReadonlySignal<string> {
  const spoken = useSignal('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let latest = '';
    const end = effect(() => {
      latest = words();
      timer ??= setTimeout(() => {
        timer = undefined;
        spoken.value = latest;
      }, SPEAKING_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [spoken]);
  return spoken;
}

/** Without what changes all the time; a search in quarters. */
function engineWords(): string {
  const status = engineStatus.value;
  if (status.phase === 'model') return text.engine.loading;
  if (status.phase !== 'everything') return text.engine[status.phase];
  return text.everything.running(Math.floor((4 * status.done) / Math.max(1, status.total)), 4);
}
