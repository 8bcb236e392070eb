/**
 * Journeys through the annotator when things go wrong: reload after a crash, no network, files that are no pictures; and
 * what axe finds. Keys: keys.test.ts; fingers: touch.test.ts.
 */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

const given = (name: string, bytes: Uint8Array) => ({ name, mimeType: '', buffer: Buffer.from(bytes) });

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('the annotator', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const { file, clicks } = phantomFile(3);

  it('has all work back after its process was killed', async () => {
    const before = await Annotator.open(fresh.context, server.url);
    await before.openImages(file, phantomFile(4).file);
    await before.ready();
    await before.click(clicks[0]!);
    await before.objects(/Score/);
    await before.press('c', 'd');
    await before.drag([20, 20], [60, 20]);
    await before.objects(/drawn/);
    const area = await before.area();
    await before.page.getByText('Saved in this browser').waitFor();
    const session = await fresh.context.newCDPSession(before.page);
    void session.send('Page.crash').catch(() => undefined);
    await before.page.waitForEvent('crash');

    const after = await Annotator.open(fresh.context, server.url);
    await after.objects(/drawn/);
    expect(await after.objectCount()).toBe(2);
    expect(await after.page.locator('.left .files li').count()).toBe(2);
    await expect.poll(() => after.area()).toBe(area);
  });

  it('saves in only one tab, and warns in the other', async () => {
    const first = await Annotator.open(fresh.context, server.url);
    await first.openImages(file);
    const second = await Annotator.open(fresh.context, server.url);
    await second.message(/open in another tab, so this tab does not save/);
    await second.openImages(file);
    await second.ready();
    await second.press('d');
    await second.drag([120, 120], [160, 120]);
    await second.objects(/drawn/);
    await second.page.getByText('Not saved').waitFor();
    await second.message(/open in another tab, so this tab does not save/);

    await first.ready();
    await first.press('d');
    await first.drag([20, 20], [60, 20]);
    await first.objects(/drawn/);
    const area = await first.area();
    await first.page.getByText('Saved in this browser').waitFor();
    await first.page.reload();
    await first.objects(/drawn/);
    expect(await first.area()).toBe(area);
    await first.page.getByText('Saved in this browser').waitFor();
    expect(await first.page.locator('.message').count()).toBe(0);

    await first.page.close();
    await second.page.reload();
    await second.objects(/drawn/);
    expect(await second.area()).toBe(area);
    await second.page.getByText('Saved in this browser').waitFor();
  });

  it('works without a network once it was loaded', async () => {
    const online = await Annotator.open(fresh.context, server.url);
    await online.page.locator('.engine-state', { hasText: 'Ready' }).waitFor();
    await online.page.close();
    await fresh.context.setOffline(true);
    const offline = await Annotator.open(fresh.context, server.url);
    await offline.openImages(file);
    await offline.ready();
    await offline.click(clicks[0]!);
    await offline.objects(/Score/);
  });

  it('answers files that it cannot open with a sentence, and goes on', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const cut = file.buffer.subarray(0, file.buffer.length / 2);
    await annotator.openImages(given('cut.png', cut));
    await annotator.refusal(/damaged/);

    const huge = Uint8Array.from(file.buffer);
    const header = new DataView(huge.buffer);
    header.setUint32(16, 10_000);
    header.setUint32(20, 6_000);
    await annotator.openImages(given('huge.png', huge));
    await annotator.refusal(/60\.0 million/);

    const dicom = new Uint8Array(400);
    dicom.set(new TextEncoder().encode('DICM'), 128);
    await annotator.openImages(given('scan.dcm', dicom));
    await annotator.refusal(/DICOM/);

    await annotator.openImages(given('masks.json', new TextEncoder().encode('{"no": 1}')));
    await annotator.message(/JSON/);

    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    expect(annotator.failures).toEqual([]);
  });

  it('has nothing that axe finds serious, in light and dark, at a desk and on a phone', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    const findings = async (): Promise<string[]> => {
      // In the middle of a transition colours are neither those before nor those after.
      await page.waitForFunction(() => document.getAnimations().every((one) => !(one instanceof CSSTransition)));
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
    };
    expect(await findings()).toEqual([]);
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    await annotator.objects(/Score/);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await findings()).toEqual([]);
    }
    for (const key of ['?', 'Control+s']) {
      await annotator.press(key);
      await page.getByRole('dialog').waitFor();
      expect(await findings()).toEqual([]);
      await annotator.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await findings()).toEqual([]);
  });
});
