/**
 * The shapes of `/api/v1/pacs` as JSON Schema, as schemas.ts has those of the other routes.
 */
import { failures } from './failureSchemas.js';

const text = { type: 'string' } as const;
const count = {
  type: 'integer',
  minimum: 0,
  nullable: true,
  description: 'null where the PACS does not say it',
} as const;
const unusable = {
  type: 'integer',
  minimum: 1,
  description: 'entries that are left out because the PACS lists them without a valid UID',
} as const;
const closed = { type: 'object', additionalProperties: false } as const;

/** A digit first: `..` would lead elsewhere. */
const uid = { type: 'string', pattern: '^[0-9][0-9.]{0,63}$', description: 'a DICOM UID' } as const;
const modality = { type: 'string', pattern: '^[A-Z0-9_]{1,16}$', description: 'such as US or SEG' } as const;
const match = { type: 'string', maxLength: 64, description: '* stands for any text' } as const;
/** Of a query, whose values are text. */
const patient = {
  enum: ['true', 'false'],
  default: 'false',
  description: 'whether the answer has names, dates and descriptions',
} as const;

const statuses = failures(401, 404, 413, 415, 502, 503);

export const pacsSchema = {
  tags: ['pacs'],
  summary: 'Whether the server was started with a PACS',
  response: { 200: { type: 'object', properties: { available: { type: 'boolean' } } }, ...failures(401, 503) },
} as const;

export const pacsStudiesSchema = {
  tags: ['pacs'],
  summary: 'Studies in the PACS',
  querystring: {
    ...closed,
    properties: {
      modality,
      patientId: match,
      patientName: match,
      accession: match,
      date: { type: 'string', pattern: '^[0-9]{0,8}(-[0-9]{0,8})?$', description: 'YYYYMMDD, or a range with -' },
      patient,
    },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        more: { type: 'boolean', description: 'whether the PACS has further ones' },
        unusable,
        studies: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              study: uid,
              modalities: { type: 'array', items: text },
              series: count,
              instances: count,
              patient: {
                type: 'object',
                properties: {
                  name: text,
                  id: text,
                  birthDate: text,
                  studyDate: text,
                  studyDescription: text,
                  accessionNumber: text,
                },
              },
            },
          },
        },
      },
    },
    ...statuses,
  },
} as const;

export const pacsSeriesSchema = {
  tags: ['pacs'],
  summary: 'The series of a study',
  querystring: { ...closed, required: ['study'], properties: { study: uid, modality, patient } },
  response: {
    200: {
      type: 'object',
      properties: {
        unusable,
        series: {
          type: 'array',
          items: {
            type: 'object',
            properties: { study: uid, series: uid, modality: text, number: count, instances: count, description: text },
          },
        },
      },
    },
    ...statuses,
  },
} as const;

const seriesQuery = {
  ...closed,
  required: ['study', 'series'],
  properties: { study: uid, series: uid },
} as const;

export const pacsInstancesSchema = {
  tags: ['pacs'],
  summary: 'The instances of a series',
  querystring: seriesQuery,
  response: {
    200: {
      type: 'object',
      properties: {
        unusable,
        instances: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              study: uid,
              series: uid,
              instance: uid,
              sopClass: text,
              number: count,
              rows: count,
              columns: count,
              frames: count,
            },
          },
        },
      },
    },
    ...statuses,
  },
} as const;

export const pacsInstanceSchema = {
  tags: ['pacs'],
  summary: 'An instance, as the PACS keeps it',
  params: { type: 'object', required: ['instance'], properties: { instance: uid } },
  querystring: seriesQuery,
  response: { 200: { description: 'a DICOM file', type: 'string', format: 'binary' }, ...statuses },
} as const;

export const pacsStoreSchema = {
  tags: ['pacs'],
  summary: 'Store an instance, such as a segmentation, in the PACS',
  response: {
    200: {
      type: 'object',
      properties: {
        instance: uid,
        warning: { type: 'integer', description: 'why the PACS changed it, (0008,1196)' },
      },
    },
    ...failures(401, 404, 413, 415, 422, 502, 503),
  },
} as const;
