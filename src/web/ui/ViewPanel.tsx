/** Settings of the view and of prompts. */
import { computed, type Signal } from '@preact/signals';
import { resetLight, toggleClean } from '../app/commands.js';
import { forgetEverything } from '../app/entries.js';
import { active, brightness, cleanMasks, contrast, multimask, showPreview } from '../app/state.js';
import { text } from '../text/en.js';
import { Button, Check } from './Button.js';

/** The setting of the selected object, else of new ones. */
const clean = computed(() => (active.value ? !active.value.raw : cleanMasks.value));

export function ViewPanel() {
  return (
    <section class="panel view" aria-label={text.view.title}>
      <header>
        <h2>{text.view.title}</h2>
        <Button label={text.view.resetLight} icon="undo" keys="R" onClick={resetLight} />
      </header>
      <Slider label={text.view.brightness} value={brightness} />
      <Slider label={text.view.contrast} value={contrast} />
      <Check label={text.tools.preview} value={showPreview} onChange={(on) => (showPreview.value = on)} />
      <Check label={text.tools.multimask} value={multimask} onChange={(on) => (multimask.value = on)} />
      <Check label={text.tools.clean} title={text.tools.cleanHelp} value={clean} onChange={toggleClean} />
      <Button
        label={text.saving.forget}
        caption={text.saving.forget}
        icon="trash"
        onClick={() => confirm(text.saving.forgetAsk) && void forgetEverything()}
      />
    </section>
  );
}

function Slider({ label, value }: { readonly label: string; readonly value: Signal<number> }) {
  return (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        aria-label={label}
        aria-valuetext={text.view.percent(value.value)}
        min={30}
        max={300}
        step={5}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.valueAsNumber;
        }}
      />
      <span class="value">{text.view.percent(value.value)}</span>
    </label>
  );
}
