/** The export window: format, images and destination. */
import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { exporting, runExport } from '../app/exportsRun.js';
import { lastDataset } from '../app/persist.js';
import { currentId, type Entry, entries, exportFormat as format } from '../app/state.js';
import { EXPORT_FORMATS, isDicomFormat } from '../exports/exportContract.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';

/** Also used as a folder name and in lists with `/` as separator. */
const DATASET = /^[A-Za-z0-9]([\w.-]{0,62}[\w-])?$/;

export function ExportDialog() {
  const wantsPrompts = format.value === 'prompts';
  const framesOf = ({ shapeFrames, workFrames }: Entry): number => (wantsPrompts ? workFrames : shapeFrames);
  // Annotations are stored by content, so an image that is listed twice is exported once.
  const frames = new Map(entries.value.map((entry) => [entry.key ?? entry.id, framesOf(entry)]));
  const images = [...frames.values()].filter((count) => count > 0).length;
  const allFrames = [...frames.values()].reduce((sum, count) => sum + count, 0);
  const current = entries.value.find(({ id }) => id === currentId.value);
  const here = (current && framesOf(current)) ?? 0;
  const chosen = useSignal<'current' | 'all'>(images > 1 ? 'all' : 'current');
  const scope = here > 0 ? chosen.value : 'all';
  const dataset = useSignal(lastDataset() ?? text.exports.datasetDefault);
  const valid = DATASET.test(dataset.value);
  const geometry = useSignal<'auto' | 'none'>('auto');
  const kind = useSignal<'binary' | 'labelmap'>('binary');
  const running = exporting.value;
  const ready = images > 0 && valid && !running;
  const besides = entries.value.some(({ id, folder }) => folder && (scope === 'all' || id === currentId.value));
  const run = (beside: boolean) => (): void =>
    void runExport({
      ...{ format: format.value, scope, dataset: dataset.value, beside },
      dicom: { geometry: geometry.value, kind: kind.value },
    });
  // From here, arrow keys change the format and Enter exports. The window has the focus before the next key arrives.
  const chosenFormat = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => chosenFormat.current?.focus(), []);
  return (
    <Dialog title={text.exports.title} onSubmit={() => ready && run(false)()}>
      {images === 0 && <p class="warn">{text.exports.nothing(wantsPrompts)}</p>}
      <fieldset>
        <legend>{text.exports.format}</legend>
        {EXPORT_FORMATS.map((name) => (
          <label key={name} class="choice">
            <input
              ref={format.value === name ? chosenFormat : null}
              type="radio"
              name="format"
              checked={format.value === name}
              onChange={() => (format.value = name)}
            />
            <span>
              {text.exports.formats[name][0]}
              <small>{text.exports.formats[name][1]}</small>
            </span>
          </label>
        ))}
      </fieldset>
      {format.value === 'us30k' && (
        <label class="field">
          <span>{text.exports.dataset}</span>
          <input
            value={dataset.value}
            aria-invalid={!valid}
            aria-describedby="dataset-hint"
            onInput={(event) => (dataset.value = event.currentTarget.value)}
          />
          {!valid && <small id="dataset-hint">{text.exports.invalidName}</small>}
        </label>
      )}
      {isDicomFormat(format.value) && <p class="warn">{text.exports.patient}</p>}
      {(format.value === 'dcmseg' || format.value === 'dcmsr') && (
        <>
          <Choice legend={text.exports.geometry.title} chosen={geometry} words={text.exports.geometry.choices} />
          <Choice legend={text.exports.kind.title} chosen={kind} words={text.exports.kind.choices} />
        </>
      )}
      {entries.value.length > 1 && (
        <fieldset class="row">
          <legend>{text.exports.scope}</legend>
          <label class="choice">
            <input
              type="radio"
              name="scope"
              disabled={here === 0}
              checked={scope === 'current'}
              onChange={() => (chosen.value = 'current')}
            />
            <span>{text.exports.current(here)}</span>
          </label>
          <label class="choice">
            <input type="radio" name="scope" checked={scope === 'all'} onChange={() => (chosen.value = 'all')} />
            <span>{text.exports.all(images, allFrames, wantsPrompts)}</span>
          </label>
        </fieldset>
      )}
      {running && (
        <p role="status">
          {text.exports.working(running.done, running.total)}{' '}
          <progress value={running.done} max={Math.max(1, running.total)} />
        </p>
      )}
      <footer class="row">
        <Button
          label={text.exports.download}
          caption={text.exports.download}
          icon="export"
          kind="primary"
          disabled={!ready}
          submit
        />
        {besides && (
          <Button
            label={`${text.exports.beside}: ${text.exports.besideHelp}`}
            caption={text.exports.beside}
            icon="folder"
            disabled={!ready}
            onClick={run(true)}
          />
        )}
      </footer>
    </Dialog>
  );
}

interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly chosen: Signal<T>;
  readonly words: Readonly<Record<T, string>>;
}

function Choice<T extends string>({ legend, chosen, words }: ChoiceProps<T>) {
  const names = Object.keys(words).filter((name): name is T => Object.hasOwn(words, name));
  return (
    <fieldset class="row">
      <legend>{legend}</legend>
      {names.map((name) => (
        <label key={name} class="choice">
          <input
            type="radio"
            name={legend}
            checked={chosen.value === name}
            onChange={() => {
              chosen.value = name;
            }}
          />
          <span>{words[name]}</span>
        </label>
      ))}
    </fieldset>
  );
}
