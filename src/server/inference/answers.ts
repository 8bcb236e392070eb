/**
 * Prompts out of a request's JSON, and results in the form that the request asks for.
 */
import { SamusError } from '../../errors.js';
import { maskToImage } from '../../formats/image.js';
import { encodePng } from '../../formats/imageWrite.node.js';
import { maskToPolygons } from '../../formats/polygons.js';
import { decodeRle, encodeRle, type Rle } from '../../formats/rle.js';
import type { Encoding, ObjectPrompt, ObjectResult, PointPrompt } from '../../predict/types.js';
import type { ObjectAnswer, ObjectRequest, ResultForm } from './messages.js';

/** @throws SamusError PROMPT_MASK_SIZE, PROMPT_LOGITS, RLE_INVALID */
export function promptOf(object: ObjectRequest & { name: string }, { width, height }: Encoding): ObjectPrompt {
  const { name, points, box, mask, lowResLogits } = object;
  return {
    name,
    ...(points && { points }),
    ...(box && { box }),
    ...(mask && { mask: maskOf(name, mask, width, height) }),
    ...(lowResLogits !== undefined && { lowResLogits: logitsOf(name, lowResLogits) }),
  };
}

/** The prompt, beside the answer: `box` of an answer is that of its mask. */
export function promptSummary({ points = [], box }: ObjectPrompt): NonNullable<ObjectAnswer['prompt']> {
  return { points: points.map(labelled), ...(box && { box }) };
}

export async function answerOf(
  result: ObjectResult,
  points: readonly PointPrompt[],
  prompt: ObjectAnswer['prompt'],
  { format, lowResLogits }: ResultForm,
): Promise<ObjectAnswer> {
  const { name, score, area, box, parts, mask, width, height } = result;
  return {
    name,
    points: points.map(labelled),
    ...(prompt && { prompt }),
    score,
    area,
    parts,
    box,
    ...(format === 'rle' && { rle: encodeRle(mask, width, height) }),
    ...(format === 'png' && { png: base64(await encodePng(maskToImage(mask, width, height))) }),
    ...(format === 'polygons' && { polygons: maskToPolygons(mask, width, height) }),
    ...(lowResLogits && { lowResLogits: base64Floats(result.lowResLogits) }),
  };
}

function maskOf(name: string, mask: Rle, width: number, height: number): Uint8Array {
  // Looked at before it is unpacked: a few bytes of text can ask for any amount of memory.
  if (mask.size[0] === height && mask.size[1] === width) return decodeRle(mask).data;
  throw new SamusError(
    'PROMPT_MASK_SIZE',
    `expected a mask of ${width}x${height} pixels for ${name}, got ${mask.size[1]}x${mask.size[0]}`,
    'give a mask of the size of the image, its size as [height, width]',
    { object: name, width, height },
  );
}

function logitsOf(name: string, text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw new SamusError(
      'PROMPT_LOGITS',
      `expected base64 of little-endian float32 in lowResLogits of ${name}, got ${bytes.length} bytes`,
      'send the lowResLogits of an answer of this model back unchanged',
      { object: name, bytes: bytes.length },
    );
  }
  const logits = new Float32Array(bytes.length / 4);
  for (let i = 0; i < logits.length; i++) logits[i] = bytes.readFloatLE(4 * i);
  return logits;
}

function base64Floats(values: Float32Array): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i]!, 4 * i);
  return bytes.toString('base64');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function labelled([x, y, label = 1]: PointPrompt): number[] {
  return [x, y, label];
}
