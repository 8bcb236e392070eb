/**
 * Masks of `/api/v1`: of prompts, of a model's classes, and of everything in an image that images.ts keeps. What a request
 * must look like is in schemas.ts; the inference threads do the work.
 */
import type { FastifyInstance } from 'fastify';
import { SamusError } from '../../errors.js';
import { objectJson } from '../../formats/annotation.js';
import type { Rle } from '../../formats/rle.js';
import {
  isDicomFormat,
  type JobObject,
  type ResultForm,
  type SegmentedImage,
  type SegmentedObject,
  type SegmentJob,
} from '../../jobs/segmentJob.js';
import { namedClasses } from '../../models/classLogits.js';
import type { Encoding } from '../../predict/types.js';
import type { ServerContext } from '../context.js';
import type { KeptImage } from '../embeddings.js';
import { everythingSchema, segmentSchema } from '../schemas.js';
import { type ServedModel, servedModel } from '../servedModel.js';
import { bodyLimit, MAX_EVERYTHING_PIXELS, MAX_PROMPTS_BYTES } from '../settings.js';
import { whileConnected } from '../whileConnected.js';

interface ImageParams {
  readonly id: string;
}

/** One object of a `segment` request. */
interface ObjectRequest extends Partial<Pick<JobObject, 'name' | 'points' | 'box' | 'lowResLogits'>> {
  readonly mask?: Rle;
}

interface SegmentBody extends ResultForm {
  readonly model?: string;
  readonly multimask: boolean;
  readonly clean?: boolean;
  readonly minPresence?: number;
  readonly objects?: readonly ObjectRequest[];
  readonly classes: boolean;
  readonly auto: boolean;
}

interface EverythingBody extends ResultForm {
  readonly model?: string;
  readonly options?: SegmentJob['everything'];
}

export function segmentRoutes(app: FastifyInstance, context: ServerContext): void {
  app.post<{ Params: ImageParams; Body: SegmentBody }>(
    '/api/v1/images/:id/segment',
    { schema: segmentSchema, bodyLimit: bodyLimit(context.limits, MAX_PROMPTS_BYTES) },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        const { objects = [], multimask, clean, minPresence, format, lowResLogits } = request.body;
        const auto = isAuto(request.body);
        checkNames(objects);
        const model = servedModel(context.models, request.body.model);
        checkForm(format, context.embeddings.find(model.name, request.params.id));
        const job = {
          model: model.name,
          image: { content: request.params.id },
          objects: jobObjects(objects),
          ...(auto && { auto }),
          multimask,
          ...(clean !== undefined && { clean }),
          ...(minPresence !== undefined && { minPresence }),
          form: { format, lowResLogits },
        };
        return documentOf(context, model, await context.inference.run(job, signal));
      }),
  );

  app.post<{ Params: ImageParams; Body: EverythingBody }>(
    '/api/v1/images/:id/everything',
    {
      schema: everythingSchema,
      // All of it may be left out.
      preValidation: async (request) => {
        request.body ??= { format: 'rle', lowResLogits: false };
      },
    },
    (request, reply) =>
      whileConnected(reply, async (signal) => {
        const { options = {}, format, lowResLogits } = request.body;
        const model = servedModel(context.models, request.body.model);
        const kept = context.embeddings.find(model.name, request.params.id);
        checkEverything(kept);
        checkForm(format, kept);
        const job = {
          model: model.name,
          image: { content: request.params.id },
          objects: [],
          everything: options,
          form: { format, lowResLogits },
        };
        return documentOf(context, model, await context.inference.run(job, signal));
      }),
  );
}

/** Whether classes are requested. @throws SamusError REQUEST_INVALID for neither or both of classes and objects */
function isAuto({ objects, classes, auto }: SegmentBody): boolean {
  if ((classes || auto) === (objects === undefined)) return classes || auto;
  const message = `expected either objects or "classes": true in the body, got ${objects ? 'both' : 'neither'}`;
  throw new SamusError('REQUEST_INVALID', message, 'name objects with their prompts, or ask for classes');
}

/** @throws SamusError PROMPT_OBJECT_TWICE */
function checkNames(objects: readonly ObjectRequest[]): void {
  const names = objects.map(({ name }, i) => name ?? `object-${i + 1}`);
  if (new Set(names).size === names.length) return;
  const message = 'expected a different name for each object, got one name twice';
  throw new SamusError('PROMPT_OBJECT_TWICE', message, 'rename one of them');
}

/** @throws SamusError IMAGE_TOO_LARGE */
function checkEverything({ width, height }: Encoding): void {
  if (width * height <= MAX_EVERYTHING_PIXELS) return;
  const message = `expected an image of at most ${MAX_EVERYTHING_PIXELS} pixels for automatic mode, got ${width}x${height}`;
  const details = { width, height, maxPixels: MAX_EVERYTHING_PIXELS };
  throw new SamusError('IMAGE_TOO_LARGE', message, 'send the image in half its size', details);
}

/** @throws SamusError DICOM_SEG_REFERENCE for DICOM objects of another image */
function checkForm(format: ResultForm['format'], { dicom }: KeptImage): void {
  if (dicom || !isDicomFormat(format)) return;
  const message = `expected a DICOM image for the format ${format}, got another one`;
  throw new SamusError('DICOM_SEG_REFERENCE', message, 'ask for rle, png or polygons, or send the DICOM file');
}

function jobObjects(objects: readonly ObjectRequest[]): JobObject[] {
  return objects.map(({ name, points = [], box, mask, lowResLogits }, i) => ({
    name: name ?? `object-${i + 1}`,
    points,
    ...(box && { box }),
    ...(mask && { guess: { rle: mask } }),
    ...(lowResLogits !== undefined && { lowResLogits }),
  }));
}

function documentOf(
  { notice }: ServerContext,
  { name: model, config }: ServedModel,
  { image, width, height, objects, objectFiles, ms }: SegmentedImage,
) {
  const classes = namedClasses(config);
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  return {
    model,
    ...(classes.length > 0 && { classes }),
    image: image.content,
    width,
    height,
    decode_ms: ms,
    objects: objects.map((object) => responseOf(object, names, objectFiles !== undefined)),
    ...objectFiles,
    notice,
  };
}

/**
 * An object as in the annotation document, with the mask in the form of the request and of its prompts what was sent.
 * @param filed whether its mask is in a DICOM object
 */
function responseOf(object: SegmentedObject, names: ReadonlyMap<number, string>, filed: boolean) {
  const { rle, prompt: _, points, ...fields } = objectJson(object, names);
  const { box, png, polygons, lowResLogits, stability } = object;
  return {
    ...fields,
    points,
    ...(stability === undefined && { prompt: { points, ...(box && { box }) } }),
    ...(png === undefined && !polygons && !filed && { rle }),
    ...(png !== undefined && { png }),
    ...(polygons && { polygons }),
    ...(lowResLogits !== undefined && { lowResLogits }),
  };
}
