/**
 * A client of DICOMweb (PS3.18) over `fetch`, for Node and browsers: searches (QIDO-RS), fetches whole instances as the PACS
 * keeps them (WADO-RS), and stores instances (STOW-RS). dicomweb-client needs XMLHttpRequest, which Node lacks.
 *
 * Metadata and frames are never fetched apart: a server may convert one and not the other.
 */
import { SamusError } from '../../errors.js';
import {
  type FoundInstance,
  type FoundSeries,
  type FoundStudy,
  foundInstance,
  foundSeries,
  foundStudy,
  INSTANCE_FIELDS,
  isUid,
  itemsIn,
  SERIES_FIELDS,
  STUDY_FIELDS,
  storeAnswer,
} from './dicomJson.js';
import { boundaryOf, onePartBody, onlyPart, tooLong } from './multipart.js';
import { pacsAnswer, refused } from './pacsErrors.js';
import { askPacs, discard, jsonOf, type PacsAnswer, type PacsLevel, type PacsOptions } from './pacsRequest.js';

export interface DicomWeb {
  /** @param query elements to match, by keyword or tag: `{ModalitiesInStudy: 'US'}` */
  studies(query?: PacsQuery, limit?: number): Promise<FoundStudy[]>;
  series(study: string, query?: PacsQuery): Promise<FoundSeries[]>;
  instances(study: string, series: string, query?: PacsQuery): Promise<FoundInstance[]>;
  /** The bytes of one instance. */
  instance(uids: InstanceUids): Promise<Uint8Array>;
  /** As {@link instance}, piece by piece. @param begin called for each attempt; returns what takes the pieces */
  receive(uids: InstanceUids, begin: () => Promise<(piece: Uint8Array) => Promise<void>>): Promise<void>;
  /** As {@link instance}, as a stream that begins with the first piece; what is lost later is not fetched again. */
  stream(uids: InstanceUids): Promise<AsyncIterable<Uint8Array>>;
  /**
   * Stores one instance. Sending it again with the same UID does no harm.
   * @param instance its UID; without it the PACS says which it was
   */
  store(content: Blob | Uint8Array<ArrayBuffer>, instance?: string): Promise<StoredInstance>;
}

export type PacsQuery = Readonly<Record<string, string>>;

