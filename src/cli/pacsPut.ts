/**
 * The work of `samus pacs put`. It keeps no record: what the PACS has is asked of the PACS, so a run after one that was
 * killed continues where that one was.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import type { DicomWeb, InstanceUids } from '../formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../formats/dicomweb/instanceUids.js';
import { filesBelow, readReason } from '../formats/fileSystem.node.js';
import { SNIFF_BYTES, sniffFormat } from '../formats/imageFormat.js';
import { hintAfterInterrupt } from './interrupt.js';
import { endsAll, openPacs, type PacsOptions } from './pacsClient.js';
import { Progress } from './progress.js';
import type { Outcome } from './run.js';

export interface PutOptions extends PacsOptions {
  readonly again?: boolean;
}

/** What became of one file. */
interface Put {
  readonly file: string;
  readonly instance: string | null;
  readonly state: 'stored' | 'present' | 'refused' | 'failed' | 'not-tried';
  /** Why the PACS changed the object (0008,1196). */
  readonly warning?: number;
  /** An earlier file of this run with the same UID: a PACS keeps one of them. */
  readonly sameUidAs?: string;
  readonly error?: ReturnType<SamusError['toJSON']>['error'];
}

/** Stores DICOM files that the PACS lacks. @throws SamusError PACS_…, IMAGE_NOT_FOUND */
export async function putIntoPacs(paths: readonly string[], options: PutOptions): Promise<Outcome> {
  const pacs = await openPacs(options);
  hintAfterInterrupt('run the command again: it continues with the files that the PACS lacks');
  const { files, others } = await filesIn(paths);
  const there = new PresentInstances(pacs);
  const progress = new Progress('storing', files.length);
  const done: Put[] = [];
  let stopped = false;
  try {
    for (const [i, file] of files.entries()) {
      progress.update(i);
      if (stopped) {
        done.push({ file, instance: null, state: 'not-tried' });
        continue;
      }
      const one = await putFile(pacs, there, file, options.again === true);
      stopped = one.ends;
      if (one.ends && !done.some(({ state }) => state === 'stored')) throw one.thrown;
      const { instance, state } = one.put;
      const twin =
        state === 'stored'
          ? done.find((before) => before.state === 'stored' && before.instance === instance)
          : undefined;
      done.push({ ...one.put, ...(twin && { sameUidAs: twin.file }) });
    }
  } finally {
    progress.end();
  }
  return outcome(done, others);
}

interface Attempt {
  readonly put: Put;
  /** Whether the files that follow would fail, too. */
  readonly ends: boolean;
  readonly thrown?: SamusError;
}

async function putFile(pacs: DicomWeb, there: PresentInstances, file: string, again: boolean): Promise<Attempt> {
  let instance: string | null = null;
  try {
    const bytes = await readFile(file).catch((error) => Promise.reject(unreadable(error)));
    // Files that samus does not understand are sent as well: the PACS decides whether it accepts them.
    const identity = await instanceUids(bytes);
    instance = identity?.instance ?? null;
    if (identity && !again && (await there.has(identity))) {
      return { put: { file, instance, state: 'present' }, ends: false };
    }
    const stored = await pacs.store(new Blob([bytes]), identity?.instance);
    const { warning } = stored;
    return {
      put: { file, instance: stored.instance, state: 'stored', ...(warning !== undefined && { warning }) },
      ends: false,
    };
  } catch (thrown) {
    if (!(thrown instanceof SamusError)) throw thrown;
    const state = thrown.code === 'PACS_REFUSED' ? 'refused' : 'failed';
    return { put: { file, instance, state, error: thrown.toJSON().error }, ends: endsAll(thrown), thrown };
  }
}

/** Which instances the PACS has, asked once for each series. */
class PresentInstances {
  readonly #series = new Map<string, ReadonlySet<string>>();

  constructor(readonly pacs: DicomWeb) {}

  /** @throws SamusError PACS_UNREACHABLE, PACS_BUSY, PACS_REDIRECT */
  async has({ study, series, instance }: InstanceUids): Promise<boolean> {
    const key = `${study} ${series}`;
    const known = this.#series.get(key) ?? (await this.#ask(study, series));
    this.#series.set(key, known);
    return known.has(instance);
  }

  /** A PACS that has no such series, or that grants no search, is sent all files. */
  async #ask(study: string, series: string): Promise<ReadonlySet<string>> {
    try {
      return new Set((await this.pacs.instances(study, series)).map(({ instance }) => instance));
    } catch (error) {
      const unanswered = ['PACS_ANSWER', 'PACS_DENIED', 'PACS_LIMIT', 'PACS_NOT_FOUND'];
      if (error instanceof SamusError && unanswered.includes(error.code)) return new Set();
      throw error;
    }
  }
}

/** The DICOM files, by content or by name, and how many others there are. @throws SamusError IMAGE_NOT_FOUND */
async function filesIn(paths: readonly string[]): Promise<{ files: readonly string[]; others: number }> {
  const found: string[] = [];
  for (const [i, path] of paths.entries()) {
    const facts = await stat(path).catch(() => undefined);
    if (!facts) {
      // The path stays out: `samus pacs get` names files by their UIDs.
      const message = `expected a file or folder as argument ${i + 1}, but nothing is there`;
      throw new SamusError('IMAGE_NOT_FOUND', message, 'check the path', { argument: i + 1 });
    }
    found.push(...(facts.isDirectory() ? await filesBelow(path) : [path]));
  }
  const unique = [...new Set(found)];
  const files: string[] = [];
  for (const path of unique) if (await isDicomFile(path)) files.push(path);
  return { files, others: unique.length - files.length };
}

async function isDicomFile(path: string): Promise<boolean> {
  if (path.toLowerCase().endsWith('.dcm')) return true;
  const file = await open(path, 'r').catch(() => undefined);
  // It may be one, so it is reported with the others.
  if (!file) return true;
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return sniffFormat(buffer.subarray(0, bytesRead))?.id === 'dicom';
  } finally {
    await file.close();
  }
}

/** Without the path, which may be a UID; the document names the file. */
function unreadable(error: unknown): SamusError {
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new SamusError('IMAGE_UNREADABLE', `cannot read a file: ${readReason(reason)}`, 'check its permissions', {
    reason,
  });
}

function outcome(done: readonly Put[], others: number): Outcome {
  const count = (...wanted: readonly Put['state'][]): number =>
    done.filter(({ state }) => wanted.includes(state)).length;
  const [stored, present] = [count('stored'), count('present')];
  const failed = done.length - stored - present;
  return {
    document: { files: done.map((one) => ({ ...one })), stored, present, failed, other_files: others },
    lines: [
      ...done.map(({ file, state, warning, error, sameUidAs }) => {
        const why = error ? `, ${error.code}: ${error.message}` : '';
        const twin = sameUidAs === undefined ? '' : `, with the UID of ${sameUidAs}: the PACS keeps one of them`;
        return `${file}: ${state}${twin}${warning === undefined ? '' : `, changed by the PACS (${warning})`}${why}`;
      }),
      `${stored} stored, ${present} already there, ${failed} failed`,
      ...(others > 0 ? [`${others} other file(s) are not DICOM and stay here`] : []),
    ],
    exitCode: failed > 0 ? 1 : 0,
  };
}
