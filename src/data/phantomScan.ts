/**
 * Turns a phantom's scene into an image the way a scanner does: scatterers of random phase along each beam, blurred
 * by the pulse and the beam, attenuated, made up for by depth gain, log-compressed and put on the pixel grid.
 * A picture of the process, not a solution of the wave equation; it is for tests, demonstrations and benchmarks.
 */

import type { Random } from '../nn/random.js';
import type { Scene, Tissue } from './phantomScene.js';

/** Where the beams run. Millimetres and radians; a linear probe has parallel beams, a convex one fans them out. */
export interface Probe {
  readonly kind: 'linear' | 'convex';
  readonly depth: number;
  /** Half the width of a linear probe. */
  readonly halfWidth: number;
  /** Radius of a convex probe's surface. */
  readonly radius: number;
  /** Half the opening angle of a convex probe. */
  readonly halfAngle: number;
  /** Size of a pixel, the same across and down. */
  readonly spacing: number;
}

/** ScanSettings of the scanner. */
export interface ScanSettings {
  /** Grey level of the background's mean, 0 to 1. */
  readonly gain: number;
  /** Dynamic range in dB. */
  readonly range: number;
  /** What depth gain leaves of attenuation, in dB over the whole depth; below 0 the image darkens downwards. */
  readonly slope: number;
  /** Level of the noise at the surface and at full depth, in dB below the background's mean. */
  readonly noise: readonly [number, number];
  /** Standard deviations of the pulse and the beam, in pixels of the beam grid. */
  readonly blur: readonly [axial: number, lateral: number];
}

/** The place of a pixel's centre in beam coordinates, 0 to 1 each; nothing is visible outside that range. */
export function toBeam(probe: Probe, width: number, px: number, py: number): readonly [line: number, along: number] {
  const x = (px + 0.5 - width / 2) * probe.spacing;
  const y = (py + 0.5) * probe.spacing;
  if (probe.kind === 'linear') return [x / (2 * probe.halfWidth) + 0.5, y / probe.depth];
  // The surface bulges down: its flanks are at the upper edge of the image.
  const z = y + probe.radius * Math.cos(probe.halfAngle);
  const angle = Math.atan2(x, z);
  return [angle / (2 * probe.halfAngle) + 0.5, (Math.hypot(x, z) - probe.radius) / probe.depth];
}

/** The place in the scene that a pixel's centre shows; x from the centre line, z down from the probe's lowest point. */
export function toScene(probe: Probe, width: number, px: number, py: number): readonly [x: number, z: number] {
  const x = (px + 0.5 - width / 2) * probe.spacing;
  const y = (py + 0.5) * probe.spacing;
  return [x, probe.kind === 'linear' ? y : y - probe.radius * (1 - Math.cos(probe.halfAngle))];
}

/** The grey image of a scene, row-major, 0 outside the field of view. */
export function scan(
  random: Random,
  scene: Scene,
  probe: Probe,
  settings: ScanSettings,
  width: number,
  height: number,
): Uint8Array {
  const lines = Math.max(48, Math.round(width * 0.75));
  const samples = Math.max(64, Math.round(height * 1.25));
  const levels = beamLevels(random, scene, probe, settings, lines, samples);
  const data = new Uint8Array(width * height);
  for (let py = 0; py < height; py++) {
    for (let px = 0; px < width; px++) {
      const [line, along] = toBeam(probe, width, px, py);
      if (line < 0 || line > 1 || along < 0 || along > 1) continue;
      const level = interpolate(levels, lines, samples, line * (lines - 1), along * (samples - 1));
      const grey = settings.gain + level / settings.range;
      data[py * width + px] = Math.round(255 * Math.min(1, Math.max(0, grey)));
    }
  }
  return data;
}

