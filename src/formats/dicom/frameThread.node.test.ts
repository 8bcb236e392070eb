import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readImage } from '../imageFile.node.js';
import { readDicom } from './dicomSource.js';
import { leastBusy, threadDecoder } from './frameThread.node.js';
import type { PixelFormat } from './pixelFormat.js';

const MATRIX = fileURLToPath(new URL('../../../test/fixtures/dicom/', import.meta.url));

/** A decoder that hangs for bytes that begin with 1, ends for 2, and else answers with its own number. */
const PROGRAM = `
  import { parentPort, threadId } from 'node:worker_threads';
  parentPort.on('message', ({ id, input }) => {
    if (input.bytes[0] === 1) for (;;);
    if (input.bytes[0] === 2) process.exit(1);
    parentPort.postMessage({ type: 'done', id, value: threadId });
  });`;
const program = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);
const FORMAT: PixelFormat = {
  ...{ coding: 'jpeg', rows: 1, columns: 1, frames: 1, samples: 1, photometric: 'MONOCHROME2', bitsAllocated: 8 },
  ...{ bitsStored: 8, highBit: 7, signed: false, planar: false, lossy: true },
};

describe('the thread that decodes frames', () => {
  it('is ended when a frame takes too long, and made anew for the next', async () => {
    // The start of a thread counts, and takes a second on a busy machine.
    const decode = threadDecoder(3000, program);
    const first = await decode(Uint8Array.of(0), FORMAT);
    expect(await decode(Uint8Array.of(0), FORMAT)).toBe(first);
    const [late, next] = [decode(Uint8Array.of(1), FORMAT), decode(Uint8Array.of(0), FORMAT)];
    await expect(late).rejects.toMatchObject({
      code: 'DICOM_PIXELS_DAMAGED',
      message: 'expected a frame that decodes in 3 s, got none',
    });
    expect(await next).not.toBe(first);
  });

  it('has another beside it, for other files', async () => {
    const decode = leastBusy([threadDecoder(5000, program), threadDecoder(5000, program)]);
    const order: string[] = [];
    const late = decode(Uint8Array.of(1), FORMAT).catch(() => order.push('late'));
    await decode(Uint8Array.of(0), FORMAT).then(() => order.push('other'));
    await late;
    expect(order).toEqual(['other', 'late']);
  });

  it('may end by itself', async () => {
    const decode = threadDecoder(10_000, program);
    await expect(decode(Uint8Array.of(2), FORMAT)).rejects.toMatchObject({ code: 'DICOM_PIXELS_DAMAGED' });
    expect(await decode(Uint8Array.of(0), FORMAT)).toBeTypeOf('number');
  });

  it.each(['jpeg-ybr422.dcm', 'jpegll-70-mono12.dcm', 'j2k-90-rct.dcm'])(
    'gives what codecs give here: %s',
    async (name) => {
      const path = join(MATRIX, name);
      const here = await readDicom(new Uint8Array(readFileSync(path)));
      expect(await readImage(path)).toEqual(await here.read(1));
    },
  );
});
