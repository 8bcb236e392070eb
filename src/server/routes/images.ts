/**
 * Images of `/api/v1`: sent once, encoded and kept, used and deleted by their id. How their bodies are read is in
 * imageBody.ts.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { regionsJson, spacingIn } from '../../formats/dicom/regions.js';
import { Upload } from '../bodies.js';
import type { ServerContext } from '../context.js';
import { type Encoded, imageUnknown, type KeptDicom } from '../embeddings.js';
import { MAX_PATH_BODY, readImageBodies, receiveImage } from '../imageBody.js';
import { forgetSchema, imageSchema, imagesSchema } from '../schemas.js';
import { servedModel } from '../servedModel.js';
import { bodyLimit } from '../settings.js';
import { whileConnected } from '../whileConnected.js';

interface ImageQuery {
  readonly model?: string;
  /** A number. */
  readonly frame?: string;
}

interface ImageParams {
  readonly id: string;
}

export function imageRoutes(app: FastifyInstance, context: ServerContext): void {
  app.register(async (scope) => {
    await readImageBodies(scope, bodyLimit(context.limits));
    postImage(scope, context);
  });

  app.get<{ Params: ImageParams; Querystring: Pick<ImageQuery, 'model'> }>(
    '/api/v1/images/:id',
    { schema: imageSchema },
    async ({ query, params: { id } }) => {
      const { name } = servedModel(context.models, query.model);
      return answer(id, name, { encoding: context.embeddings.find(name, id), cached: true, ms: 0 });
    },
  );

  app.delete<{ Params: ImageParams }>('/api/v1/images/:id', { schema: forgetSchema }, async (request, reply) => {
    if (!context.embeddings.forget(request.params.id)) throw imageUnknown();
    return reply.code(204).send();
  });
}

function postImage(scope: FastifyInstance, context: ServerContext): void {
  const maxBytes = bodyLimit(context.limits);
  scope.post<{ Querystring: ImageQuery }>(
    '/api/v1/images',
    // Fastify's limit is that of the bodies which it reads itself: the JSON. Upload has that of images.
    { schema: imagesSchema, bodyLimit: bodyLimit(context.limits, MAX_PATH_BODY) },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        // Rejected before the image is received.
        servedModel(context.models, request.query.model);
        const upload = new Upload(context.uploads, maxBytes);
        try {
          const sent = await receiveImage(request, upload, context.folder);
          const { name } = servedModel(context.models, sent.model ?? request.query.model);
          const frame = sent.frame ?? Number(request.query.frame ?? 1);
          const id = frameId(sent.id, frame);
          const encoded = await context.embeddings.getOrEncode(
            name,
            id,
            (stillWanted) => context.inference.encodeImage(name, sent.bytes, frame, stillWanted),
            signal,
          );
          context.metrics.observeLookup(encoded.cached);
          return reply.code(encoded.cached ? 200 : 201).send(answer(id, name, encoded));
        } finally {
          upload.end();
        }
      }),
  );
}

/** The name of a frame: of the first that of its file, of others one that is made of both. */
function frameId(file: string, frame: number): string {
  return frame === 1 ? file : createHash('sha256').update(`${file} ${frame}`).digest('hex');
}

function answer(image: string, model: string, { encoding, cached, ms }: Encoded) {
  const { width, height, frames, framesStated, dicom } = encoding;
  return {
    ...{ image, width, height },
    ...((frames > 1 || dicom) && { frames }),
    ...(framesStated !== undefined && { frames_stated: framesStated }),
    ...(dicom && dicomAnswer(dicom)),
    ...{ model, cached, encode_ms: ms },
  };
}

/** What a DICOM file says about the frame. */
function dicomAnswer({ frame, calibration }: KeptDicom) {
  const { spacingMm, why } = spacingIn(calibration, frame);
  return {
    frame,
    regions: regionsJson(calibration.regions),
    spacing_mm: spacingMm && { x: spacingMm[0], y: spacingMm[1] },
    ...(why !== null && { why_no_mm: why }),
  };
}
