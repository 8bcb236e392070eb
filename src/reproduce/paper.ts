/**
 * Published numbers of the SAMUS paper, for comparison: Dice in percent and row-set distance as arXiv:2309.06824v2
 * prints them. The values of version 1 that version 2 leaves out (its tables 2 and 5, its figure 7) are unknown.
 */

/** As `results.json` gives it: Dice from 0 to 1. */
export interface PaperValue {
  readonly dice: number;
  /** The paper's "HD", a distance between sets of rows (docs/evaluate.md). */
  readonly hd_rows?: number;
}

/** The columns of the paper's tables. */
const COLUMNS = ['TN3K', 'BUSI', 'CAMUS-LV', 'CAMUS-MYO', 'CAMUS-LA', 'DDTI', 'UDIAT', 'HMC-QU'] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Partial<Record<Column, readonly [dice: number, hd?: number]>>>;

/** By experiment, then by the id of the system (systems.ts). */
const PUBLISHED: Readonly<Record<string, Readonly<Record<string, Row>>>> = {
  // Trained on each dataset: the last row of v2's table 4. Its figure 3 shows the other networks as bars only.
  table2: { samus: { TN3K: [84.45, 28.22], BUSI: [85.77, 25.49], DDTI: [74.66, 21.03], UDIAT: [83.17, 21.25] } },
  // v2, table 1 (seen) and table 2 (unseen).
  table3: {
    sam: {
      TN3K: [29.59, 134.87],
      BUSI: [54.01, 82.39],
      'CAMUS-LV': [28.18, 196.64],
      'CAMUS-MYO': [29.42, 184.1],
      'CAMUS-LA': [17.28, 193.7],
      DDTI: [25.57, 116.23],
      UDIAT: [49.18, 104.43],
      'HMC-QU': [25.91, 93.2],
    },
    medsam: {
      TN3K: [71.09, 42.91],
      BUSI: [77.75, 34.26],
      'CAMUS-LV': [87.52, 15.28],
      'CAMUS-MYO': [76.07, 25.72],
      'CAMUS-LA': [88.06, 15.7],
      DDTI: [57.94, 51.77],
      UDIAT: [61.49, 50.8],
      'HMC-QU': [34.58, 36.3],
    },
    samed: {
      TN3K: [80.4, 31.29],
      BUSI: [74.82, 34.6],
      'CAMUS-LV': [87.67, 13.24],
      'CAMUS-MYO': [82.6, 19.48],
      'CAMUS-LA': [90.92, 12.6],
      DDTI: [61.64, 43.45],
      UDIAT: [72.56, 30.82],
      'HMC-QU': [37.82, 37.72],
    },
    msa: {
      TN3K: [82.67, 29.15],
      BUSI: [81.66, 28.87],
      'CAMUS-LV': [90.95, 11.29],
      'CAMUS-MYO': [82.47, 19.28],
      'CAMUS-LA': [91.8, 11.59],
      DDTI: [62.24, 46.49],
      UDIAT: [76.24, 26.64],
      'HMC-QU': [40.56, 38.18],
    },
    samus: {
      TN3K: [83.05, 28.82],
      BUSI: [84.54, 27.24],
      'CAMUS-LV': [91.13, 11.76],
      'CAMUS-MYO': [83.11, 18.99],
      'CAMUS-LA': [92.0, 12.08],
      DDTI: [66.78, 44.35],
      UDIAT: [78.06, 26.91],
      'HMC-QU': [56.77, 25.21],
    },
  },
  // v2, table 4.
  table4: {
    sam: { TN3K: [29.59, 134.87], DDTI: [25.57, 116.23], BUSI: [54.01, 82.39], UDIAT: [49.18, 104.43] },
    'samus-cnn': { TN3K: [82.17, 31.41], DDTI: [68.31, 48.66], BUSI: [81.42, 29.5], UDIAT: [82.24, 22.53] },
    'samus-cnn-cba': { TN3K: [83.65, 28.47], DDTI: [72.71, 35.76], BUSI: [83.53, 30.26], UDIAT: [80.87, 25.6] },
    'samus-features': { TN3K: [83.64, 29.83], DDTI: [70.38, 45.29], BUSI: [84.53, 26.3], UDIAT: [81.25, 23.18] },
    'samus-position': { TN3K: [80.19, 32.12], DDTI: [63.67, 53.86], BUSI: [80.78, 29.0], UDIAT: [79.72, 24.71] },
    samus: { TN3K: [84.45, 28.22], DDTI: [74.66, 21.03], BUSI: [85.77, 25.49], UDIAT: [83.17, 21.25] },
  },
  // v2, table 3: fine-tuned on each of these datasets.
  autosamus: {
    unet: { DDTI: [76.71], UDIAT: [82.64], 'HMC-QU': [93.26] },
    cpfnet: { DDTI: [78.38], UDIAT: [82.37], 'HMC-QU': [93.58] },
    canet: { DDTI: [75.79], UDIAT: [82.68], 'HMC-QU': [93.65] },
    aaunet: { DDTI: [78.16], UDIAT: [81.46], 'HMC-QU': [93.66] },
    missformer: { DDTI: [78.11], UDIAT: [82.89], 'HMC-QU': [93.5] },
    transunet: { DDTI: [77.52], UDIAT: [81.15], 'HMC-QU': [93.45] },
    h2former: { DDTI: [77.92], UDIAT: [82.26], 'HMC-QU': [93.44] },
    'autosamus-minus': { DDTI: [78.89], UDIAT: [84.17], 'HMC-QU': [92.87] },
    autosamus: { DDTI: [82.64], UDIAT: [85.39], 'HMC-QU': [94.1] },
  },
};

/** Figures repeat the values of these tables. */
const SAME_AS: Readonly<Record<string, string>> = { figure6: 'table3', figure7: 'table3' };

const CAMUS = ['CAMUS-LV', 'CAMUS-MYO', 'CAMUS-LA'] as const;

/** The paper's column of a dataset, by the names of its archive, and of a class. */
function columnOf(dataset: string, classId: number): Column | undefined {
  if (/CAMUS$/.test(dataset)) return CAMUS[classId - 1];
  if (/HMC-?QU$/.test(dataset)) return 'HMC-QU';
  return COLUMNS.find((column) => dataset.endsWith(column));
}

/** The paper's number for a system on a dataset, or null if unknown. */
export function paperValue(
  experiment: string,
  system: string,
  { dataset, classId }: { readonly dataset: string; readonly classId: number },
): PaperValue | null {
  const column = columnOf(dataset, classId);
  const value = column && PUBLISHED[SAME_AS[experiment] ?? experiment]?.[system]?.[column];
  if (!value) return null;
  const [dice, hd] = value;
  return { dice: Math.round(dice * 100) / 1e4, ...(hd !== undefined && { hd_rows: hd }) };
}