/** Levels in dB over the background's mean, beam by beam. */
function beamLevels(
  random: Random,
  scene: Scene,
  probe: Probe,
  settings: ScanSettings,
  lines: number,
  samples: number,
): Float32Array {
  const real = new Float32Array(lines * samples);
  const imaginary = new Float32Array(lines * samples);
  const tissue: Tissue = { scatter: 0, echo: 0, loss: 0 };
  const step = probe.depth / (samples - 1);
  const toAmplitude = Math.LN10 / 20;
  const [shallow, deep] = settings.noise;
  const noise = Float64Array.from(
    { length: samples },
    (_, s) => 10 ** ((shallow + ((deep - shallow) * s) / samples) / 10),
  );
  let contact = 0;
  for (let l = 0; l < lines; l++) {
    // Uneven contact of the probe with the skin: faint stripes along the beams.
    contact = 0.85 * contact + random.normal(0, 0.45);
    let gain = contact;
    const t = l / (lines - 1) - 0.5;
    const angle = probe.kind === 'linear' ? 0 : 2 * probe.halfAngle * t;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    for (let s = 0; s < samples; s++) {
      const along = s * step;
      const x = probe.kind === 'linear' ? 2 * probe.halfWidth * t : (probe.radius + along) * sin;
      const z = probe.kind === 'linear' ? along : (probe.radius + along) * cos - probe.radius;
      scene.look(x, z, tissue);
      gain += -tissue.loss * step + settings.slope / samples;
      // The receiver's noise passes the same filters as the echoes, so that their powers simply add.
      const echo = Math.exp((gain + tissue.scatter) * toAmplitude);
      const amplitude = Math.sqrt(echo * echo + noise[s]!);
      const coherent = tissue.echo * Math.exp(gain * toAmplitude);
      const i = l * samples + s;
      const [a, b] = [random.normal(), random.normal()];
      // Interfaces are rough on the scale of the pulse: their echo has a steady part and one that varies.
      real[i] = amplitude * a + coherent * (0.5 + 0.7 * b);
      imaginary[i] = amplitude * b;
    }
  }
  for (const part of [real, imaginary]) {
    blurAlong(part, lines, samples, settings.blur[0]);
    blurAcross(part, lines, samples, settings.blur[1]);
  }
  // The blurs keep the sum of squares of independent numbers at 1, so that the background's mean stays at 0 dB.
  const power = real.map((a, i) => (a * a + imaginary[i]! ** 2) / 2);
  // Scanners average neighbouring looks, which fills the black gaps of fully developed speckle.
  smooth(power, lines, samples);
  return power.map((p) => 10 * Math.log10(p + 1e-9));
}

/** Weights of a Gaussian whose squares sum up to 1. */
function kernel(sigma: number): Float32Array {
  const reach = Math.max(1, Math.ceil(2.5 * sigma));
  const weights = Float32Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2));
  const norm = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0));
  return weights.map((w) => w / norm);
}

function blurAlong(data: Float32Array, lines: number, samples: number, sigma: number): void {
  const weights = kernel(sigma);
  const reach = (weights.length - 1) / 2;
  const padded = new Float32Array(samples + 2 * reach);
  for (let l = 0; l < lines; l++) {
    padded.set(data.subarray(l * samples, (l + 1) * samples), reach);
    for (let s = 0; s < samples; s++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * padded[s + k]!;
      data[l * samples + s] = sum;
    }
  }
}

function blurAcross(data: Float32Array, lines: number, samples: number, sigma: number): void {
  const weights = kernel(sigma);
  const reach = (weights.length - 1) / 2;
  const source = data.slice();
  data.fill(0);
  for (let l = 0; l < lines; l++) {
    for (let k = -reach; k <= reach; k++) {
      const from = l + k;
      if (from < 0 || from >= lines) continue;
      const weight = weights[k + reach]!;
      for (let s = 0; s < samples; s++) {
        data[l * samples + s] = data[l * samples + s]! + weight * source[from * samples + s]!;
      }
    }
  }
}

/** A 3 x 3 average with weights 1, 2, 1. */
function smooth(data: Float32Array, lines: number, samples: number): void {
  const rows = data.slice();
  for (let i = 1; i < data.length - 1; i++) rows[i] = (data[i - 1]! + 2 * data[i]! + data[i + 1]!) / 4;
  const end = (lines - 1) * samples;
  for (let i = samples; i < end; i++) data[i] = (rows[i - samples]! + 2 * rows[i]! + rows[i + samples]!) / 4;
}

function interpolate(levels: Float32Array, lines: number, samples: number, line: number, along: number): number {
  const l = Math.min(lines - 2, Math.floor(line));
  const s = Math.min(samples - 2, Math.floor(along));
  const [fl, fs] = [line - l, along - s];
  const i = l * samples + s;
  const near = levels[i]! * (1 - fs) + levels[i + 1]! * fs;
  const far = levels[i + samples]! * (1 - fs) + levels[i + samples + 1]! * fs;
  return near * (1 - fl) + far * fl;
}
