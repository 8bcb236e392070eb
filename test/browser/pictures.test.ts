/**
 * Opening pictures in a real Chromium: what the browser decodes must be what the command line reads, as far as the two
 * decoders agree. PNG, BMP and the refusals need no browser: src/web/open/decodePicture.test.ts.
 */
import { expect, it } from 'vitest';
import { createImage, toGrey } from '../../src/formats/image.js';
import { difference, fixtureBytes, framesByPillow, fromBase64, readByPillow, SAME } from '../support/imageFixtures.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useEnginePage, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

/** Grey levels by which decoders of JPEG and lossy WebP may differ; alpha is blended in WebP, which the file has not. */
const LEVELS: Readonly<Record<string, number>> = {
  'grey.jpg': 0,
  'rgb444.jpg': 1,
  'rgb420.jpg': 1,
  'progressive.jpg': 1,
  'rgb-icc.jpg': 1,
  'turned.jpg': 1,
  'lossy.webp': 2,
  'rgb.png': 0,
  'rgb.bmp': 0,
};

describeInChromium('opening pictures in the page', () => {
  const server = useServer(() => startTinyServer());
  const chromium = useChromium();
  const harness = useEnginePage(server, chromium);

  /** Its pixels, base64, or the error that a person is shown. */
  function open(bytes: Uint8Array, frame = 1) {
    const given = { text: Buffer.from(bytes).toString('base64'), frame };
    return harness.page.evaluate(async ({ text, frame }) => {
      const file = new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'picture');
      try {
        const { image, spacingMm, frames } = await window.samusTest.openFrame(file, undefined, frame);
        const data = btoa(Array.from(image.data, (value) => String.fromCharCode(value)).join(''));
        return { width: image.width, height: image.height, channels: image.channels, data, spacingMm, frames };
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
        return { code: error.code, message: error.message, isError: error instanceof Error };
      }
    }, given);
  }

  for (const [file, levels] of Object.entries(LEVELS)) {
    it(`reads ${file} as Pillow does, within ${levels} grey levels`, async () => {
      const want = readByPillow()[file]!;
      const got = await open(fixtureBytes(file));
      if (got.data === undefined) throw new Error(got.message);
      expect([got.width, got.height, got.channels]).toEqual([want.width, want.height, want.channels]);
      const found = difference(fromBase64(got.data), fromBase64(want.pixels));
      expect(found.length).toBe(true);
      expect(found.most).toBeLessThanOrEqual(levels);
    });
  }

  it.each(['frames.webp', 'frames.gif'])('reads each frame of %s as Pillow does', async (file) => {
    const want = framesByPillow()[file]!;
    for (const [i, { width, height, grey }] of want.entries()) {
      const got = await open(fixtureBytes(file), i + 1);
      if (got.data === undefined) throw new Error(got.message);
      expect([got.width, got.height, got.frames]).toEqual([width, height, want.length]);
      const image = createImage(width, height, got.channels, fromBase64(got.data));
      expect(difference(toGrey(image).data, fromBase64(grey)), `frame ${i + 1}`).toEqual(SAME);
    }
  });

  it('reports what is wrong, also errors that only the browser finds', async () => {
    expect(await open(fixtureBytes('rgb420.jpg').subarray(0, 500))).toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect(await open(fixtureBytes('frames.webp'), 5)).toMatchObject({ code: 'IMAGE_FRAME' });
    expect(await open(new Uint8Array())).toMatchObject({ code: 'IMAGE_CORRUPT' });
  });
});
