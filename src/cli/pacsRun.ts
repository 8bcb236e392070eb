/**
 * The work of `samus pacs find` and `get`; that of `put` is in pacsPut.ts. No UID and nothing about a patient appears in an
 * error or on stderr.
 */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, SamusError } from '../errors.js';
import { textOf } from '../formats/dicom/dataSet.js';
import { readDicomFile } from '../formats/dicom/dicomFile.js';
import type { FoundInstance, FoundStudy } from '../formats/dicomweb/dicomJson.js';
import type { DicomWeb } from '../formats/dicomweb/dicomWeb.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder, replaceFile, writeError } from '../formats/fileWrite.node.js';
import { sniffFormat } from '../formats/imageFormat.js';
import { hintAfterInterrupt, uninterrupted } from './interrupt.js';
import { endsAll, openPacs, type PacsOptions, Unusable } from './pacsClient.js';
import { Progress } from './progress.js';
import { type Outcome, oneLine, warn } from './run.js';

export interface FindOptions extends PacsOptions {
  readonly study?: string;
  readonly series?: string;
  readonly modality?: string;
  readonly match?: readonly string[];
  readonly patient?: boolean;
}

export interface GetOptions extends PacsOptions {
  readonly study: string;
  readonly series?: string;
  readonly modality?: string;
  readonly out: string;
}

/** Elements that a search for studies may match. */
const MATCHED = ['AccessionNumber', 'PatientID', 'PatientName', 'StudyDate', 'StudyDescription', 'StudyInstanceUID'];

/** Lists studies, the series of one, or the instances of one. @throws SamusError PACS_… */
export async function findInPacs(options: FindOptions): Promise<Outcome> {
  const matches = matchesOf(options);
  const unusable = new Unusable();
  const pacs = await openPacs(options, unusable);
  const outcome = await findWith(pacs, options, matches);
  for (const line of unusable.lines) warn(line);
  if (outcome.lines.length === 0) warn('the PACS has none that match');
  return outcome;
}

async function findWith(pacs: DicomWeb, options: FindOptions, matches: Record<string, string>): Promise<Outcome> {
  const { study, series, modality, patient = false } = options;
  if (series !== undefined) {
    if (study === undefined) {
      const hint = 'add --study';
      throw new SamusError('USAGE_MISSING_OPTION', 'expected the study of the series, got none', hint);
    }
    const instances = await pacs.instances(study, series);
    return {
      document: { study, series, instances: instances.map(instanceJson) },
      lines: instances.map(instanceLine).map(oneLine),
    };
  }
  if (study !== undefined) {
    const listed = (await pacs.series(study, modality === undefined ? {} : { Modality: modality })).filter(
      (one) => modality === undefined || one.modality === modality,
    );
    return {
      document: {
        study,
        series: listed.map(({ study: _, description, ...one }) => ({ ...one, ...(patient && { description }) })),
      },
      lines: listed.map((one) =>
        oneLine(
          `${one.series}  ${one.modality}  ${counted(one.instances, 'instance')}${patient ? `  ${one.description}` : ''}`,
        ),
      ),
    };
  }
  const studies = await pacs.studies({ ...matches, ...(modality !== undefined && { ModalitiesInStudy: modality }) });
  return {
    document: {
      studies: studies.map(({ patient: text, ...one }) => ({ ...one, ...(patient && { patient: { ...text } }) })),
    },
    lines: studies.map((one) => oneLine(studyLine(one, patient))),
  };
}

/** @throws SamusError PACS_MATCH, which repeats no value */
function matchesOf({ match = [], study }: FindOptions): Record<string, string> {
  const matches: Record<string, string> = {};
  for (const text of match) {
    const name = text.slice(0, text.indexOf('='));
    if (study !== undefined || !MATCHED.includes(name)) {
      const message =
        study === undefined ? 'expected another element as --match' : 'expected --match without --study, got both';
      throw new SamusError('PACS_MATCH', message, `for studies, match one of: ${MATCHED.join(', ')}`);
    }
    const value = text.slice(name.length + 1);
    if (name === 'StudyDate' && !/^(?:\d{8}(?:-(?:\d{8})?)?|-\d{8})$/.test(value)) {
      const hint = 'write a day as 20260131, a range as 20260101-20260131';
      throw new SamusError('PACS_MATCH', 'expected StudyDate as YYYYMMDD, got another form', hint);
    }
    matches[name] = value;
  }
  return matches;
}

function studyLine({ study, modalities, series, instances, patient }: FoundStudy, withPatient: boolean): string {
  const facts = [modalities.join(','), counted(series, 'series'), counted(instances, 'instance')];
  const { name, id, birthDate, studyDate, studyDescription, accessionNumber } = patient;
  const text = withPatient ? [name, id, birthDate, studyDate, studyDescription, accessionNumber] : [];
  return [study, ...facts, ...text].filter((part) => part !== '').join('  ');
}

function instanceJson({ study: _study, series: _series, ...one }: FoundInstance) {
  return one;
}

function instanceLine({ instance, rows, columns, frames }: FoundInstance): string {
  const size = rows !== null && columns !== null ? [`${columns}x${rows}`] : [];
  return [instance, ...size, ...(frames !== null ? [counted(frames, 'frame')] : [])].join('  ');
}

function counted(count: number | null, noun: string): string {
  if (count === null) return '';
  return `${count} ${count === 1 || noun === 'series' ? noun : `${noun}s`}`;
}

