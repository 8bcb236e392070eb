/** The status line: engine, image size, pointer position, saving, and the notice on intended use. */
import { warmUp } from '../app/engineControl.js';
import { prepare } from '../app/predictions.js';
import {
  adaptedInUse,
  crosshair,
  engineName,
  engineStatus,
  opened,
  pointer,
  saving,
  thinking,
  view,
} from '../app/state.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';

const MB = 1e6;

export function StatusBar() {
  const status = engineStatus.value;
  const name = engineName.value;
  const at = crosshair.value ?? pointer.value;
  const size = opened.value?.picture;
  const inside = at && size && at[0] >= 0 && at[1] >= 0 && at[0] < size.width && at[1] < size.height;
  return (
    <footer class="status">
      <span class={`engine-state ${status.phase}`}>
        {engineText()}
        {status.phase === 'model' && (
          <progress
            aria-label={engineText()}
            {...(status.total === null ? {} : { value: status.loaded, max: status.total })}
          />
        )}
        {status.phase === 'failed' && (
          <Button
            label={text.engine.retry}
            caption={text.engine.retry}
            onClick={() => void (opened.value ? prepare() : warmUp())}
          />
        )}
      </span>
      {adaptedInUse.value && <span class="adapted">{text.learn.inUse}</span>}
      {name && <span class="wide-only">{text.engine.name(name.model, placeOf(name.provider))}</span>}
      {size && (
        <span class="wide-only">
          {size.width} × {size.height} · {text.view.zoom(Math.round(view.value.scale * 100))}
        </span>
      )}
      {inside && <span class="wide-only">{text.view.crosshair(Math.floor(at[0]), Math.floor(at[1]))}</span>}
      <span class="spacer" />
      {size && <span class={`saving ${saving.value}`}>{text.saving[saving.value]}</span>}
      <strong class="notice">{text.notice}</strong>
    </footer>
  );
}

const PLACES: Readonly<Record<string, string>> = text.engine.places;
const placeOf = (provider: string): string => PLACES[provider] ?? provider;

function engineText(): string {
  const status = engineStatus.value;
  if (status.phase === 'everything') return text.everything.running(status.done, status.total);
  if (status.phase === 'ready' && thinking.value) return text.engine.thinking;
  if (status.phase !== 'model') return text.engine[status.phase];
  const megabytes = (bytes: number): string => (bytes / MB).toFixed(1);
  return text.engine.model(megabytes(status.loaded), status.total === null ? null : megabytes(status.total));
}
