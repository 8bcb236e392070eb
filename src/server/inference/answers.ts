/**
 * Objects of a request as a job has them, and results in the form that the request asks for.
 */
import { maskToImage } from '../../formats/image.js';
import { encodePng } from '../../formats/imageWrite.node.js';
import { maskToPolygons } from '../../formats/polygons.js';
import { encodeRle } from '../../formats/rle.js';
import type { Answered } from '../../jobs/answerTask.js';
import type { JobObject } from '../../jobs/segmentJob.js';
import type { PointPrompt } from '../../predict/types.js';
import type { ObjectAnswer, ObjectRequest, ResultForm } from './messages.js';

export function jobObjects(objects: readonly ObjectRequest[]): JobObject[] {
  return objects.map(({ name, points = [], box, mask, lowResLogits }, i) => ({
    name: name ?? `object-${i + 1}`,
    points,
    ...(box && { box }),
    ...(mask && { guess: { rle: mask } }),
    ...(lowResLogits !== undefined && { lowResLogits }),
  }));
}

/** `box` of an answer is that of its mask; what was asked is in `prompt`, unless nothing was. */
export async function answerOf(
  { object, found, stability }: Answered,
  { format, lowResLogits }: ResultForm,
): Promise<ObjectAnswer> {
  const { name, score, area, box, parts, mask, width, height } = found;
  const points = object.points.map(labelled);
  return {
    name,
    points,
    ...(stability === undefined && { prompt: { points, ...(object.box && { box: object.box }) } }),
    score,
    ...(stability !== undefined && { stability }),
    area,
    parts,
    box,
    ...(format === 'rle' && { rle: encodeRle(mask, width, height) }),
    ...(format === 'png' && { png: base64(await encodePng(maskToImage(mask, width, height))) }),
    ...(format === 'polygons' && { polygons: maskToPolygons(mask, width, height) }),
    ...(lowResLogits && found.lowResLogits && { lowResLogits: base64Floats(found.lowResLogits) }),
  };
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
