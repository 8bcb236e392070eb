/**
 * What the server says of itself: health and models.
 */
import type { FastifyInstance } from 'fastify';
import { promptedOf } from '../../models/registry.js';
import type { ServerContext } from '../context.js';
import { healthSchema, modelsSchema } from '../schemas.js';

export function infoRoutes(
  app: FastifyInstance,
  { version, notice, models, inference, isDraining }: ServerContext,
): void {
  app.get('/api/v1/health', { schema: healthSchema }, async () => ({
    // Tells it from whatever else may answer at an address.
    name: 'samus',
    status: isDraining() ? 'ending' : 'ok',
    ready: inference.ready && !isDraining(),
    version,
    notice,
  }));

  app.get('/api/v1/models', { schema: modelsSchema }, async () => ({
    default: models[0]!.name,
    models: models.map(({ name, config, parameters, licence }) => ({
      name,
      architecture: config.architecture,
      imageSize: config.imageSize,
      tokenGrid: promptedOf(config).shapes(config).embedding[2],
      parameters,
      ...(licence !== undefined && { licence }),
    })),
  }));
}
