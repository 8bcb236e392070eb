/**
 * The PACS as the page reaches it: through the server, which knows its address and token (src/server/routes/pacs.ts).
 */
import type { FoundInstance, FoundSeries, FoundStudy } from '../../formats/dicomweb/dicomJson.js';
import type { InstanceUids } from '../../formats/dicomweb/dicomWeb.js';
import { errorOf } from '../engine/serverRequests.js';
import { pageError } from '../pageError.js';

/** What a person searches for; empty texts match everything. */
export interface PacsSearch {
  readonly modality: string;
  readonly patientId: string;
  readonly patientName: string;
  readonly date: string;
  /** Whether the answers have names, dates and descriptions. */
  readonly patients: boolean;
}

export type PacsStudy = Omit<FoundStudy, 'patient'> & Partial<Pick<FoundStudy, 'patient'>>;
export type PacsSeries = Omit<FoundSeries, 'description'> & Partial<Pick<FoundSeries, 'description'>>;

interface Unusable {
  /** Entries that are left out because the PACS lists them without a valid UID. */
  readonly unusable?: number;
}

const ROOT = 'api/v1/pacs';

/** For an instance whose connection is lost in the middle. */
const ATTEMPTS = 3;

/** Whether the server was started with a PACS; also false without a server. */
export async function hasPacs(): Promise<boolean> {
  try {
    const { available }: { readonly available: boolean } = await json('', {});
    return available;
  } catch {
    return false;
  }
}

export function findStudies(
  { patients, ...search }: PacsSearch,
  signal: AbortSignal,
): Promise<{ readonly studies: readonly PacsStudy[]; readonly more: boolean } & Unusable> {
  return json('/studies', { ...search, patient: String(patients) }, signal);
}

export function findSeries(
  study: string,
  patients: boolean,
  signal: AbortSignal,
): Promise<{ readonly series: readonly PacsSeries[] } & Unusable> {
  return json('/series', { study, patient: String(patients) }, signal);
}

export function findInstances(
  study: string,
  series: string,
  signal: AbortSignal,
): Promise<{ readonly instances: readonly FoundInstance[] } & Unusable> {
  return json('/instances', { study, series }, signal);
}

/** A DICOM file, as the PACS keeps it. */
export async function fetchInstance({ study, series, instance }: InstanceUids, signal: AbortSignal): Promise<Blob> {
  for (let attempt = 1; ; attempt++) {
    const response = await ask(`/instances/${instance}`, { study, series }, { signal });
    try {
      return await response.blob();
    } catch (error) {
      // What the server has begun to pass on, it cannot ask for again.
      if (signal.aborted || attempt === ATTEMPTS) throw lost(error, signal);
    }
  }
}

/** Stores a DICOM file in the PACS. @throws SamusError PACS_REFUSED and others */
export async function storeInstance(bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/dicom' };
  await ask('/instances', {}, { method: 'POST', headers, body: new Blob([bytes]), signal });
}

async function json<T>(path: string, query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, query, signal ? { signal } : {});
  return response.json().catch((error) => Promise.reject(lost(error, signal)));
}

async function ask(path: string, query: Readonly<Record<string, string>>, init: RequestInit): Promise<Response> {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const url = `${ROOT}${path}${given.length > 0 ? `?${new URLSearchParams(given)}` : ''}`;
  const response = await fetch(url, { cache: 'no-store', ...init }).catch((error) =>
    Promise.reject(lost(error, init.signal ?? undefined)),
  );
  if (response.ok) return response;
  throw await errorOf(response);
}

/** The connection failed, unless the request was taken back. */
function lost(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  return pageError('SERVER_UNREACHABLE', { reason: error instanceof Error ? error.name : 'unknown' });
}