/** What became of one instance. */
interface Received {
  readonly instance: string;
  readonly series: string;
  readonly file: string;
  readonly state: 'received' | 'present' | 'failed' | 'not-tried';
  readonly error?: Json;
}

/** Fetches the instances of a study that the folder lacks. @throws SamusError PACS_…, FILE_UNWRITABLE, DISK_FULL */
export async function getFromPacs(options: GetOptions): Promise<Outcome> {
  const { study, out } = options;
  const unusable = new Unusable();
  const pacs = await openPacs(options, unusable);
  hintAfterInterrupt('run the command again: it continues with the instances that are missing');
  const wanted = await instancesOf(pacs, options, unusable);
  await makeFolder(out);
  const progress = new Progress('receiving', wanted.length);
  const received: Received[] = [];
  let stopped = false;
  try {
    for (const [i, found] of wanted.entries()) {
      progress.update(i);
      const { instance, series } = found;
      const one = { instance, series, file: join(out, `${instance}.dcm`) };
      if (await exists(one.file)) received.push({ ...one, state: 'present' });
      else if (stopped) received.push({ ...one, state: 'not-tried' });
      else {
        const error = await receiveFile(pacs, found, one.file).catch((thrown: unknown) => failureOf(thrown, out));
        stopped = error !== undefined && endsAll(error);
        if (stopped && !received.some(({ state }) => state === 'received')) throw error;
        received.push({
          ...one,
          ...(error ? { state: 'failed', error: error.toJSON().error } : { state: 'received' }),
        });
      }
    }
  } finally {
    progress.end();
  }
  return summary({ study, out, instances: received.map((one) => ({ ...one })) }, received, out, unusable);
}

/** The instances to fetch. @throws SamusError PACS_NOT_FOUND where there are none */
async function instancesOf(
  pacs: DicomWeb,
  { study, series, modality }: GetOptions,
  unusable: Unusable,
): Promise<FoundInstance[]> {
  const all = await pacs.series(study, modality === undefined ? {} : { Modality: modality });
  const chosen = all.filter(
    (one) => (series === undefined || one.series === series) && (modality === undefined || one.modality === modality),
  );
  if (chosen.length === 0) {
    const limits = series === undefined && modality === undefined ? '' : ' of this --series and --modality';
    const [left] = unusable.lines;
    const message = `expected series${limits} in the study, got none${left === undefined ? '' : `: ${left}`}`;
    throw new SamusError('PACS_NOT_FOUND', message, 'list what there is with samus pacs find --study UID');
  }
  const instances: FoundInstance[] = [];
  for (const one of chosen) instances.push(...(await pacs.instances(study, one.series)));
  if (instances.length > 0 || unusable.lines.length > 0) return instances;
  const hint = 'ask those who run the PACS';
  throw new SamusError('PACS_NOT_FOUND', 'expected instances in the series of the study, got none', hint);
}

/** Writes one instance, whole or not at all. @throws SamusError PACS_…, and of writing */
async function receiveFile(pacs: DicomWeb, found: FoundInstance, path: string): Promise<undefined> {
  await uninterrupted(() =>
    replaceFile(path, async (temporary) => {
      const file = await open(temporary, 'wx');
      try {
        await pacs.receive(found, async () => {
          await file.truncate(0);
          let at = 0;
          return async (piece) => {
            await file.write(piece, 0, piece.length, at);
            at += piece.length;
          };
        });
        await file.sync();
      } finally {
        await file.close();
      }
      await checkContent(temporary, found.instance);
    }),
  );
}

/** @throws SamusError PACS_ANSWER for anything but the requested instance */
async function checkContent(path: string, instance: string): Promise<void> {
  const bytes = await readFile(path);
  // What cannot be read here may be of use to others.
  const data = await readDicomFile(bytes).then(
    (file) => file.data,
    () => undefined,
  );
  const is = data && textOf(data, 0x0008_0018);
  if (sniffFormat(bytes)?.id === 'dicom' && (is === undefined || is === instance)) return;
  const hint = 'ask those who run the PACS';
  throw new SamusError('PACS_ANSWER', 'expected the requested instance, got something else', hint);
}

/** An error about a file is made one about its folder, because the file is named by its UID. @throws what is a bug */
function failureOf(thrown: unknown, out: string): SamusError {
  const error = thrown instanceof SamusError ? writeError(out, thrown) : thrown;
  if (error instanceof SamusError) return error;
  throw error;
}

function summary(
  document: { readonly [key: string]: Json },
  received: readonly Received[],
  out: string,
  unusable: Unusable,
): Outcome {
  const count = (wanted: Received['state']): number => received.filter(({ state }) => state === wanted).length;
  const [fresh, present] = [count('received'), count('present')];
  const failed = received.length - fresh - present;
  const left = unusable.lines;
  return {
    document: {
      ...{ ...document, received: fresh, present, failed },
      ...(left.length > 0 && { unusable: unusable.json }),
    },
    lines: [
      `${fresh} received, ${present} already there, ${failed} failed, in ${out}`,
      ...received.flatMap(({ file, error }) => (error === undefined ? [] : [`${file}: ${messageOf(error)}`])),
      ...left,
      ...(failed > 0 ? ['run the command again to fetch what is missing'] : []),
    ],
    exitCode: failed + left.length > 0 ? 1 : 0,
  };
}

/** `CODE: message` of an error in a document. */
function messageOf(error: Json): string {
  const fields = typeof error === 'object' && error !== null && !Array.isArray(error) ? error : undefined;
  if (!fields || !('code' in fields) || !('message' in fields)) return '';
  return `${fields.code}: ${fields.message}`;
}
