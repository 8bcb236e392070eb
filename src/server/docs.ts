/**
 * The description of the API: OpenAPI at /docs/json, and a page to try it at /docs. It is made from the routes' own
 * schemas; what those cannot say is added here.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { otherTypes } from '../formats/imageFormat.js';

const BINARY = { schema: { type: 'string', format: 'binary' } };

/** Bodies that are not described by one schema: bytes, a form, or JSON. */
const IMAGE_BODY = {
  required: true,
  content: {
    'image/*': BINARY,
    ...Object.fromEntries(otherTypes().map((type) => [type, BINARY])),
    'application/octet-stream': BINARY,
    'multipart/form-data': {
      schema: { type: 'object', required: ['image'], properties: { image: { type: 'string', format: 'binary' } } },
    },
    'application/json': {
      schema: {
        type: 'object',
        required: ['path'],
        additionalProperties: false,
        properties: {
          path: { type: 'string', description: 'within the folder of --folder' },
          frame: { type: 'integer', minimum: 1, description: 'of a file with several frames' },
        },
      },
    },
  },
};

const INFER_BODY = {
  required: true,
  description: 'as the Open Inference Protocol has it; with Inference-Header-Content-Length bytes follow the JSON',
  content: { 'application/json': { schema: { type: 'object' } }, 'application/octet-stream': BINARY },
};

const DICOM_BODY = { required: true, content: { 'application/dicom': BINARY } };

/** By path. */
const BODIES: Readonly<Record<string, object>> = {
  '/api/v1/images': IMAGE_BODY,
  '/api/v1/pacs/instances': DICOM_BODY,
};

/** Given before a route is found, so that no route lists them. */
const BEFORE = 'A request that is sent too slowly gets 408, one with too large headers 431.';

/** To be called before the routes are made. */
export async function describeRoutes(app: FastifyInstance, version: string, notice: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: { title: 'samus', version, description: `Promptable ultrasound segmentation. ${notice}. ${BEFORE}` },
      tags: [
        { name: 'images', description: 'images in, masks out' },
        { name: 'pacs', description: 'the PACS of --dicomweb' },
        { name: 'server', description: 'health, models, metrics' },
        { name: 'open inference protocol', description: 'encoder and decoder as tensors in and out' },
      ],
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      // Empty: without a token, where the server was started without one.
      security: [{ token: [] }, {}],
    },
    transformObject: (document) => {
      if (!('openapiObject' in document)) return document.swaggerObject;
      const paths = Object.entries(document.openapiObject.paths ?? {}).map(([path, item]) => {
        const body = path.endsWith('/infer') ? INFER_BODY : BODIES[path];
        return [path, body && item?.post ? { ...item, post: { ...item.post, requestBody: body } } : item];
      });
      return { ...document.openapiObject, paths: Object.fromEntries(paths) };
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: {
      'default-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'font-src': ["'self'", 'data:'],
      // Swagger UI's page styles its elements inline; it shows nothing but the description.
      'style-src': ["'self'", "'unsafe-inline'"],
      'object-src': ["'none'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    },
    uiConfig: { layout: 'BaseLayout', validatorUrl: null },
  });
}
