/** What the page offers before anything is open. */
import { expect, it, vi } from 'vitest';
import { Annotator } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('the start page', () => {
  const plain = useServer(() => startTinyServer());
  // Nothing answers there, which the page finds out by a search.
  const withPacs = useServer(() => startTinyServer(undefined, ['--dicomweb', 'http://127.0.0.1:9/dicom-web']));
  const fresh = useContext(useChromium());

  it('names every kind of file that it opens, and the PACS where the server has one', async () => {
    const here = await Annotator.open(fresh.context, plain.url);
    const main = here.page.getByRole('main');
    for (const kind of ['DICOM files', 'folder', 'zip archive', 'label PNG', 'NIfTI', 'COCO JSON', 'DICOM SEG']) {
      await main.getByText(kind).first().waitFor();
    }
    expect(await main.getByRole('button', { name: 'Open from PACS' }).count()).toBe(0);

    const there = await Annotator.open(fresh.context, withPacs.url);
    await there.page.getByRole('main').getByRole('button', { name: 'Open from PACS' }).click();
    await there.page.getByRole('dialog', { name: 'Open from PACS' }).waitFor();
    expect([...here.failures, ...there.failures]).toEqual([]);
  });
});
