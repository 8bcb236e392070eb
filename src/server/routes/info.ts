/**
 * What the server says of itself: health and models.
 */
import type { FastifyInstance } from 'fastify';
import type { ModelConfig } from '../../models/architecture.js';
import { namedClasses } from '../../models/classLogits.js';
import { configJson } from '../../models/configFile.js';
import { architectureOf } from '../../models/registry.js';
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
        ...capabilities(config),
        imageSize: config.imageSize,
        ...(tokenGrid !== undefined && { tokenGrid }),
        parameters,
        ...(licence !== undefined && { licence }),
      };
    }),
  }));
}

/** The prompts that a model takes, or the classes that it gives without any. */
function capabilities(config: ModelConfig) {
  const architecture = architectureOf(config);
  if (architecture.task === 'prompted') return { task: 'prompted', prompts: architecture.prompts };
  const named = namedClasses(config);
  const classes = Array.from({ length: architecture.classes(config) - 1 }, (_, i) => named[i] ?? { id: i + 1 });
  return { task: 'classes', prompts: [], classes };
}
