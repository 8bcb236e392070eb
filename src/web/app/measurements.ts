/**
 * Measures masks in a worker, once each: the diameters of a large mask would block the page. A measurement is null
 * until it arrives.
 */
import { signal } from '@preact/signals';
import type { Measurement } from '../../predict/measure.js';
import type { PackedMask, Scale } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import { sayError } from './messages.js';

interface Known {
  readonly scale: Scale | null;
  readonly result: Measurement | null;
}

const known = new WeakMap<PackedMask, Known>();
/** Increases with each result, so that components read it again. */
const arrived = signal(0);

/** The measurement, or null until it arrives. Ends of diameters are in pixels of the image. */
export function measurementOf(mask: PackedMask, scale: Scale | null): Measurement | null {
  // Subscribes the caller to new results.
  arrived.value;
  const before = known.get(mask);
  if (before?.scale === scale) return before.result;
  known.set(mask, { scale, result: null });
  void measure(mask, scale);
  return null;
}

async function measure(mask: PackedMask, scale: Scale | null): Promise<void> {
  try {
    const result = await exportClient().call('measure', { mask, mm: scale?.mm ?? null });
    if (known.get(mask)?.scale !== scale) return;
    known.set(mask, { scale, result });
    arrived.value = arrived.peek() + 1;
  } catch (error) {
    sayError(error);
  }
}
