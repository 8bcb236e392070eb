/**
 * What a screen reader says without being asked, and nobody sees: what the engine is at, the mask that came, the pixel
 * that keys moved the crosshair to. Messages speak for themselves (MessageBar.tsx).
 */
import { effect, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { active, crosshair, engineStatus } from '../app/state.js';
import { text } from '../text/en.js';
import { maskOf } from './objectWords.js';

/** A key that is held moves the crosshair faster than numbers are spoken. */
const SPEAKING_MS = 700;

export function Spoken() {
  const place = useSignal('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = effect(() => {
      crosshair.value;
      timer ??= setTimeout(() => {
        timer = undefined;
        const at = crosshair.peek();
        place.value = at ? text.view.crosshair(at[0], at[1]) : '';
      }, SPEAKING_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [place]);
  const object = active.value;
  return (
    <div class="visually-hidden">
      <p role="status">{engineWords()}</p>
      <p role="status">{object ? maskOf(object) : ''}</p>
      <p role="status">{place.value}</p>
    </div>
  );
}

/** Without what changes all the time; a search in quarters. */
function engineWords(): string {
  const status = engineStatus.value;
  if (status.phase === 'model') return text.engine.loading;
  if (status.phase !== 'everything') return text.engine[status.phase];
  return text.everything.running(Math.floor((4 * status.done) / Math.max(1, status.total)), 4);
}
