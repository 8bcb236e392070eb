/**
 * The parts that charts are made of: safe text, numbers as people write them, scales and axes. Reports and training
 * curves use them. Colours come from a style sheet by class, so that one drawing serves light and dark.
 */

/** Text as content or attribute of HTML and SVG. */
export function escapeText(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}

/** With a fixed number of decimals and a true minus; an en dash for what is not defined. */
export function formatNumber(value: number | undefined, digits: number): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  const text = value.toFixed(digits);
  return /^-0\.?0*$/.test(text) ? text.slice(1) : text.replace('-', '−');
}

/** As {@link formatNumber}, with a plus where it is one. */
export function formatSigned(value: number, digits: number): string {
  return value > 0 ? `+${formatNumber(value, digits)}` : formatNumber(value, digits);
}

/** A length along an axis: about three digits, thousands parted by thin spaces. */
export function formatTick(value: number): string {
  const text = Number(value.toPrecision(10)).toString().replace('-', '−');
  return Math.abs(value) < 10_000 ? text : text.replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** Maps a range of values to a range of pixels. */
export type Scale = (value: number) => number;

export function linearScale([low, high]: readonly [number, number], [from, to]: readonly [number, number]): Scale {
  const span = high - low || 1;
  return (value) => round(from + ((value - low) / span) * (to - from));
}

/** Round values (1, 2, 5 times a power of ten) within a range. @param count about how many */
export function niceTicks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Coordinates with a tenth of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** A drawing that scales with the page. @param label what it shows, for people who cannot see it */
export function drawing(width: number, height: number, label: string, content: string): string {
  return `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(label)}" style="max-width:${width}px">${content}</svg>`;
}

/** A file of its own from a {@link drawing}, on white. @param style the rules for the classes in it */
export function standaloneSvg(drawn: string, style: string): string {
  const [, width, height] = /viewBox="0 0 (\S+) (\S+)"/.exec(drawn) ?? [];
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" `;
  const body = `<style>${style}</style><rect width="${width}" height="${height}" fill="#ffffff"/>`;
  return drawn.replace('<svg ', head).replace('>', `>${body}`);
}

/** A line of text in a drawing. @param anchor where it is held: `start`, `middle` or `end` */
export function label(x: number, y: number, text: string, anchor = 'start', style = 'tick'): string {
  return `<text x="${x}" y="${y}" class="${style}" text-anchor="${anchor}">${escapeText(text)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" class="${style}"/>`;
}

export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Grid lines with their values below and left of a plot, and the names of both axes. */
export function axes(
  { left, top, right, bottom }: Plot,
  x: { readonly scale: Scale; readonly ticks: readonly number[]; readonly name: string },
  y: { readonly scale: Scale; readonly ticks: readonly number[]; readonly name: string },
): string {
  const across = y.ticks.map((tick) => {
    const at = y.scale(tick);
    return line(left, at, right, at, 'grid') + label(left - 6, at + 3.5, formatTick(tick), 'end');
  });
  const down = x.ticks.map((tick) => {
    const at = x.scale(tick);
    return line(at, top, at, bottom, 'grid') + label(at, bottom + 15, formatTick(tick), 'middle');
  });
  const names =
    label((left + right) / 2, bottom + 32, x.name, 'middle', 'axis') +
    `<text class="axis" text-anchor="middle" transform="translate(12 ${round((top + bottom) / 2)}) rotate(-90)">${escapeText(y.name)}</text>`;
  return across.join('') + down.join('') + names;
}

/** Dots that a plot draws at most. */
const MOST_DOTS = 600;

/** At most {@link MOST_DOTS} of the items, evenly over all of them: more dots than that only hide one another. */
export function thinned(items: ArrayLike<number>, most = MOST_DOTS): number[] {
  const count = Math.min(items.length, most);
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);
}
