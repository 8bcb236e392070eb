import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { contentHash } from './contentHash.js';

const reference = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32);
/** None, less than a slice, more than two. */
const LENGTHS = [0, 1000, 600_001];
const bytesOf = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => (i * 31) % 251);

describe('the name of a file by its content', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each(LENGTHS)('is half of its SHA-256: %i bytes', async (length) => {
    const bytes = bytesOf(length);
    expect(await contentHash(new Blob([bytes]))).toBe(reference(bytes));
  });

  it.each(LENGTHS)('is the same where the browser computes no SHA-256 for the page: %i bytes', async (length) => {
    vi.stubGlobal('crypto', {});
    const bytes = bytesOf(length);
    expect(await contentHash(new Blob([bytes]))).toBe(reference(bytes));
  });
});
