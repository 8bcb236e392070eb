/**
 * Dimensions of symbolic tensors: a number, or an expression over named ones such as `points+6` or `9*batch`.
 *
 * A deployed graph leaves named dimensions open (the batch, the number of points). Expressions are polynomials with
 * integer coefficients in a canonical spelling, so that equal dimensions are equal strings.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

/** The coefficient of each product of names; the key '' has the constant term. */
type Polynomial = Map<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map([['', dim]]);
  const terms: Polynomial = new Map();
  for (const term of dim.split('+')) {
    const factors = term.split('*');
    const coefficient = Number.isNaN(Number(factors[0])) ? 1 : Number(factors.shift());
    const key = factors.sort().join('*');
    terms.set(key, (terms.get(key) ?? 0) + coefficient);
  }
  return terms;
}

function print(terms: Polynomial): Dim {
  const parts = [...terms].filter(([, coefficient]) => coefficient !== 0);
  if (parts.length === 0) return 0;
  if (parts.length === 1 && parts[0][0] === '') return parts[0][1];
  return parts
    .sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
    .map(([key, coefficient]) => (key === '' ? `${coefficient}` : coefficient === 1 ? key : `${coefficient}*${key}`))
    .join('+');
}

/** The size of two axes put end to end. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const sum = parse(a);
  for (const [key, coefficient] of parse(b)) sum.set(key, (sum.get(key) ?? 0) + coefficient);
  return print(sum);
}

/** The size of two axes flattened into one. */
export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  const product: Polynomial = new Map();
  for (const [keyA, x] of parse(a)) {
    for (const [keyB, y] of parse(b)) {
      const key = [...keyA.split('*'), ...keyB.split('*')].filter(Boolean).sort().join('*');
      product.set(key, (product.get(key) ?? 0) + x * y);
    }
  }
  return print(product);
}

/** Number of elements. */
export function elements(shape: Shape): Dim {
  return shape.reduce<Dim>(mulDims, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** The result's shape by NumPy's broadcasting rule; null if the shapes do not broadcast. */
export function broadcast(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const shape: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    shape.push(x === 1 ? y : x);
  }
  return shape;
}

export function printShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
