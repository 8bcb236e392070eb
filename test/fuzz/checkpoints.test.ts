/**
 * 10,000 damaged checkpoints of the three formats: each must give an error that tells of the file, or a state dict
 * that holds together, soon and in little memory. Those with a name aim at one check each and must reach it; the
 * others are changed at random (seeded), in places where a change gets past the outer checks: inside of a pickle
 * whose checksum is made right again, inside of a header whose length is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SamusError } from '../../src/errors.js';
import { memorySource } from '../../src/formats/byteSource.js';
import { type Checkpoint, readCheckpoint } from '../../src/formats/checkpoint.js';
import { readZipDirectory } from '../../src/formats/zipArchive.js';
import { BYTES_PER_ELEMENT, sizeOf } from '../../src/graph/tensorData.js';
import { bytes, u32, u64 } from '../support/checkpointBytes.js';
import { SAFETENSORS_DATA, safetensors, safetensorsHeader, torchLegacy, torchZip } from '../support/checkpointFiles.js';
import { zip } from '../support/checkpointZip.js';
import { BROKEN } from './checkpointCases.js';

const ALL = 10_000;
const FIXTURES = new URL('../fixtures/checkpoints/', import.meta.url);

describe('damaged checkpoints', () => {
  it('has as many named cases as it takes, each of its own name', () => {
    expect(BROKEN.length).toBeGreaterThan(100);
    expect(new Set(BROKEN.map(({ name }) => name)).size).toBe(BROKEN.length);
  });

  it.each(BROKEN)('$name: $code', async ({ code, make }) => {
    const result = await outcome(make());
    expect(result).toBeInstanceOf(SamusError);
    expect(result).toMatchObject({ kind: 'input', code });
  });

  it(`gives an error or a sound result for ${ALL} of them in all, within time and memory`, async () => {
    const random = seeded(20_240_917);
    const bases = await baseFiles();
    const before = process.memoryUsage().rss;
    const seen = new Map<string, number>();
    let slowest = 0;
    for (let i = BROKEN.length; i < ALL; i++) {
      const base = bases[i % bases.length]!;
      const file = change(base, bases, random);
      const start = performance.now();
      const result = await outcome(file);
      slowest = Math.max(slowest, performance.now() - start);
      const word = result instanceof SamusError ? result.code : 'valid';
      if (!(result instanceof SamusError)) checkSound(result, file.length);
      seen.set(`${base.kind} ${word}`, (seen.get(`${base.kind} ${word}`) ?? 0) + 1);
    }
    for (const kind of ['zip', 'legacy', 'safetensors']) {
      const codes = [...seen.keys()].filter((key) => key.startsWith(`${kind} `));
      expect(codes, `results for ${kind}`).toContain(`${kind} valid`);
      expect(codes.length, `different results for ${kind}: ${codes.join(', ')}`).toBeGreaterThan(9);
    }
    expect(slowest).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
  }, 60_000);
});

/** The result, or the error where it is one that a file may cause; any other error fails the test. */
async function outcome(file: Uint8Array): Promise<Checkpoint | SamusError> {
  try {
    return await readCheckpoint(memorySource(file));
  } catch (error) {
    if (error instanceof SamusError && error.kind === 'input') return error;
    throw error;
  }
}

function checkSound({ tensors }: Checkpoint, size: number): void {
  const memory = new Set<ArrayBufferLike>();
  for (const { shape, data, dtype } of tensors.values()) {
    if (data.length !== sizeOf(shape)) throw new Error(`[${shape.join()}] of ${dtype} holds ${data.length}`);
    if (data.byteLength !== data.length * BYTES_PER_ELEMENT[dtype]) throw new Error(`${dtype} in another array`);
    memory.add(data.buffer);
  }
  const total = [...memory].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (total > size + Math.max(size, 1024 * 1024)) throw new Error(`${total} bytes came out of ${size}`);
}

interface Base {
  readonly kind: 'zip' | 'legacy' | 'safetensors';
  readonly file: Uint8Array;
  /** The part that is worth changing. */
  readonly core: Uint8Array;
  /** The file with another such part, all lengths and checksums made right. */
  rebuild(core: Uint8Array): Uint8Array;
}

