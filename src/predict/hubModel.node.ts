/**
 * Models on the Hugging Face hub, by names such as `hf:USER/NAME@REVISION`. Downloads go into the hub's cache, which
 * Python's huggingface_hub and others share; every file is checked against its hash there. Without a network, what the
 * cache has is used.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ListFileEntry } from '@huggingface/hub';
import { SamusError } from '../errors.js';
import { MODEL_FILES } from '../formats/modelFolder.node.js';
import { beforeLong, HubCache, type HubFile, isCommit } from './hubCache.node.js';

/** A repository of a model, at a branch, a tag or a commit. */
export interface HubReference {
  /** `USER/NAME` */
  readonly repo: string;
  readonly revision: string;
}

export interface HubModel {
  /** The model folder, in the cache. */
  readonly folder: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  /** Whether the hub was not reached, so that a newer commit may exist there. */
  readonly offline: boolean;
}

/** Called while a file is downloaded. */
export type HubProgress = (file: string, bytes: number, total: number) => void;

/** Of a model that comes from the cache because the hub was not reached. */
export function offlineWarning(name: string, { commit }: HubModel): string {
  return `the hub was not reached: ${name} is commit ${commit.slice(0, 7)} from the cache`;
}

const PREFIX = 'hf:';
const NAME = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
const DEFAULT_REVISION = 'main';

