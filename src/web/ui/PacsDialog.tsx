/** "Open from PACS": search, the list of studies with their series and instances, and opening them. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import {
  browseFailure,
  busy,
  instances,
  moreStudies,
  openInstances,
  search,
  searchStudies,
  series,
  stopBrowsing,
  studies,
  toggleSeries,
  toggleStudy,
  unusable,
} from '../pacs/pacsBrowse.js';
import type { PacsSearch, PacsSeries, PacsStudy } from '../pacs/pacsServer.js';
import { text } from '../text/en.js';
import { Button } from './Button.js';
import { Dialog } from './Dialog.js';

/** Objects that are neither images nor masks: they are listed, and cannot be opened. */
const NO_IMAGES = ['SR', 'PR', 'KO', 'DOC'];

export function PacsDialog() {
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  const set = (change: Partial<PacsSearch>): void => {
    search.value = { ...search.peek(), ...change };
  };
  const { modality, patientId, patientName, date, patients } = search.value;
  const now = busy.value;
  const fetching = now !== null && now !== 'searching';
  return (
    <Dialog title={text.pacs.title} wide onSubmit={() => void searchStudies()} onClose={stopBrowsing}>
      <div class="pacs-search">
        <label class="field">
          <span>{text.pacs.patientId}</span>
          <input
            ref={first}
            value={patientId}
            autocomplete="off"
            onInput={(event) => set({ patientId: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>{text.pacs.patientName}</span>
          <input
            value={patientName}
            autocomplete="off"
            onInput={(event) => set({ patientName: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>{text.pacs.date}</span>
          <input
            type="date"
            value={date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')}
            onInput={(event) => set({ date: event.currentTarget.value.replaceAll('-', '') })}
          />
        </label>
        <label class="field">
          <span>{text.pacs.modality}</span>
          <select value={modality} onChange={(event) => set({ modality: event.currentTarget.value })}>
            <option value="US">{text.pacs.ultrasound}</option>
            <option value="">{text.pacs.allModalities}</option>
          </select>
        </label>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={patients}
          onChange={(event) => set({ patients: event.currentTarget.checked })}
        />
        <span>{text.pacs.patients}</span>
      </label>
      <div class="row">
        <Button label={text.pacs.search} caption={text.pacs.search} kind="primary" disabled={fetching} submit />
        {now && <Button label={text.pacs.stop} caption={text.pacs.stop} icon="close" onClick={stopBrowsing} />}
      </div>
      <p role="status" class="quiet">
        {now === 'searching' ? text.pacs.searching : now ? text.pacs.fetching(now.done, now.total) : ''}
      </p>
      {fetching && <progress aria-label={text.pacs.fetching(now.done, now.total)} value={now.done} max={now.total} />}
      {browseFailure.value && (
        <p role="alert" class="warn">
          {browseFailure.value.text} {browseFailure.value.hint}
        </p>
      )}
      {unusable.value > 0 && <p class="warn">{text.pacs.unusable(unusable.value)}</p>}
      {studies.value && <Studies list={studies.value} />}
    </Dialog>
  );
}

function Studies({ list }: { readonly list: readonly PacsStudy[] }) {
  if (list.length === 0) return <p>{text.pacs.none}</p>;
  return (
    <>
      <ul class="pacs" aria-label={text.pacs.studies}>
        {list.map((study) => (
          <li key={study.study}>
            <button
              type="button"
              class="entry"
              aria-expanded={series.value?.of === study.study}
              onClick={() => void toggleStudy(study.study)}
            >
              <span class="entry-text">
                <span>{studyTitle(study)}</span>
                <small>{text.pacs.study(study.modalities.join(', '), study.series, study.instances)}</small>
              </span>
            </button>
            {series.value?.of === study.study && <SeriesList list={series.value.list} />}
          </li>
        ))}
      </ul>
      {moreStudies.value && <p class="quiet">{text.pacs.more(list.length)}</p>}
    </>
  );
}

/** The patient if shown, else the UID, which distinguishes studies. */
function studyTitle({ study, patient }: PacsStudy): string {
  if (!patient) return study;
  const { name, id, studyDate, studyDescription } = patient;
  const day = studyDate.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const known = [name.replaceAll('^', ' ').trim(), id, day, studyDescription].filter((part) => part !== '');
  return known.length > 0 ? known.join(' · ') : study;
}

function SeriesList({ list }: { readonly list: readonly PacsSeries[] }) {
  return (
    <ul aria-label={text.pacs.series}>
      {list.map((one) => (
        <li key={one.series}>
          <button
            type="button"
            class="entry"
            aria-expanded={instances.value?.of === one.series}
            onClick={() => void toggleSeries(one)}
          >
            <span class="entry-text">
              <span>
                {[text.pacs.seriesTitle(one.modality, one.number), one.description].filter(Boolean).join(' · ')}
              </span>
              <small>{text.pacs.instanceCount(one.instances)}</small>
            </span>
          </button>
          {instances.value?.of === one.series && <Instances of={one} />}
        </li>
      ))}
    </ul>
  );
}

function Instances({ of: { modality } }: { readonly of: PacsSeries }) {
  const list = instances.value?.list ?? [];
  if (NO_IMAGES.includes(modality)) return <p class="quiet">{text.pacs.noImages}</p>;
  const disabled = busy.value !== null;
  const masks = modality === 'SEG';
  return (
    <>
      {masks && <p class="quiet">{text.pacs.masksHint}</p>}
      {list.length > 1 && (
        <Button
          label={text.pacs.openAll(list.length)}
          caption={text.pacs.openAll(list.length)}
          icon="open"
          disabled={disabled}
          onClick={() => void openInstances(list, modality)}
        />
      )}
      <ul aria-label={text.pacs.instances}>
        {list.map((one, i) => (
          <li key={one.instance}>
            <button
              type="button"
              class="entry"
              disabled={disabled}
              aria-label={text.pacs.open(one.number ?? i + 1, masks)}
              onClick={() => void openInstances([one], modality)}
            >
              <span class="entry-text">
                <span>{text.pacs.instanceTitle(one.number ?? i + 1, masks)}</span>
                <small>{text.pacs.instance(one.columns, one.rows, one.frames)}</small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
