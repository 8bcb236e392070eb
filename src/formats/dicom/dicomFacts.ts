/**
 * What people ask of a DICOM file besides its pixels: when its frames were taken, and the patient and study, decoded for
 * display only.
 */
import type { FrameTiming } from '../imageSource.js';
import { textIn, textReader } from './characterSets.js';
import { type DataSet, numberOf, numbersOf, textOf } from './dataSet.js';

/** Durations of the frames in the file, in ms: one for all, or one each; null without any. */
export function frameTimes(data: DataSet): readonly number[] | null {
  const [group, element] = numbersOf(data, 0x00280009);
  const pointed = group !== undefined && element !== undefined ? group * 0x10000 + element : undefined;
  const tags = [0x00181065, 0x00181063];
  const found = [...tags.filter((tag) => tag === pointed), ...tags]
    .map((tag) => numbersOf(data, tag))
    .find((times) => times.length > 0 && times.every((time) => Number.isFinite(time)));
  return found ?? null;
}

/** How long a frame is shown where the file says nothing. */
const USUAL_MS = 40;

/** Whether a clip can show a frame so long, in ms; other numbers are damage. */
export const isFrameTime = (ms: number): boolean => ms >= 0.1 && ms <= 3_600_000;

/** How the frames of a clip follow each other; undefined for a single frame. */
export function frameTiming(data: DataSet, frames: number): FrameTiming | undefined {
  if (frames < 2) return undefined;
  const rates = [0x00180040, 0x00082144].map((tag) => numberOf(data, tag) ?? 0);
  const usual = rates.map((rate) => 1000 / rate).find(isFrameTime) ?? USUAL_MS;
  const [first, last] = [numberOf(data, 0x00082142), numberOf(data, 0x00082143)];
  const trimmed = first !== undefined && last !== undefined && first >= 1 && first <= last && last <= frames;
  return {
    delaysMs: delays(frameTimes(data) ?? [], frames, usual),
    ...(numberOf(data, 0x00181244) === 1 && { sweeps: true }),
    ...(trimmed && { trim: [first, last] }),
  };
}

/** @param times one for all frames, or a vector: its entries are steps from frame to frame where the first is 0 */
function delays(times: readonly number[], frames: number, usual: number): number[] {
  const [first = usual] = times;
  if (times.length !== frames) return new Array<number>(frames).fill(isFrameTime(first) ? first : usual);
  const steps = first === 0 ? times.slice(1) : times;
  const known = steps.filter(isFrameTime);
  const fallback = known.length > 0 ? known.reduce((sum, step) => sum + step, 0) / known.length : usual;
  return Array.from({ length: frames }, (_, i) => {
    const step = steps[i];
    return step !== undefined && isFrameTime(step) ? step : fallback;
  });
}

const PATIENT = {
  ...{ name: 0x00100010, id: 0x00100020, birthDate: 0x00100030, sex: 0x00100040, age: 0x00101010 },
  ...{ studyDate: 0x00080020, studyDescription: 0x00081030, accessionNumber: 0x00080050 },
} as const;

/** The patient and the study as text; empty where the file says nothing. */
export function patientFacts(data: DataSet): Record<keyof typeof PATIENT, string> {
  const text = textReader(data);
  const read = (tag: number): string => textIn(data, tag, text);
  const { name, id, birthDate, sex, age, studyDate, studyDescription, accessionNumber } = PATIENT;
  return {
    ...{ name: read(name), id: read(id), birthDate: read(birthDate), sex: read(sex), age: read(age) },
    ...{ studyDate: read(studyDate), studyDescription: read(studyDescription) },
    accessionNumber: read(accessionNumber),
  };
}

/** What distinguishes patients: the ID, or the study without one, whose images belong together. Never write it anywhere. */
export function patientKey(data: DataSet): string | undefined {
  const [id, study] = [textOf(data, 0x0010_0020), textOf(data, 0x0020_000d)];
  return id ?? (study === undefined ? undefined : `study ${study}`);
}
