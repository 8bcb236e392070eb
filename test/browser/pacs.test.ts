/**
 * The page with a real PACS, Orthanc: from a search to an open image. With CI set, Orthanc has to be there.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { readDicomSeg } from '../../src/formats/dicom/readSeg.js';
import { dicomWeb } from '../../src/formats/dicomweb/dicomWeb.js';
import { instanceUids } from '../../src/formats/dicomweb/instanceUids.js';
import { ROOT } from '../support/docs.js';
import { hasOrthanc, type Orthanc, startOrthanc } from '../support/orthanc.js';
import { Annotator } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

const fixture = (name: string) => readFileSync(join(ROOT, 'test/fixtures/dicom', name));
const [CLIP, IMAGE] = [fixture('palette-2frames.dcm'), fixture('rle-rgb.dcm')];

if (hasOrthanc || process.env.CI) {
  describeInChromium('the page with a PACS', () => {
    let orthanc: Orthanc | undefined;
    beforeAll(async () => {
      orthanc = await startOrthanc();
      for (const bytes of [CLIP, IMAGE]) await dicomWeb(orthanc.url).store(bytes);
    });
    afterAll(() => orthanc?.stop());
    const server = useServer(() => startTinyServer(undefined, ['--dicomweb', orthanc!.url]));
    const chromium = useChromium();
    const fresh = useContext(chromium);
    let annotator: Annotator;

    afterEach(() => expect(annotator.failures).toEqual([]));

    /** Opens the window, and searches. */
    async function search(context = fresh.context) {
      annotator = await Annotator.open(context, server.url);
      const blocked: string[] = [];
      annotator.page.on('console', (line) => {
        if (/Content Security Policy/i.test(line.text())) blocked.push(line.text());
      });
      const dialog = await openDialog();
      await dialog.getByLabel('Patient ID').fill('PHANTOM');
      return { dialog, blocked };
    }

    async function openDialog() {
      await annotator.page.getByRole('button', { name: 'Open from PACS' }).first().click();
      return annotator.page.getByRole('dialog', { name: 'Open from PACS' });
    }

    /** Opens the clip with two frames. */
    async function openClip(dialog: Locator, study: string) {
      await annotator.press('Enter');
      await dialog.getByRole('button', { name: study }).click();
      await dialog.getByRole('button', { name: /^US · series 1 / }).click();
      await dialog.getByRole('button', { name: 'Open image' }).filter({ hasText: '2 frames' }).click();
      await dialog.waitFor({ state: 'detached' });
      await annotator.ready();
    }

    /** What axe finds serious. */
    async function faults() {
      // In the middle of a transition colours are neither those before nor those after.
      await annotator.page.waitForFunction(() =>
        document.getAnimations().every((one) => !(one instanceof CSSTransition)),
      );
      const { violations } = await new AxeBuilder({ page: annotator.page }).analyze();
      return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id);
    }

    it('finds a study and opens an image of it, and names no patient', async () => {
      const { study, series, instance } = (await instanceUids(IMAGE))!;
      const { dialog, blocked } = await search();
      await annotator.press('Enter');
      await dialog.getByRole('button', { name: study }).click();
      await dialog.getByRole('button', { name: /US · series/ }).click();
      await dialog.getByRole('list', { name: 'Images' }).getByRole('button').first().waitFor();
      expect(await dialog.textContent()).not.toMatch(/phantom/i);
      const found = await dicomWeb(orthanc!.url).instances(study, series);
      const place = found.findIndex((one) => one.instance === instance);
      await dialog.getByRole('list', { name: 'Images' }).getByRole('button').nth(place).click();
      await dialog.waitFor({ state: 'detached' });
      await annotator.ready();
      const list = annotator.page.getByRole('complementary', { name: 'Images' });
      await list.getByRole('button', { name: /^US-[0-9a-f]{10}\.dcm/ }).waitFor();
      expect(await annotator.page.content()).not.toContain(instance);
      expect(blocked).toEqual([]);
    });

    it('opens a whole series, and shows patients where asked', async () => {
      const { dialog } = await search();
      await dialog.getByLabel('Show names').check();
      await dialog.getByRole('button', { name: 'Search' }).click();
      await dialog.getByRole('button', { name: /Phantom Samus · PHANTOM/ }).click();
      await dialog.getByRole('button', { name: /US · series/ }).click();
      await dialog.getByRole('button', { name: 'Open all 2' }).waitFor();
      expect(await faults()).toEqual([]);
      await dialog.getByRole('button', { name: 'Open all 2' }).click();
      await dialog.waitFor({ state: 'detached' });
      await annotator.ready();
      const list = annotator.page.getByRole('complementary', { name: 'Images' });
      await list
        .getByText(/^US-[0-9a-f]{10}\.dcm$/)
        .nth(1)
        .waitFor();
    });

    it('sends the masks of the open image to the PACS, as objects of its study', async () => {
      const client = dicomWeb(orthanc!.url);
      const { study, instance } = (await instanceUids(CLIP))!;
      const { dialog } = await search();
      await openClip(dialog, study);
      await annotator.page.keyboard.press('b');
      const [width, height] = [61, 43];
      const corners = [await annotator.place([8, 8], width, height), await annotator.place([50, 36], width, height)];
      await annotator.page.mouse.move(...corners[0]!);
      await annotator.page.mouse.down();
      await annotator.page.mouse.move(...corners[1]!, { steps: 4 });
      await annotator.page.mouse.up();
      await annotator.objects(/Score/);

      await annotator.page.getByRole('button', { name: 'Send to PACS' }).click();
      const send = annotator.page.getByRole('dialog', { name: 'Send to PACS' });
      expect(await faults()).toEqual([]);
      await send.getByRole('checkbox', { name: 'DICOM report' }).check();
      await send.getByRole('checkbox', { name: 'DICOM pictures' }).check();
      // The first answer is lost on its way: the page cannot know that the file is stored, and sends the same again.
      await annotator.page.route('**/api/v1/pacs/instances', async (route) => {
        await route.fetch();
        await route.abort();
      });
      await annotator.press('Enter');
      await send.getByRole('alert').waitFor();
      await annotator.page.unroute('**/api/v1/pacs/instances');
      expect((await client.series(study)).length).toBe(2);
      await annotator.press('Enter');
      await annotator.message(/The PACS has stored 3 files/);

      const series = await client.series(study);
      expect(series.map(({ modality }) => modality).sort()).toEqual(['SEG', 'SR', 'US', 'US']);
      const [found] = await client.instances(study, series.find(({ modality }) => modality === 'SEG')!.series);
      const seg = await readDicomSeg(await client.instance(found!));
      expect(seg.sources).toEqual([instance]);
      expect(seg.segments).toHaveLength(1);

      // Another person opens the image and these masks.
      expect(annotator.failures).toEqual([]);
      const other = await chromium.browser.newContext();
      const { dialog: again } = await search(other);
      await openClip(again, study);
      const masks = await openDialog();
      await masks.getByRole('button', { name: /^SEG/ }).click();
      await masks.getByRole('button', { name: 'Open masks 1' }).click();
      await annotator.objects(/from a file/);
      await other.close();
    });

    it('says what is wrong', async () => {
      const { dialog } = await search();
      await orthanc!.stop();
      await annotator.press('Enter');
      await dialog.getByRole('alert').getByText('The server cannot reach the PACS.').waitFor();
    });
  });
} else it.skip('the page with a PACS (needs Debian orthanc-dicomweb)', () => undefined);
