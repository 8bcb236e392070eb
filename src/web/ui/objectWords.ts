/** Describes an object in words, for the list of objects and for screen readers. */
import { rleArea } from '../../formats/rle.js';
import { partCount } from '../../formats/runs.js';
import { hasPrompts } from '../../predict/prompts.js';
import { spacingOf } from '../app/measurements.js';
import { missesClicks } from '../document/edit.js';
import { promptKey } from '../document/promptKey.js';
import type { Annotation, PackedMask, Scale } from '../document/types.js';
import { text } from '../text/en.js';
import { rounded } from './MeasurePanel.js';

/** A short state: finished, score, clicks, parts. */
export function stateOf(object: Annotation): string {
  const { start, points, shape, strokes, committed } = object;
  const asking = isAsking(object);
  const absent = !asking && isAbsent(object);
  return joined(' · ', [
    committed ? text.objects.state.done : '',
    asking ? text.objects.state.asking : absent ? '' : scoreOf(object),
    points.length > 0 ? text.objects.clicks(points.length) : '',
    start?.origin === 'file' ? text.objects.state.file : '',
    object.carried ? text.objects.state.carried : '',
    absent ? text.objects.state.absent : '',
    !asking && !absent && shape && missesClicks(object) ? text.objects.state.misses : '',
    strokes.added || strokes.erased ? text.objects.state.drawn : '',
    shape && partCountOf(shape) > 1 ? text.objects.parts(partCountOf(shape)) : '',
    !shape && !asking && !absent ? text.objects.state.empty : '',
  ]);
}

const counted = new WeakMap<PackedMask, number>();

/** The number of parts, counted once per mask. */
function partCountOf(mask: PackedMask): number {
  const known = counted.get(mask) ?? partCount(mask);
  counted.set(mask, known);
  return known;
}

/** Describes the mask; empty while the model is being asked. */
export function maskOf(object: Annotation): string {
  if (isAsking(object)) return '';
  const { name, shape } = object;
  if (isAbsent(object)) return joined(', ', [name, text.objects.state.absent]);
  return joined(', ', [
    name,
    scoreOf(object),
    shape ? areaOf(rleArea(shape), spacingOf(shape).scale) : text.objects.state.empty,
  ]);
}

function areaOf(pixels: number, scale: Scale | null): string {
  const { px2, mm2 } = text.measure;
  const millimetres = scale ? ` (${rounded(pixels * scale.mm[0] * scale.mm[1])} ${mm2})` : '';
  return `${text.measure.area} ${pixels} ${px2}${millimetres}`;
}

function scoreOf({ answer, start }: Annotation): string {
  const score = answer?.score ?? start?.score;
  return score == null ? '' : text.objects.score(score);
}

/** Whether the model finds no object and none was drawn. */
const isAbsent = ({ answer, strokes }: Annotation): boolean => answer?.absent === true && !strokes.added;
const isAsking = (object: Annotation): boolean => hasPrompts(object) && object.answer?.key !== promptKey(object);
const joined = (by: string, parts: readonly string[]): string => parts.filter((part) => part !== '').join(by);
