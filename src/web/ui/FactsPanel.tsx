/**
 * What the open DICOM file says: its coding, size, times and regions. The patient and the study appear only while a person
 * asks for them, which is forgotten with each reload.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sayError } from '../app/messages.js';
import { opened, showPatient } from '../app/state.js';
import type { DicomFacts, OpenedFile, PatientFacts } from '../open/imageContract.js';
import { text } from '../text/en.js';
import { Check } from './Button.js';
import { spacing } from './MeasurePanel.js';

export function FactsPanel() {
  const file = opened.value?.file;
  if (!file?.dicom) return null;
  return (
    <section class="panel facts" aria-label={text.facts.title}>
      <header>
        <h2>{text.facts.title}</h2>
      </header>
      <Rows rows={factRows(file.dicom, file)} />
      <Check label={text.facts.showPatient} value={showPatient} onChange={(on) => (showPatient.value = on)} />
      {showPatient.value && <Patient file={file} />}
      <p class="quiet">{text.facts.stored}</p>
    </section>
  );
}

function Patient({ file }: { readonly file: OpenedFile }) {
  const found = useSignal<PatientFacts | null>(null);
  useEffect(() => {
    let gone = false;
    found.value = null;
    file.patient().then(
      (facts) => {
        if (!gone) found.value = facts;
      },
      (error: unknown) => sayError(error),
    );
    return () => {
      gone = true;
    };
  }, [file, found]);
  const { value } = found;
  const { patient } = text.facts;
  if (!value) return null;
  return (
    <Rows
      rows={[
        [patient.name, value.name],
        [patient.id, value.id],
        [patient.birthDate, value.birthDate],
        [patient.sex, value.sex],
        [patient.age, value.age],
        [patient.studyDate, value.studyDate],
        [patient.studyDescription, value.studyDescription],
        [patient.accessionNumber, value.accessionNumber],
      ]}
    />
  );
}

type Row = readonly [name: string, value: string];

function Rows({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <dl>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === '' ? '–' : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function factRows(facts: DicomFacts, { frames, framesStated }: OpenedFile): Row[] {
  const { sopClass, transferSyntax, rows, columns, photometric, frameTimesMs, calibration } = facts;
  const { regions, wholeMm } = calibration;
  const named = (uid: string, names: Readonly<Record<string, string>>): string => names[uid] ?? uid;
  return [
    [text.facts.sopClass, named(sopClass ?? '', text.facts.sopClasses)],
    [text.facts.transferSyntax, named(transferSyntax, text.facts.transferSyntaxes)],
    [text.facts.size, text.facts.pixels(columns, rows)],
    [text.facts.frames, framesStated === undefined ? String(frames) : text.facts.framesOf(frames, framesStated)],
    [text.facts.photometric, photometric],
    ...(frameTimesMs ? [[text.facts.times, times(frameTimesMs)] as const] : []),
    ...regions.map(({ box, spacingMm, why }, i): Row => {
      const found = spacingMm ? text.facts.mm(spacing(spacingMm)) : text.facts.noMm(why ?? '');
      return [text.facts.region(i + 1), `${box.join(', ')}: ${found}`];
    }),
    ...(wholeMm ? [[text.facts.pixel, text.facts.mm(spacing(wholeMm))] as const] : []),
  ];
}

/** One value, or the smallest and the largest. */
function times(all: readonly number[]): string {
  const [least, most] = [Math.min(...all), Math.max(...all)];
  return text.facts.ms(least === most ? String(least) : `${least}–${most}`);
}
