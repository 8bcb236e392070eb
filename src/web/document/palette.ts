/**
 * Colours of classes and objects that stay distinct under most kinds of colour blindness (Okabe and Ito, without black
 * and grey).
 */
export const PALETTE: readonly [string, ...string[]] = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#d55e00',
  '#cc79a7',
  '#0072b2',
];

/** The default colour of a class. */
export const classColor = (id: number): string => PALETTE[(id - 1) % PALETTE.length]!;

/** The largest class number: labels have one byte per pixel. */
export const LAST_CLASS = 255;

/** The smallest free class number, or undefined if all are taken. */
export function freeClass(classes: readonly { readonly id: number }[]): number | undefined {
  const used = new Set(classes.map(({ id }) => id));
  return Array.from({ length: LAST_CLASS }, (_, i) => i + 1).find((id) => !used.has(id));
}
