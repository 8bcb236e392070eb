/**
 * `/api/v1/pacs`: the page's way to the PACS that the operator named. Pages may reach this server only, and no request
 * chooses another PACS. Responses contain no patient data unless requested.
 */
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { SamusError } from '../../errors.js';
import { type DicomWeb, dicomWeb, type PacsQuery } from '../../formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../../formats/dicomweb/instanceUids.js';
import { Upload } from '../bodies.js';
import type { ServerContext } from '../context.js';
import {
  pacsInstanceSchema,
  pacsInstancesSchema,
  pacsSchema,
  pacsSeriesSchema,
  pacsStoreSchema,
  pacsStudiesSchema,
} from '../pacsSchemas.js';
import { bodyLimit, MAX_BODY_BYTES } from '../settings.js';
import { whileConnected } from '../whileConnected.js';

interface StudiesQuery {
  readonly modality?: string;
  readonly patientId?: string;
  readonly patientName?: string;
  readonly accession?: string;
  readonly date?: string;
  readonly patient?: 'true' | 'false';
}

interface SeriesQuery {
  readonly study: string;
  readonly modality?: string;
  readonly patient?: 'true' | 'false';
}

interface InstancesQuery {
  readonly study: string;
  readonly series: string;
}

/** Studies that are listed at most; more are not looked through, but searched for. */
const MOST_STUDIES = 200;

/** Bytes of an instance that wait for a slow client. Orthanc closes a connection on which nothing is taken for seconds. */
const READ_AHEAD = 2 ** 24;

type Opening = (signal: AbortSignal, onUnusable?: (kind: string, count: number) => void) => DicomWeb;

/** A search, and how many entries of the PACS have no valid UID. */
async function searched<T>(open: Opening, signal: AbortSignal, search: (pacs: DicomWeb) => Promise<T>) {
  let unusable = 0;
  const found = await search(
    open(signal, (_, count) => {
      unusable += count;
    }),
  );
  return { found, left: unusable > 0 ? { unusable } : {} };
}

export function pacsRoutes(app: FastifyInstance, context: ServerContext): void {
  const open: Opening = (signal, onUnusable) => {
    const { pacs } = context;
    if (pacs) return dicomWeb(pacs.url, { ...pacs, signal, ...(onUnusable && { onUnusable }) });
    const message = 'this server was started without a PACS';
    throw new SamusError('PACS_NOT_SERVED', message, 'start it with --dicomweb URL');
  };
  app.register(async (scope) => {
    // Names, dates and UIDs are not stored.
    scope.addHook('onRequest', async (_, reply) => {
      reply.header('cache-control', 'no-store');
    });
    searchRoutes(scope, open);
    instanceRoutes(scope, open, context);
    scope.get('/api/v1/pacs', { schema: pacsSchema }, async () => ({ available: context.pacs !== undefined }));
  });
}

function searchRoutes(scope: FastifyInstance, open: Opening): void {
  scope.get<{ Querystring: StudiesQuery }>('/api/v1/pacs/studies', { schema: pacsStudiesSchema }, (request, reply) =>
    whileConnected(reply, async (signal) => {
      const { modality, patientId, patientName, accession, date, patient } = request.query;
      const query = {
        ...matched('ModalitiesInStudy', modality),
        ...matched('PatientID', patientId),
        ...matched('PatientName', patientName),
        ...matched('AccessionNumber', accession),
        ...matched('StudyDate', date),
      };
      const { found, left } = await searched(open, signal, (pacs) => pacs.studies(query, MOST_STUDIES + 1));
      return {
        studies: found.slice(0, MOST_STUDIES).map(({ patient: text, ...study }) => ({
          ...study,
          ...(patient === 'true' && { patient: text }),
        })),
        more: found.length > MOST_STUDIES,
        ...left,
      };
    }),
  );

  scope.get<{ Querystring: SeriesQuery }>('/api/v1/pacs/series', { schema: pacsSeriesSchema }, (request, reply) =>
    whileConnected(reply, async (signal) => {
      const { study, modality, patient } = request.query;
      const query = matched('Modality', modality);
      const { found, left } = await searched(open, signal, (pacs) => pacs.series(study, query));
      return {
        series: found.map(({ description, ...series }) => ({ ...series, ...(patient === 'true' && { description }) })),
        ...left,
      };
    }),
  );

  scope.get<{ Querystring: InstancesQuery }>(
    '/api/v1/pacs/instances',
    { schema: pacsInstancesSchema },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        const { study, series } = request.query;
        const { found, left } = await searched(open, signal, (pacs) => pacs.instances(study, series));
        return { instances: found, ...left };
      }),
  );
}

const matched = (name: string, value: string | undefined): PacsQuery =>
  value === undefined || value === '' ? {} : { [name]: value };

function instanceRoutes(scope: FastifyInstance, open: Opening, { limits, uploads }: ServerContext): void {
  scope.get<{ Params: { instance: string }; Querystring: InstancesQuery }>(
    '/api/v1/pacs/instances/:instance',
    { schema: pacsInstanceSchema },
    async ({ params, query }, reply) => {
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const pieces = await open(gone.signal).stream({ ...query, ...params });
      const ahead = { objectMode: false, highWaterMark: READ_AHEAD };
      return reply.type('application/dicom').send(Readable.from(pieces, ahead));
    },
  );

  scope.register(async (bytes) => {
    bytes.removeAllContentTypeParsers();
    // Left unread here: the handler receives it, and gives back what it took whatever happens.
    bytes.addContentTypeParser('application/dicom', (_request, payload, done) => done(null, payload));
    bytes.post<{ Body: Readable | undefined }>(
      '/api/v1/pacs/instances',
      { schema: pacsStoreSchema, bodyLimit: bodyLimit(limits, MAX_BODY_BYTES) },
      (request, reply) =>
        whileConnected(reply, async (signal) => {
          // Rejected before it is received.
          const pacs = open(signal);
          const upload = new Upload(uploads, bodyLimit(limits));
          try {
            const body = request.body ?? Readable.from([]);
            const sent = await upload.receive(body, Number(request.headers['content-length'] ?? 0));
            const uids = await instanceUids(sent.bytes);
            return await pacs.store(sent.bytes, uids?.instance);
          } finally {
            upload.end();
          }
        }),
    );
  });
}
