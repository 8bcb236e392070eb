/**
 * Measures masks of the open frame in a worker, once each: the diameters of a large mask would block the page. A
 * measurement is null until it arrives.
 */
import { signal } from '@preact/signals';
import type { Measurement } from '../../predict/measure.js';
import { type MaskSpacing, maskSpacing } from '../document/spacing.js';
import type { PackedMask } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import { sayError } from './messages.js';
import { document, opened } from './state.js';

type Millimetres = readonly [x: number, y: number] | null;

interface Known {
  readonly mm: Millimetres;
  readonly result: Measurement | null;
}

const known = new WeakMap<PackedMask, Known>();
/** Increases with each result, so that components read it again. */
const arrived = signal(0);

/** The millimetres that hold for a mask of the open frame, and why there are none. */
export function spacingOf(mask: PackedMask): MaskSpacing {
  const open = opened.value;
  const calibration = open?.file.dicom?.calibration;
  const place = open && calibration ? { calibration, frame: open.picture.frame } : null;
  return maskSpacing(mask, document.value?.scale ?? null, place);
}

/** The measurement, or null until it arrives. Ends of diameters are in pixels of the image. */
export function measurementOf(mask: PackedMask): Measurement | null {
  // Subscribes the caller to new results.
  arrived.value;
  const mm = spacingOf(mask).scale?.mm ?? null;
  const before = known.get(mask);
  if (before && same(before.mm, mm)) return before.result;
  known.set(mask, { mm, result: null });
  void measure(mask, mm);
  return null;
}

async function measure(mask: PackedMask, mm: Millimetres): Promise<void> {
  try {
    const result = await exportClient().call('measure', { mask, mm });
    if (!same(known.get(mask)?.mm ?? null, mm)) return;
    known.set(mask, { mm, result });
    arrived.value = arrived.peek() + 1;
  } catch (error) {
    sayError(error);
  }
}

const same = (a: Millimetres, b: Millimetres): boolean => a?.[0] === b?.[0] && a?.[1] === b?.[1];
