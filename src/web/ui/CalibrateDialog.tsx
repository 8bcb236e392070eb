/** Asks how far two ticks of the depth scale are apart, and sets the scale from it. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { chooseTool } from '../app/commands.js';
import { step } from '../app/edits.js';
import { say } from '../app/messages.js';
import { dialog, ticks } from '../app/state.js';
import { setScale } from '../document/edit.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';
import { rounded, spacing } from './MeasurePanel.js';

export function CalibrateDialog() {
  const written = useSignal('10');
  const field = useRef<HTMLInputElement>(null);
  // Select the number, so that it can be typed over.
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const [from = [0, 0], to = [0, 0]] = ticks.value;
  const pixels = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const millimetres = Number(written.value.replace(',', '.'));
  const valid = millimetres > 0 && Number.isFinite(millimetres) && pixels > 0;
  const apply = (): void => {
    const mm = millimetres / pixels;
    step((present) => setScale(present, { mm: [mm, mm], origin: 'calibrated' }));
    dialog.value = null;
    chooseTool('click');
    say(text.calibrate.done(spacing([mm, mm])));
  };
  return (
    <Dialog title={text.calibrate.title} onClose={() => (ticks.value = [])} onSubmit={() => valid && apply()}>
      <p>{text.calibrate.question(rounded(pixels))}</p>
      <label class="field">
        <span>{text.calibrate.label}</span>
        <input
          ref={field}
          inputMode="decimal"
          value={written.value}
          aria-invalid={!valid}
          aria-describedby="distance-hint"
          onInput={(event) => (written.value = event.currentTarget.value)}
        />
        <small id="distance-hint">{valid ? '' : text.calibrate.invalid}</small>
      </label>
      <Button label={text.calibrate.apply} caption={text.calibrate.apply} kind="primary" disabled={!valid} submit />
    </Dialog>
  );
}
