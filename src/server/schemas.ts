/**
 * The shapes of the API's requests and answers as JSON Schema: requests are checked against them, and /docs shows them.
 */
import { failures } from './failureSchemas.js';
import { MAX_OBJECTS, MAX_POINTS } from './settings.js';

/** Most characters of a packed mask: about ten runs for each column of the widest image. */
const MAX_RLE_TEXT = 2e6;

/** Objects have the names that the command line takes, since they may become those of files. */
const OBJECT_NAME = '^[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N} ._-]{0,79}$';

const number = { type: 'number' } as const;
const text = { type: 'string' } as const;
const whole = { type: 'integer', minimum: 0 } as const;
const share = { type: 'number', minimum: 0, maximum: 1 } as const;
const closed = { type: 'object', additionalProperties: false } as const;

const modelName = { type: 'string', maxLength: 64, description: 'a model that is served; default the first' } as const;

const point = {
  type: 'array',
  items: number,
  minItems: 2,
  maxItems: 3,
  description: 'x, y in pixels of the image as stored; 1 (the object, default) or 0 (not the object)',
} as const;

const box = {
  type: 'array',
  items: number,
  minItems: 4,
  maxItems: 4,
  description: 'x0, y0, x1, y1; both corners are pixels of the box',
} as const;

const rle = {
  ...closed,
  required: ['size', 'counts'],
  properties: {
    size: { type: 'array', items: whole, minItems: 2, maxItems: 2, description: 'height, width' },
    counts: {
      anyOf: [
        { type: 'string', maxLength: MAX_RLE_TEXT },
        { type: 'array', items: whole, maxItems: MAX_RLE_TEXT },
      ],
    },
  },
  description: 'run lengths of a mask as COCO has them, column by column',
} as const;

const format = {
  enum: ['rle', 'png', 'polygons', 'dcmseg', 'dcmsr', 'dcmsc'],
  default: 'rle',
  description:
    'rle: COCO run lengths; png: base64 of a PNG of 0 and 255; polygons: COCO rings on pixel borders; of a DICOM image also dcmseg: all masks as one DICOM segmentation, dcmsr: also their measurements as a DICOM report, dcmsc: the frame with the masks drawn in as a DICOM secondary capture, all in base64 beside the objects',
} as const;

const lowResLogits = {
  type: 'boolean',
  default: false,
  description: 'also give them back, for the next click',
} as const;

const classList = {
  type: 'array',
  items: { type: 'object', properties: { id: whole, name: text, color: { ...text, description: '#rrggbb' } } },
  description: 'of a model without prompts, the background left out; names and colours where it has them',
} as const;

const length = { ...number, nullable: true } as const;

const dicomFile = { ...text, nullable: true } as const;

const objectsAnswer = {
  type: 'object',
  properties: {
    model: text,
    classes: classList,
    image: text,
    width: whole,
    height: whole,
    decode_ms: number,
    notice: text,
    dcmseg: { ...dicomFile, description: 'base64 of a DICOM segmentation, if asked; null if no mask has pixels' },
    dcmsr: { ...dicomFile, description: 'base64 of a DICOM report that refers to it, if asked' },
    dcmsc: {
      ...dicomFile,
      description: 'base64 of a DICOM secondary capture, if asked; null if no mask has pixels',
    },
    objects: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: text,
          class: { ...whole, description: 'its number, of a model without prompts' },
          className: { ...text, nullable: true },
          points: { type: 'array', items: point },
          prompt: { type: 'object', properties: { points: { type: 'array', items: point }, box } },
          score: { ...number, nullable: true, description: 'predicted IoU; null of a model without prompts' },
          presence: { ...number, description: 'of a model with an object score: probability that the object is there' },
          absent: { type: 'boolean', description: 'true if it is below the least one: the mask is empty' },
          stability: {
            ...number,
            description: 'of automatic mode: how little the mask depends on its threshold, 0 to 1',
          },
          area: { ...whole, description: 'pixels' },
          area_mm2: {
            ...length,
            description: 'of a mask on a DICOM image; null where the file justifies no millimetres',
          },
          perimeter_mm: length,
          long_axis_mm: length,
          short_axis_mm: length,
          why_no_mm: { ...text, description: 'why they are null' },
          parts: { ...whole, description: 'connected parts of the mask' },
          box: { ...box, nullable: true, description: 'that of the mask; null if it is empty' },
          rle,
          png: text,
          polygons: { type: 'array', items: { type: 'array', items: number } },
          lowResLogits: text,
        },
      },
    },
  },
} as const;

const imageId = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'what sending the image gave' } },
} as const;

const imageAnswer = {
  type: 'object',
  properties: {
    image: { ...text, description: 'the id: SHA-256 of the file; of a later frame that of this and the frame' },
    width: whole,
    height: whole,
    frames: { ...whole, description: 'how many frames the file has, where there are several or it is DICOM' },
    frames_stated: { ...whole, description: 'number of frames in the header of a truncated file' },
    frame: { ...whole, description: 'of a DICOM file, from 1' },
    regions: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          box: { type: 'array', items: number, minItems: 4, maxItems: 4 },
          type: { ...whole, nullable: true },
          spacing_x_mm: { ...number, nullable: true },
          spacing_y_mm: { ...number, nullable: true },
          measures: { type: 'boolean', description: 'whether distances in it are lengths in tissue' },
          why: { ...text, nullable: true, description: 'why not' },
        },
      },
      description: 'of a DICOM file',
    },
    spacing_mm: {
      type: 'object',
      nullable: true,
      properties: { x: number, y: number },
      description: 'of a DICOM file: width and height of a pixel; null where they are unknown or regions differ',
    },
    why_no_mm: { ...text, description: 'why spacing_mm is null' },
    model: text,
    cached: { type: 'boolean' },
    encode_ms: number,
  },
} as const;

