/**
 * "Open from PACS": what was searched for and found, as signals, and the opening of instances. Patients are neither asked
 * for nor shown unless wanted, and nothing of this is stored.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { signal } from '@preact/signals';
import type { FoundInstance } from '../../formats/dicomweb/dicomJson.js';
import { takeFiles } from '../app/filesIn.js';
import { asMessage, isAbort } from '../app/messages.js';
import { dialog } from '../app/state.js';
import {
  fetchInstance,
  findInstances,
  findSeries,
  findStudies,
  type PacsSearch,
  type PacsSeries,
  type PacsStudy,
} from './pacsServer.js';

/** Whether the server has a PACS. */
export const pacsAvailable = signal(false);

export const search = signal<PacsSearch>({ modality: 'US', patientId: '', patientName: '', date: '', patients: false });

/** Studies of the last search; null before the first. */
export const studies = signal<readonly PacsStudy[] | null>(null);
/** Whether the PACS has further studies than are listed. */
export const moreStudies = signal(false);
/** The study and the series that are unfolded. */
export const series = signal<{ readonly of: string; readonly list: readonly PacsSeries[] } | null>(null);
export const instances = signal<{ readonly of: string; readonly list: readonly FoundInstance[] } | null>(null);
/** Entries of the last search that have no valid UID. */
export const unusable = signal(0);
/** What is under way: a search, or the fetching of instances. */
export const busy = signal<'searching' | { readonly done: number; readonly total: number } | null>(null);
export const browseFailure = signal<{ readonly text: string; readonly hint: string } | null>(null);

let running: AbortController | null = null;

export const searchStudies = (): Promise<void> =>
  alone('searching', async (wanted) => {
    const found = await findStudies(search.peek(), wanted);
    studies.value = found.studies;
    moreStudies.value = found.more;
    unusable.value = found.unusable ?? 0;
    series.value = null;
    instances.value = null;
  });

/** Unfolds a study, or folds it. */
export async function toggleStudy(study: string): Promise<void> {
  instances.value = null;
  if (series.peek()?.of === study) {
    series.value = null;
    return;
  }
  await alone('searching', async (wanted) => {
    const found = await findSeries(study, search.peek().patients, wanted);
    series.value = { of: study, list: found.series };
    unusable.value = found.unusable ?? 0;
  });
}

/** Unfolds a series, or folds it. */
export async function toggleSeries({ study, series: uid }: PacsSeries): Promise<void> {
  if (instances.peek()?.of === uid) {
    instances.value = null;
    return;
  }
  await alone('searching', async (wanted) => {
    const found = await findInstances(study, uid, wanted);
    instances.value = { of: uid, list: found.instances };
    unusable.value = found.unusable ?? 0;
  });
}

/** Fetches instances and opens them; the window closes. */
export async function openInstances(list: readonly FoundInstance[], modality: string): Promise<void> {
  await alone({ done: 0, total: list.length }, async (wanted) => {
    const files: File[] = [];
    for (const [done, found] of list.entries()) {
      busy.value = { done, total: list.length };
      files.push(
        new File([await fetchInstance(found, wanted)], nameOf(found, modality), { type: 'application/dicom' }),
      );
    }
    dialog.value = null;
    void takeFiles(
      files.map((file) => ({ file, path: file.name })),
      // Of several, those without an image are summed up.
      files.length > 1,
    );
  });
}

/** Ends what is under way. */
export function stopBrowsing(): void {
  running?.abort(new DOMException('', 'AbortError'));
}

/** Runs one thing at a time: the next one ends the one before. */
async function alone(
  what: NonNullable<typeof busy.value>,
  work: (wanted: AbortSignal) => Promise<void>,
): Promise<void> {
  stopBrowsing();
  const own = new AbortController();
  running = own;
  busy.value = what;
  browseFailure.value = null;
  try {
    await work(own.signal);
  } catch (error) {
    if (!isAbort(error) && running === own) browseFailure.value = asMessage(error);
  } finally {
    if (running === own) busy.value = null;
  }
}

/**
 * The same for an instance each time, so that masks find their image again; not its UID, because exports contain the names
 * of their images, and a UID leads to the patient.
 */
function nameOf({ instance }: FoundInstance, modality: string): string {
  const kind = /^[A-Z]{1,4}$/.test(modality) ? modality : 'DICOM';
  return `${kind}-${bytesToHex(sha256(utf8ToBytes(instance))).slice(0, 10)}.dcm`;
}
