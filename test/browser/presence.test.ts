/**
 * A model with an object score, in the browser and on the server: a click that it answers with "no object here", from the
 * list of objects to the saved document, the export, and back.
 */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TINY_SAMUS } from '../support/tinyModel.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

/** No probability is 1, and none is below 0. */
const MODELS = {
  strict: { ...TINY_SAMUS, objectScore: true, minPresence: 1 },
  lax: { ...TINY_SAMUS, objectScore: true, minPresence: 0 },
} as const;

describeInChromium('an object that is not there', () => {
  const server = useServer(() => startTinyServer(MODELS));
  const fresh = useContext(useChromium());
  const { file } = phantomFile(3);
  let annotator: Annotator;

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(file);
    await annotator.ready();
  });

  afterEach(() => expect(annotator.failures).toEqual([]));

  const exported = async () => JSON.parse((await annotator.export(/every prompt/)).bytes.toString());

  for (const engine of ['browser', 'server']) {
    it(`is said, saved, exported and opened again, by the model in the ${engine}`, async () => {
      const { page } = annotator;
      if (engine === 'server') await page.getByLabel('Run model on').selectOption('server');
      await annotator.ready();
      await annotator.click([100, 100]);
      expect(await annotator.objects(/no object here/)).toEqual(['object-11 click · no object here']);
      await page
        .getByRole('status')
        .filter({ hasText: /^object-1, no object here$/ })
        .waitFor({ state: 'attached' });
      await page.getByText('Saved in this browser').waitFor();
      await page.reload();
      await annotator.ready();
      await annotator.objects(/no object here/);

      const document = await exported();
      const [object] = document.images[0].objects;
      expect(object).toMatchObject({ model: 'strict', points: [[100, 100, 1]], absent: true, area: 0, rle: null });
      expect(object.presence).toBeGreaterThan(0);
      expect(object.presence).toBeLessThan(1);

      // What is opened is not asked again: the other model would find an object.
      await annotator.press('Delete');
      await page.getByLabel('Model', { exact: true }).selectOption('lax');
      await annotator.ready();
      await annotator.choose('Open masks', [
        { name: 'a.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(document)) },
      ]);
      await annotator.objects(/no object here/);
      const again = await exported();
      expect(again.images[0].objects).toEqual(document.images[0].objects);

      await annotator.press('Delete');
      await annotator.click([100, 100]);
      await annotator.objects(/Score/);
      const [there] = (await exported()).images[0].objects;
      expect(there).not.toHaveProperty('absent');
      expect(there.presence).toBeCloseTo(object.presence, 4);

      // What a person draws is there, whatever the model says.
      await annotator.press('Delete');
      await page.getByLabel('Model', { exact: true }).selectOption('strict');
      await annotator.ready();
      await annotator.press('v');
      await annotator.click([100, 100]);
      await annotator.objects(/no object here/);
      await annotator.press('d');
      await annotator.drag([90, 90], [120, 110]);
      await annotator.objects(/drawn/);
      const [drawn] = (await exported()).images[0].objects;
      expect(drawn).not.toHaveProperty('absent');
      expect(drawn.area).toBeGreaterThan(0);
    });
  }
});
