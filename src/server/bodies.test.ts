import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Upload, UploadBudget } from './bodies.js';

const chunks = (...sizes: number[]): Readable => Readable.from(sizes.map((size) => Buffer.alloc(size, size)));

describe('a body', () => {
  it('is named by its content', async () => {
    const budget = new UploadBudget(1000);
    const upload = new Upload(budget, 500);
    const { id, bytes } = await upload.receive(chunks(3, 5));
    expect([...bytes]).toEqual([3, 3, 3, 5, 5, 5, 5, 5]);
    expect(id).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(budget.used).toBe(8);
    upload.end();
    upload.end();
    expect(budget.used).toBe(0);
  });

  it('is refused when it is too large, said to be or not, and when it is empty', async () => {
    const upload = () => new Upload(new UploadBudget(1e6), 10);
    await expect(upload().receive(chunks(6, 6))).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' });
    await expect(upload().receive(chunks(1), 11)).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE' });
    await expect(upload().receive(chunks())).rejects.toMatchObject({ code: 'REQUEST_EMPTY' });
  });

  it('waits for the others when all together would be too large', async () => {
    const budget = new UploadBudget(10);
    const first = new Upload(budget, 10);
    await first.receive(chunks(6));
    const second = new Upload(budget, 10);
    const full = { kind: 'machine', code: 'UPLOADS_FULL', details: { retryAfter: 1 } };
    await expect(second.receive(chunks(3, 3))).rejects.toMatchObject(full);
    second.end();
    first.end();
    await new Upload(budget, 10).receive(chunks(10));
  });

  it('is read to its end when it is refused, so that the client reads the answer', async () => {
    const body = chunks(6, 6, 6, 6);
    await expect(new Upload(new UploadBudget(1e6), 10).receive(body)).rejects.toMatchObject({
      code: 'REQUEST_TOO_LARGE',
    });
    await new Promise((resolve) => body.on('end', resolve));
  });
});
