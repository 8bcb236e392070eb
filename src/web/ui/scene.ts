/** What the canvas shows, computed from the state of the page. */
import { computed, signal } from '@preact/signals';
import { proposalAt, proposals } from '../app/everything.js';
import { measurementOf } from '../app/measurements.js';
import {
  active,
  anchor,
  brushRadius,
  colorOf,
  crosshair,
  currentClass,
  document,
  hover,
  pointer,
  showMeasures,
  ticks,
  tool,
} from '../app/state.js';
import type { Scene } from '../canvas/painter.js';

type Place = readonly [x: number, y: number];

/** The brush stroke in progress. */
export const liveStroke = signal<{ readonly path: readonly Place[]; readonly erase: boolean } | null>(null);
/** Two corners of the box in progress. */
export const liveBox = signal<readonly [Place, Place] | null>(null);

export const currentScene = computed((): Scene => {
  const object = active.value;
  const objects = document.value?.objects ?? [];
  const shown = objects.filter(({ hidden }) => !hidden);
  const painting = tool.value === 'brush' || tool.value === 'eraser';
  const radius = brushRadius.value;
  const at = painting ? (pointer.value ?? centreOf(crosshair.value)) : null;
  const stroke = liveStroke.value;
  const measurement = showMeasures.value && object?.shape ? measurementOf(object.shape) : null;
  const diameters = [measurement?.longest, measurement?.shortest].filter((line) => line != null);
  const [px, py] = pointer.value ?? [-1, -1];
  const hovered = tool.value === 'click' ? proposalAt([Math.floor(px), Math.floor(py)])?.mask : undefined;
  return {
    objects: shown
      .map((one) => ({ mask: one.shape, color: colorOf(one), active: one.id === object?.id }))
      .sort((a, b) => Number(a.active) - Number(b.active)),
    clicks:
      object && !object.hidden ? object.points.map(([x, y, label = 1]) => ({ at: [x, y], positive: label === 1 })) : [],
    box: boxOf(liveBox.value ?? keyBox()) ?? object?.box ?? null,
    color: colorOf(object ?? { classId: currentClass.value }),
    proposals: proposals.value.map(({ mask }) => ({ mask, hovered: mask === hovered })),
    hover: hover.value,
    brush: at && { at, radius },
    stroke: stroke && { ...stroke, radius },
    crosshair: crosshair.value,
    marks: ticks.value,
    // Diameters use whole numbers for pixel centres; the canvas has them at .5.
    lines: diameters.map(([from, to]) => [plusHalf(from), plusHalf(to)] as const),
  };
});

function keyBox(): readonly [Place, Place] | null {
  const [from, to] = [anchor.value, crosshair.value];
  return from && to ? [from, to] : null;
}

function boxOf(corners: readonly [Place, Place] | null): readonly [number, number, number, number] | null {
  if (!corners) return null;
  const [[ax, ay], [bx, by]] = corners;
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
}

const centreOf = (pixel: Place | null): Place | null => pixel && plusHalf(pixel);
const plusHalf = ([x, y]: Place): Place => [x + 0.5, y + 0.5];
