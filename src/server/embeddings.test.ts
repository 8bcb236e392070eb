import { describe, expect, it } from 'vitest';
import { float32 } from '../graph/tensorData.js';
import { Embeddings, type KeptImage } from './embeddings.js';

const BYTES = 4000;

function encoding(value = 0): KeptImage {
  const embedding = float32(new Float32Array(BYTES / 4).fill(value), [1, 1, 1, BYTES / 4]);
  return { embedding, width: 10, height: 8, frames: 1 };
}

const forever = new AbortController().signal;

/** Encodes when it is told to, and remembers how often and whether it was cancelled. */
function encoder() {
  const calls: {
    readonly signal: AbortSignal;
    readonly done: (encoding: KeptImage) => void;
    fail: (e: Error) => void;
  }[] = [];
  return {
    calls,
    encode: (signal: AbortSignal) =>
      new Promise<{ encoding: KeptImage; ms: number }>((resolve, reject) => {
        calls.push({ signal, done: (result) => resolve({ encoding: result, ms: 7 }), fail: reject });
      }),
  };
}

async function put(embeddings: Embeddings, model: string, image: string, value = 0): Promise<void> {
  await embeddings.getOrEncode(model, image, async () => ({ encoding: encoding(value), ms: 1 }), forever);
}

describe('kept embeddings', () => {
  it('take no more bytes than allowed; the least recently used go', async () => {
    const embeddings = new Embeddings(3 * 4600);
    for (const image of ['a', 'b', 'c']) await put(embeddings, 'm', image);
    expect(embeddings.size).toBe(3);
    expect(embeddings.get('m', 'a')).toBeDefined();
    await put(embeddings, 'm', 'd');
    expect(embeddings.bytes).toBeLessThanOrEqual(embeddings.maxBytes);
    expect(['a', 'b', 'c', 'd'].filter((image) => embeddings.get('m', image))).toEqual(['a', 'c', 'd']);
  });

  it('keep an oversized one until the next arrives', async () => {
    const embeddings = new Embeddings(100);
    await put(embeddings, 'm', 'a');
    expect(embeddings.get('m', 'a')).toBeDefined();
    await put(embeddings, 'm', 'b');
    expect([embeddings.get('m', 'a'), embeddings.size]).toEqual([undefined, 1]);
  });

  it('are separate for each model, and deleted together', async () => {
    const embeddings = new Embeddings(1e6);
    await put(embeddings, 'm', 'a', 1);
    await put(embeddings, 'n', 'a', 2);
    expect(embeddings.get('n', 'a')!.embedding.data[0]).toBe(2);
    expect(embeddings.forget('a')).toBe(true);
    expect(embeddings.forget('a')).toBe(false);
    expect([embeddings.size, embeddings.bytes]).toEqual([0, 0]);
  });
});

describe('an image that many send at once', () => {
  it('is encoded once', async () => {
    const { calls, encode } = encoder();
    const embeddings = new Embeddings(1e6);
    const asked = [1, 2, 3].map(() => embeddings.getOrEncode('m', 'a', encode, forever));
    expect(calls).toHaveLength(1);
    calls[0]!.done(encoding(5));
    for (const { cached, ms } of await Promise.all(asked)) expect([cached, ms]).toEqual([false, 7]);
    expect(await embeddings.getOrEncode('m', 'a', encode, forever)).toMatchObject({ cached: true, ms: 0 });
  });

  it('is not waited for any more only when all have left', async () => {
    const { calls, encode } = encoder();
    const embeddings = new Embeddings(1e6);
    const [first, second] = [new AbortController(), new AbortController()];
    const asked = [first, second].map(({ signal }) => embeddings.getOrEncode('m', 'a', encode, signal));
    for (const request of asked) request.catch(() => undefined);
    first.abort();
    expect(calls[0]!.signal.aborted).toBe(false);
    second.abort();
    expect(calls[0]!.signal.aborted).toBe(true);
    // Who comes now starts anew, whatever becomes of the work that is being cancelled.
    const next = embeddings.getOrEncode('m', 'a', encode, forever);
    expect(calls).toHaveLength(2);
    calls[0]!.fail(new Error('cancelled'));
    calls[1]!.done(encoding());
    expect((await next).cached).toBe(false);
  });

  it('is tried again after a failure', async () => {
    const { calls, encode } = encoder();
    const embeddings = new Embeddings(1e6);
    const failing = embeddings.getOrEncode('m', 'a', encode, forever);
    calls[0]!.fail(new Error('no memory'));
    await expect(failing).rejects.toThrow('no memory');
    const again = embeddings.getOrEncode('m', 'a', encode, forever);
    calls[1]!.done(encoding());
    expect((await again).cached).toBe(false);
  });
});
