/**
 * A model without prompts in the annotator: its classes at the press of a button, prompts disabled with a reason, and work
 * that survives the switch between it and a model that takes clicks.
 */
import { expect, it, vi } from 'vitest';
import { TINY, TINY_SAMUS } from '../support/tinyModel.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';
import { startTinyServer } from './support/server.js';

vi.setConfig({ testTimeout: 300_000 });

const NETWORK = {
  ...TINY.samed!,
  classNames: ['background', 'cyst', 'vessel'],
  classColors: ['#000000', '#e4572e', '#17bebb'],
};

describeInChromium('a model without prompts in the annotator', () => {
  const server = useServer(() => startTinyServer({ clicks: TINY_SAMUS, network: NETWORK }));
  const chromium = useChromium();
  const fresh = useContext(chromium);

  it('segments all classes, refuses clicks, and leaves the work of others as it is', async () => {
    const annotator = await Annotator.open(fresh.context, server.url);
    const { page } = annotator;
    const { file, clicks } = phantomFile(3);
    await annotator.openImages(file);
    await annotator.ready();
    await annotator.click(clicks[0]!);
    const [before] = await annotator.objects(/object-1.*Score/);

    const models = page.getByLabel('Model', { exact: true }).first();
    await models.selectOption('network');
    await annotator.ready();
    for (const tool of [/^Click( |$)/, /^Box( |$)/])
      expect(await page.getByRole('button', { name: tool }).first().isDisabled()).toBe(true);
    await annotator.click([200, 200]);
    await annotator.message(/takes no clicks or boxes\. Use “Segment all classes”/);
    expect(await annotator.objectCount()).toBe(1);

    await page.getByRole('button', { name: /^Segment all classes/ }).click();
    await annotator.message(/objects? added/);
    const found = await annotator.objectCount();
    expect(found).toBeGreaterThan(1);
    await annotator.objects(/cyst|vessel/);
    const document = JSON.parse((await annotator.export(/every prompt/)).bytes.toString());
    const named = document.images[0].objects.filter((one: { className: string }) => one.className !== 'object');
    expect(named).toHaveLength(found - 1);
    for (const { name, className } of named) expect(name).toBe(className);
    const colors = new Map(NETWORK.classNames.map((name, i) => [name, NETWORK.classColors[i]]));
    for (const { className } of named) {
      const entry = document.classes.find(({ name }: { name: string }) => name === className);
      expect(entry.color).toBe(colors.get(className));
    }
    const coco = JSON.parse((await annotator.export(/run lengths/)).bytes.toString());
    const categories = coco.categories.map(({ name }: { name: string }) => name);
    expect(categories).toEqual(expect.arrayContaining(named.map((one: { className: string }) => one.className)));

    // The server gives the same classes, so nothing is new.
    await page.getByLabel('Run model on').first().selectOption('server');
    await annotator.ready();
    await annotator.press('a');
    await annotator.message(/No new object found/);
    expect(await annotator.objectCount()).toBe(found);

    // A reload keeps the chosen model.
    await page.reload();
    await expect.poll(() => models.inputValue()).toBe('network');
    await annotator.ready();
    await models.selectOption('clicks');
    await annotator.ready();
    expect((await annotator.objects(/object-1/))[0]).toBe(before);
    await annotator.press('v');
    await annotator.click([200, 200]);
    await expect.poll(() => annotator.objectCount()).toBe(found + 1);
    expect(annotator.failures).toEqual([]);
  });
});