export interface InstanceUids {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

export interface StoredInstance {
  readonly instance: string;
  /** Why the PACS stored something else than was sent, by (0008,1196). */
  readonly warning?: number;
}

const JSON_TYPE = 'application/dicom+json';
/** Without the transfer syntax, servers decompress, and may then contradict themselves. */
const INSTANCE_TYPE = 'multipart/related; type="application/dicom"; transfer-syntax=*';
const MOST_BYTES = 2 ** 31 - 1;
const MOST_JSON_BYTES = 64e6;
/** Results per request, and at most in one search. */
const PAGE = 200;
const MOST_RESULTS = 10_000;

/**
 * @param url of the service, such as `http://localhost:8042/dicom-web`
 * @throws SamusError PACS_URL. Each method: PACS_UID, PACS_ANSWER, PACS_BUSY, PACS_DENIED, PACS_LIMIT, PACS_NOT_FOUND,
 *   PACS_REDIRECT, PACS_UNREACHABLE; `store` also PACS_REFUSED
 */
export function dicomWeb(url: string, options: PacsOptions = {}): DicomWeb {
  const root = rootOf(url);
  const { maxBytes = MOST_BYTES } = options;

  /** All results of a search, page by page. A PACS that knows no pages repeats the first. */
  const search = async <T>(
    kind: PacsLevel,
    path: string,
    query: PacsQuery,
    fields: readonly string[],
    limit: number,
    read: (item: ReturnType<typeof itemsIn>[number]) => [string, T][],
  ): Promise<T[]> => {
    const found = new Map<string, T>();
    let unusable = 0;
    let page = '';
    for (let offset = 0; found.size + unusable < limit; ) {
      const asked = new URLSearchParams(query);
      for (const field of fields) asked.append('includefield', field);
      asked.set('limit', String(Math.min(PAGE, limit - found.size - unusable)));
      asked.set('offset', String(offset));
      const request = { accept: JSON_TYPE, expected: [200, 204] };
      const items = await askPacs(`${root}${path}?${asked}`, request, options, async (answer) => {
        if (answer.status === 200) return itemsIn(await jsonOf(answer, MOST_JSON_BYTES));
        await discard(answer.chunks);
        return [];
      });
      const text = JSON.stringify(items);
      const results = items.flatMap(read);
      const fresh = results.some(([uid]) => !found.has(uid));
      // The page before, maybe in another order.
      if (items.length === 0 || text === page || (results.length > 0 && !fresh)) break;
      page = text;
      for (const [uid, result] of results) if (found.size < limit) found.set(uid, result);
      unusable += items.length - results.length;
      offset += items.length;
    }
    if (unusable > 0) options.onUnusable?.(kind, unusable);
    return [...found.values()];
  };

  const fetchInstance = async <T>(
    { study, series, instance }: InstanceUids,
    read: (pieces: AsyncGenerator<Uint8Array>) => Promise<T>,
  ): Promise<T> => {
    for (const uid of [study, series, instance]) checkUid(uid);
    const address = `${root}/studies/${study}/series/${series}/instances/${instance}`;
    return askPacs(address, { accept: INSTANCE_TYPE }, options, (answer) => read(contentOf(answer, maxBytes)));
  };

  const receive: DicomWeb['receive'] = (uids, begin) =>
    fetchInstance(uids, async (pieces) => {
      const take = await begin();
      for await (const piece of pieces) await take(piece);
    });

  return {
    studies: (query = {}, limit = MOST_RESULTS) =>
      search('studies', '/studies', query, STUDY_FIELDS, limit, (item) =>
        foundStudy(item).map((one) => [one.study, one]),
      ),

    async series(study, query = {}) {
      checkUid(study);
      return search('series', `/studies/${study}/series`, query, SERIES_FIELDS, MOST_RESULTS, (item) =>
        foundSeries(item, study).map((one) => [one.series, one]),
      );
    },

    async instances(study, series, query = {}) {
      for (const uid of [study, series]) checkUid(uid);
      const path = `/studies/${study}/series/${series}/instances`;
      return search('instances', path, query, INSTANCE_FIELDS, MOST_RESULTS, (item) =>
        foundInstance(item, study, series).map((one) => [one.instance, one]),
      );
    },

    receive,

    stream: (uids) =>
      fetchInstance(uids, async (pieces) => {
        const first = await pieces.next();
        return (async function* () {
          if (!first.done) yield first.value;
          yield* pieces;
        })();
      }),

    async instance(uids) {
      let pieces: Uint8Array[] = [];
      await receive(uids, async () => {
        pieces = [];
        return async (piece) => {
          pieces.push(piece);
        };
      });
      const bytes = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
      let at = 0;
      for (const piece of pieces) {
        bytes.set(piece, at);
        at += piece.length;
      }
      return bytes;
    },

    async store(content, instance) {
      if (instance !== undefined) checkUid(instance);
      const { type, body } = onePartBody(content instanceof Blob ? content : new Blob([content]));
      const request = { accept: JSON_TYPE, post: { type, body }, expected: STORE_STATUSES };
      return askPacs(`${root}/studies`, request, options, (answer) => storedIn(answer, instance));
    },
  };
}

/** Statuses that say something of the instance. */
const STORE_STATUSES = [200, 202, 400, 406, 409, 413, 415, 422];

/** @throws SamusError PACS_REFUSED, PACS_ANSWER */
async function storedIn(answer: PacsAnswer, instance: string | undefined): Promise<StoredInstance> {
  const { status } = answer;
  if (![200, 202, 409].includes(status)) {
    await discard(answer.chunks);
    throw refused(status);
  }
  const document = await jsonOf(answer, MOST_JSON_BYTES).catch((error: unknown) => {
    if (status === 409 && error instanceof SamusError && error.code === 'PACS_ANSWER') return {};
    throw error;
  });
  const { stored, failed } = storeAnswer(document);
  // One instance was sent, so one that is not named must be it.
  const success = instance === undefined ? stored[0] : stored.find((one) => one.instance === instance);
  if (success) return success;
  const failure = failed.find((one) => one.instance === instance) ?? failed[0];
  if (failure || status === 409) throw refused(status, failure?.reason);
  throw pacsAnswer('expected the instance among those that are stored, (0008,1199), got none', status);
}

/** The bytes of an instance, from a multipart answer or a bare one. @throws SamusError PACS_ANSWER, PACS_LIMIT */
async function* contentOf({ contentType, chunks }: PacsAnswer, most: number): AsyncGenerator<Uint8Array> {
  if (/^multipart\/related\b/i.test(contentType)) {
    const boundary = await letGo(chunks, () => boundaryOf(contentType));
    yield* onlyPart(chunks, boundary, most);
    return;
  }
  if (!/^application\/dicom\s*(?:;|$)/i.test(contentType)) {
    await discard(chunks);
    throw pacsAnswer('expected an instance of type application/dicom from the PACS, got another type');
  }
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw tooLong(most);
    yield chunk;
  }
}

/** The result of `read`. If it throws, the rest of the response is discarded. */
async function letGo<T>(chunks: AsyncIterable<Uint8Array>, read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    await discard(chunks);
    throw error;
  }
}

/** @throws SamusError PACS_URL, which does not repeat it: it may hold a password */
function rootOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const web = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  if (parsed && web && !parsed.username && !parsed.password && !parsed.search && !parsed.hash) {
    return parsed.href.replace(/\/+$/, '');
  }
  const message =
    'expected the URL of a DICOMweb service, http or https, without password or query, got something else';
  throw new SamusError('PACS_URL', message, 'give one such as http://localhost:8042/dicom-web');
}

/** @throws SamusError PACS_UID */
function checkUid(uid: string): void {
  if (isUid(uid)) return;
  const message = 'expected a DICOM UID, up to 64 digits and dots, got something else';
  throw new SamusError('PACS_UID', message, 'copy the UID from samus pacs find');
}
