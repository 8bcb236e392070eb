/** Asks how far two ticks of the depth scale are apart, and sets the scale from it. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { isBelievable } from '../../formats/dicom/regions.js';
import { chooseTool } from '../app/commands.js';
import { step } from '../app/edits.js';
import { say } from '../app/messages.js';
import { dialog, document, opened, ticks } from '../app/state.js';
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
  const [across, down] = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
  const pixels = Math.hypot(across, down);
  const aspect = useSignal(String(Number(knownAspect().toPrecision(4))));
  const ratio = numberIn(aspect.value);
  const millimetres = numberIn(written.value);
  const height = millimetres / Math.hypot(across * ratio, down);
  const mm = [height * ratio, height] as const;
  const valid = millimetres > 0 && ratio > 0 && pixels > 0 && isBelievable(mm);
  const apply = (): void => {
    step((present) => setScale(present, { mm, origin: 'calibrated' }));
    dialog.value = null;
    chooseTool('click');
    say(text.calibrate.done(spacing(mm)));
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
        <small id="distance-hint">
          {valid || !(ratio > 0) ? '' : millimetres > 0 ? text.calibrate.unbelievable : text.calibrate.invalid}
        </small>
      </label>
      <label class="field">
        <span>{text.calibrate.aspect}</span>
        <input
          inputMode="decimal"
          value={aspect.value}
          aria-invalid={!(ratio > 0)}
          aria-describedby="aspect-hint"
          onInput={(event) => (aspect.value = event.currentTarget.value)}
        />
        <small id="aspect-hint">{ratio > 0 ? text.calibrate.aspectHelp : text.calibrate.invalid}</small>
      </label>
      <Button label={text.calibrate.apply} caption={text.calibrate.apply} kind="primary" disabled={!valid} submit />
    </Dialog>
  );
}

/** NaN for anything but a finite number. */
function numberIn(written: string): number {
  const value = Number(written.replace(',', '.'));
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Pixel aspect ratio (width / height): that of the current scale or of the file; 1 if unknown. */
function knownAspect(): number {
  const { regions = [] } = opened.value?.file.dicom?.calibration ?? {};
  const mm = document.value?.scale?.mm ?? regions.find(({ measures }) => measures)?.spacingMm;
  return mm ? mm[0] / mm[1] : 1;
}