/** Whether a model's name is one on the hub. */
export function isHubName(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** @throws SamusError HUB_NAME */
export function parseHubName(name: string): HubReference {
  const [, repo, revision = DEFAULT_REVISION] = NAME.exec(name.slice(PREFIX.length)) ?? [];
  if (isHubName(name) && repo !== undefined && !revision.split('/').includes('..')) return { repo, revision };
  throw new SamusError(
    'HUB_NAME',
    `expected a model like hf:USER/NAME or hf:USER/NAME@REVISION, got ${name}`,
    'correct the name',
    { name },
  );
}

/** What the calls of the hub's library take. `HF_ENDPOINT` names another hub. @throws SamusError HUB_TOKEN */
export async function hubAccess(): Promise<{ readonly hubUrl?: string; readonly accessToken?: string }> {
  const {
    HF_ENDPOINT: endpoint,
    HF_TOKEN: given,
    HF_HOME: home = join(homedir(), '.cache', 'huggingface'),
  } = process.env;
  const file = process.env.HF_TOKEN_PATH ?? join(home, 'token');
  const token = (given ?? (await readFile(file, 'utf8').catch(() => ''))).trim();
  if (token !== '' && !token.startsWith('hf_')) {
    throw new SamusError(
      'HUB_TOKEN',
      'expected an access token that starts with hf_, got another text',
      'set HF_TOKEN to a token of huggingface.co/settings/tokens',
    );
  }
  return { ...(endpoint && { hubUrl: endpoint.replace(/\/+$/, '') }), ...(token && { accessToken: token }) };
}

/**
 * The model folder of a name on the hub, downloaded unless the cache has it. An interrupted download continues where it
 * stopped.
 * @throws SamusError HUB_NAME, HUB_TOKEN, HUB_UNREACHABLE if the hub cannot be reached and the cache lacks the model,
 *   HUB_REFUSED, HUB_NOT_FOUND, HUB_NOT_A_MODEL, HUB_HASH, DISK_FULL and FILE_UNWRITABLE
 */
export async function pullModel(name: string, progress: HubProgress = () => undefined): Promise<HubModel> {
  const reference = parseHubName(name);
  const { getHFHubCachePath } = await import('@huggingface/hub');
  const cache = new HubCache(join(getHFHubCachePath(), `models--${reference.repo.replace('/', '--')}`));
  const kept = await cache.find(reference.revision);
  // A commit never changes.
  if (kept && kept.commit === reference.revision) return { ...kept, offline: false };
  try {
    if (process.env.HF_HUB_OFFLINE === '1') throw unreachable(name, 'HF_HUB_OFFLINE is 1');
    return { ...(await download(name, reference, cache, progress)), offline: false };
  } catch (error) {
    if (kept && error instanceof SamusError && error.code === 'HUB_UNREACHABLE') return { ...kept, offline: true };
    throw error;
  }
}

async function download(name: string, { repo, revision }: HubReference, cache: HubCache, progress: HubProgress) {
  const hub = await import('@huggingface/hub');
  const access = { ...(await hubAccess()), fetch: patientFetch };
  const commit = isCommit(revision)
    ? revision
    : (await asked(name, () => hub.modelInfo({ ...access, name: repo, revision, additionalFields: ['sha'] }))).sha;
  if (!isCommit(commit)) throw malformed(name, 'a commit');
  const files = await asked(name, () => filesOf(name, hub.listFiles({ ...access, repo, revision: commit })));
  const missing = [MODEL_FILES.config, MODEL_FILES.weights].filter((path) => !files.some((file) => file.path === path));
  if (missing.length > 0) {
    const message = `expected ${MODEL_FILES.config} and ${MODEL_FILES.weights} in ${name}, got no ${missing.join(' and no ')}`;
    throw new SamusError(
      'HUB_NOT_A_MODEL',
      message,
      'name a model of samus; convert another one with samus models convert',
      { name, missing },
    );
  }
  for (const file of files) {
    if (await cache.has(commit, file)) continue;
    const blob = await asked(name, () => hub.downloadFile({ ...access, repo, path: file.path, revision: commit }));
    if (!blob) throw new SamusError('HUB_NOT_FOUND', `cannot find ${file.path} in ${name}`, 'run it again', { name });
    await cache.add(name, file, blob, (bytes) => progress(file.path, bytes, file.size));
    await cache.link(commit, file);
  }
  await cache.name(revision, commit);
  return { folder: cache.folder(commit), commit };
}

/** The weights last: with them the cache counts as complete. */
const WANTED: readonly string[] = [MODEL_FILES.card, MODEL_FILES.config, MODEL_FILES.weights];

async function filesOf(name: string, entries: AsyncIterable<ListFileEntry>): Promise<HubFile[]> {
  const files: HubFile[] = [];
  for await (const { type, path, size, lfs, oid = '' } of entries) {
    if (type !== 'file' || !WANTED.includes(path)) continue;
    const file = lfs ? { size: lfs.size, hash: lfs.oid, large: true } : { size, hash: oid, large: false };
    // Files of the cache have these names.
    if (!(lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/).test(file.hash)) throw malformed(name, `the hash of ${path}`);
    files.push({ path, ...file });
  }
  return files.sort((a, b) => WANTED.indexOf(a.path) - WANTED.indexOf(b.path));
}

function malformed(name: string, what: string): SamusError {
  const message = `expected ${what} from the hub for ${name}, got other text`;
  return new SamusError('HUB_HASH', message, 'check HF_ENDPOINT', { name });
}

/** A server that says nothing for long counts as not reached. */
const patientFetch: typeof fetch = (input, init) => beforeLong(fetch(input, init));

/** A call of the hub, with its failures as typed errors. @throws SamusError HUB_… */
export async function asked<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SamusError) throw error;
    const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined;
    if (status === undefined || status >= 500 || status === 429) throw unreachable(name, reasonOf(error));
    if (status === 401 || status === 403) {
      const message = `the hub refused access to ${name} (${status})`;
      throw new SamusError('HUB_REFUSED', message, 'check the name, and set HF_TOKEN to a token with access', {
        name,
        status,
      });
    }
    if (status === 404) {
      throw new SamusError('HUB_NOT_FOUND', `cannot find ${name} on the hub`, 'check the name and the revision', {
        name,
      });
    }
    throw new SamusError('HUB_REFUSED', `the hub refused ${name} (${status})`, 'check the name', { name, status });
  }
}

function unreachable(
  name: string,
  reason: string,
  hint = 'check the network; HF_ENDPOINT names another hub',
): SamusError {
  return new SamusError('HUB_UNREACHABLE', `cannot reach the hub for ${name}: ${reason}`, hint, { name, reason });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message.split('. URL:')[0]!;
}