async function baseFiles(): Promise<Base[]> {
  const names = readdirSync(FIXTURES).filter((name) => /\.(pth|safetensors)$/.test(name));
  const files = names.map((name) => new Uint8Array(readFileSync(new URL(name, FIXTURES))));
  const made = [torchZip(), torchLegacy(), safetensors(safetensorsHeader(), SAFETENSORS_DATA)];
  const bases = await Promise.all([...made, ...files].map(asBase));
  const kinds = (['zip', 'legacy', 'safetensors'] as const).map((kind) => bases.filter((base) => base.kind === kind));
  // In turns, so that each format gets a third.
  const turns = Math.max(...kinds.map((of) => of.length));
  return Array.from({ length: turns }, (_, i) => kinds.map((of) => of[i % of.length]!)).flat();
}

async function asBase(file: Uint8Array): Promise<Base> {
  if (file[0] === 0x50) {
    const entries = [...(await readZipDirectory(memorySource(file))).values()];
    const parts = entries.map(({ name, offset, length }) => ({ name, data: file.slice(offset, offset + length) }));
    const at = parts.findIndex(({ name }) => name.endsWith('/data.pkl'));
    const rebuild = (core: Uint8Array) => zip(parts.map((part, i) => (i === at ? { ...part, data: core } : part)));
    return { kind: 'zip', file, core: parts[at]!.data, rebuild };
  }
  if (file[0] === 0x80) {
    // Magic number and version take 21 bytes.
    return { kind: 'legacy', file, core: file.slice(21), rebuild: (core) => bytes(file.subarray(0, 21), core) };
  }
  const end = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const rebuild = (core: Uint8Array) => bytes(u64(core.length), core, file.subarray(end));
  return { kind: 'safetensors', file, core: file.slice(8, end), rebuild };
}

/** One to four changes, to the whole file or to its core. */
function change(base: Base, bases: readonly Base[], random: (below: number) => number): Uint8Array {
  const inCore = random(3) > 0;
  let out = Uint8Array.from(inCore ? base.core : base.file);
  for (let left = 1 + random(4); left > 0; left--) out = changedOnce(out, bases, random);
  return inCore ? base.rebuild(out) : out;
}

const TELLING = [0, 1, 2, 0x7f, 0x80, 0xff, 0x2e, 0x28, 0x74, 0x52, 0x7b, 0x22, 0x30];
const TELLING_WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 4096];

function changedOnce(
  file: Uint8Array,
  bases: readonly Base[],
  random: (below: number) => number,
): Uint8Array<ArrayBuffer> {
  const at = random(file.length + 1);
  const to = Math.min(file.length, at + 1 + random(24));
  const copy = Uint8Array.from(file);
  switch (random(9)) {
    case 0:
      if (at < copy.length) copy[at]! ^= 1 << random(8);
      return copy;
    case 1:
      if (at < copy.length) copy[at] = TELLING[random(TELLING.length)]!;
      return copy;
    case 2:
      if (at + 4 <= copy.length) copy.set(u32(TELLING_WORDS[random(TELLING_WORDS.length)]!), at);
      return copy;
    case 3:
      if (at + 8 <= copy.length) copy.set(u64(2n ** BigInt(random(64)) - BigInt(random(2))), at);
      return copy;
    case 4:
      return copy.slice(0, at);
    case 5:
      return bytes(copy.subarray(0, at), copy.subarray(to));
    case 6:
      return bytes(copy.subarray(0, to), copy.subarray(at));
    case 7:
      return bytes(copy.subarray(0, at), random(256), copy.subarray(at));
    default: {
      // A stretch of another file, or of this one, in place of what is here.
      const other = bases[random(bases.length)]!.core;
      const from = random(other.length + 1);
      return bytes(copy.subarray(0, at), other.subarray(from, from + random(64)), copy.subarray(to));
    }
  }
}

/** Whole numbers from 0 to below a bound, the same ones in every run (mulberry32). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