const modelQuery = { ...closed, properties: { model: modelName } } as const;

/** Of a query, whose values are text. */
const frame = {
  type: 'string',
  pattern: '^[1-9][0-9]{0,5}$',
  description: 'of a file with several frames, from 1',
} as const;

const imageQuery = { ...closed, properties: { model: modelName, frame } } as const;

/** A body is described by hand there: bytes of several types, a form, or JSON. */
export const imagesSchema = {
  tags: ['images'],
  summary: 'Send an image, or name one of the folder of the server; it is encoded and kept for a while',
  querystring: imageQuery,
  response: {
    200: { description: 'known already', ...imageAnswer },
    201: imageAnswer,
    ...failures(401, 404, 413, 415, 422, 503),
  },
} as const;

export const imageSchema = {
  tags: ['images'],
  summary: 'Whether the embedding of an image is kept',
  params: imageId,
  querystring: modelQuery,
  response: { 200: imageAnswer, ...failures(401, 404, 503) },
} as const;

export const forgetSchema = {
  tags: ['images'],
  summary: 'Forget an image',
  params: imageId,
  response: { 204: { type: 'null', description: 'forgotten' }, ...failures(401, 404, 413, 415, 503) },
} as const;

export const segmentSchema = {
  tags: ['images'],
  summary: 'Masks of objects from points, boxes and masks, or of the classes of a model without prompts',
  params: imageId,
  body: {
    ...closed,
    properties: {
      model: modelName,
      classes: {
        type: 'boolean',
        default: false,
        description: 'instead of objects: every class of a model without prompts, an object for each that it finds',
      },
      auto: { type: 'boolean', default: false, description: 'the same as classes, for a model that prompts itself' },
      multimask: { type: 'boolean', default: false, description: 'three masks of each prompt, the best is given' },
      clean: {
        type: 'boolean',
        description:
          'fill holes and keep the part that the prompt asks for (default with objects); false gives the mask of the model as it is (default with classes)',
      },
      minPresence: {
        ...share,
        description: "of a model with an object score: the presence below which a mask is empty (default: the model's)",
      },
      format,
      lowResLogits,
      objects: {
        type: 'array',
        minItems: 1,
        maxItems: MAX_OBJECTS,
        items: {
          ...closed,
          properties: {
            name: { type: 'string', pattern: OBJECT_NAME },
            points: { type: 'array', maxItems: MAX_POINTS, items: point },
            box,
            mask: rle,
            lowResLogits: { type: 'string', maxLength: 400_000, description: 'of an answer of this model' },
          },
        },
      },
    },
  },
  response: { 200: objectsAnswer, ...failures(401, 404, 413, 415, 422, 503) },
} as const;

export const everythingSchema = {
  tags: ['images'],
  summary: 'Everything in the picture, from a grid of clicks',
  params: imageId,
  body: {
    ...closed,
    properties: {
      model: modelName,
      format,
      lowResLogits,
      options: {
        ...closed,
        properties: {
          pointsPerSide: { type: 'integer', minimum: 1, maximum: 64, description: 'of the grid' },
          scoreThreshold: { ...share, description: 'least predicted IoU' },
          stabilityThreshold: { ...share, description: 'least stability' },
          stabilityOffset: { type: 'number', minimum: 0, maximum: 100, description: 'of the logits, for stability' },
          overlapThreshold: { ...share, description: 'of two masks whose boxes overlap more, the better one stays' },
          minArea: { ...whole, description: 'pixels' },
        },
      },
    },
  },
  response: { 200: objectsAnswer, ...failures(401, 404, 413, 415, 422, 503) },
} as const;

export const healthSchema = {
  tags: ['server'],
  summary: 'Whether the server is well',
  response: {
    200: {
      type: 'object',
      properties: {
        name: text,
        status: { enum: ['ok', 'ending'] },
        ready: { type: 'boolean' },
        version: text,
        notice: text,
      },
    },
    ...failures(),
  },
} as const;

export const modelsSchema = {
  tags: ['server'],
  summary: 'The models that are served',
  response: {
    200: {
      type: 'object',
      properties: {
        default: text,
        models: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              name: text,
              architecture: text,
              task: { enum: ['prompted', 'classes'], description: 'whether it answers prompts or gives classes' },
              prompts: { type: 'array', items: { enum: ['points', 'box', 'mask'] }, description: 'that it takes' },
              classes: classList,
              imageSize: whole,
              tokenGrid: whole,
              parameters: whole,
              licence: text,
            },
          },
        },
      },
    },
    ...failures(401, 503),
  },
} as const;

export const metricsSchema = {
  tags: ['server'],
  summary: 'Metrics in the text format of Prometheus',
  produces: ['text/plain'],
  response: { 200: { description: 'metrics', type: 'string' }, ...failures(401) },
} as const;

export const modelFileSchema = {
  tags: ['server'],
  summary: 'config.json, model.safetensors or README.md of a model',
  response: {
    200: { description: 'the file', type: 'string', format: 'binary' },
    206: { description: 'the part of it that Range names', type: 'string', format: 'binary' },
    304: { description: 'unchanged since the answer of that ETag', type: 'null' },
    ...failures(401, 404, 503),
  },
} as const;
