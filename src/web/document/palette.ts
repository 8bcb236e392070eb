/** Colours of classes and objects, far apart for most kinds of colour blindness (Okabe and Ito, without black and grey). */
export const PALETTE: readonly [string, ...string[]] = [
  '#e69f00',
  '#56b4e9',
  '#009e73',
  '#f0e442',
  '#d55e00',
  '#cc79a7',
  '#0072b2',
];
