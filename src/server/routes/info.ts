/**
 * What the server says of itself: health and models.
 */
import type { FastifyInstance } from 'fastify';
import { configJson } from '../../models/configFile.js';
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
    models: models.map(({ name, config, parameters, licence }) => {
      // Only architectures with tokens have it.
      const { tokenGrid } = configJson(config);
      return {
        name,
        architecture: config.architecture,
        imageSize: config.imageSize,
        ...(tokenGrid !== undefined && { tokenGrid }),
        parameters,
        ...(licence !== undefined && { licence }),
      };
    }),
  }));
}
