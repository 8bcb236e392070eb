/**
 * Journeys by keys alone, Tab included: no pointer, and no focus that was set by a script. And what a screen reader has
 * to say meanwhile.
 */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { beforeEach, expect, it, vi } from 'vitest';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext, useServer } from './support/hooks.js';

/** More than the page has to stop at. */
const MOST_TABS = 80;

const hasFocus = (wanted: Locator): Promise<boolean> => wanted.evaluate((one) => one === document.activeElement);

async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let i = 0; i < MOST_TABS; i++) {
    if (await hasFocus(wanted)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never comes to ${wanted}`);
}

/** Keys that move the crosshair that far. */
function steps(by: number, forward: string, back: string): string[] {
  const key = by < 0 ? back : forward;
  const [leaps, rest] = [Math.floor(Math.abs(by) / 10), Math.abs(by) % 10];
  return [...Array<string>(leaps).fill(`Shift+${key}`), ...Array<string>(rest).fill(key)];
}

vi.setConfig({ testTimeout: 300_000 });

describeInChromium('the annotator by keys alone', () => {
  const server = useServer();
  const chromium = useChromium();
  const fresh = useContext(chromium);
  const { file, clicks } = phantomFile(3);
  const [x, y] = clicks[0]!;
  const toClick = [...steps(x - 128, 'ArrowRight', 'ArrowLeft'), ...steps(y - 128, 'ArrowDown', 'ArrowUp')];
  let annotator: Annotator;
  let page: Page;
  let canvas: Locator;

  beforeEach(async () => {
    annotator = await Annotator.open(fresh.context, server.url);
    page = annotator.page;
    canvas = page.locator('canvas.over');
    const chooser = page.waitForEvent('filechooser');
    await annotator.press('o');
    await (await chooser).setFiles([file]);
    await annotator.ready();
    await tabTo(page, canvas);
  });

  it('makes masks with each tool and exports them', async () => {
    await annotator.press(...toClick, 'Enter');
    await annotator.objects(/Score.*1 click/);

    await annotator.press('Control+s');
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await tabTo(page, dialog.getByRole('radio', { checked: true }));
    const format = dialog.getByRole('radio', { name: /every prompt/ });
    for (let i = 0; i < 6 && !(await format.isChecked()); i++) await annotator.press('ArrowDown');
    await tabTo(page, dialog.getByRole('button', { name: 'Download' }));
    const begun = page.waitForEvent('download');
    await annotator.press('Enter');
    const prompts = JSON.parse(await readFile(await (await begun).path(), 'utf8'));
    expect(prompts.images[0].objects[0].points).toEqual([[x, y, 1]]);
    await dialog.waitFor({ state: 'detached' });
    // The window gives the focus back.
    expect(await hasFocus(canvas)).toBe(true);

    await annotator.press('Shift+ArrowRight', 'Shift+Enter');
    await annotator.objects(/2 clicks/);
    await annotator.press('Backspace');
    await annotator.objects(/1 click(?!s)/);
    await annotator.press('c', 'b', 'Enter', 'Shift+ArrowDown', 'Shift+ArrowRight', 'Enter');
    await annotator.objects(/object-2.*Score/);
    await annotator.press('d', 'Enter');
    await annotator.objects(/object-2.*drawn/);
    await annotator.press('w', 'x', 'Shift+X', 'Control+z');
    await annotator.press('?');
    const help = page.getByRole('dialog', { name: 'Keys and help' });
    await help.waitFor();
    await annotator.press('Escape');
    await help.waitFor({ state: 'detached' });
    expect(await hasFocus(canvas)).toBe(true);
    expect(annotator.failures).toEqual([]);
  });

  it('stops finding everything by the key that began it, by Escape and by its button', async () => {
    for (const [begin, stop] of [
      ['a', 'a'],
      ['a', 'Escape'],
      ['Enter', 'Enter'],
    ] as const) {
      if (begin === 'Enter') await tabTo(page, page.getByRole('button', { name: 'Find everything' }));
      await annotator.press(begin);
      await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
      await annotator.press(stop);
      await annotator.message(/^Stopped/);
      await annotator.ready();
      expect(await annotator.objectCount()).toBe(0);
      await annotator.press('n');
      await annotator.message(/start a new object/);
    }
    expect(annotator.failures).toEqual([]);
  });

  it('announces the engine state, new masks and the crosshair to screen readers', async () => {
    const said: string[] = [];
    await page.exposeFunction('listen', (words: string) => said.push(words));
    await page.evaluate(() => {
      const listen = Reflect.get(window, 'listen');
      for (const region of document.querySelectorAll('[role=status]')) {
        const tell = (): void => listen(region.textContent);
        new MutationObserver(tell).observe(region, { subtree: true, childList: true, characterData: true });
      }
    });
    const hears = (words: RegExp) => page.getByRole('status').filter({ hasText: words }).first().waitFor();
    await hears(/^Ready$/);

    await annotator.press(...toClick);
    await hears(new RegExp(`^Pixel ${x}, ${y}$`));
    await annotator.press(...Array<string>(40).fill('ArrowLeft'), ...Array<string>(40).fill('ArrowRight'));
    await hears(new RegExp(`^Pixel ${x}, ${y}$`));
    // Not each of the pixels that it passed.
    expect(said.filter((words) => words.startsWith('Pixel')).length).toBeLessThan(40);

    await annotator.press('Enter');
    await hears(/^object-1, Score \d\.\d\d, Area \d+ px²$/);
    const row = page.getByRole('button', { name: /^Select object-1: Score \d\.\d\d · 1 click$/ });
    expect(await row.getAttribute('aria-current')).toBe('true');
    await annotator.press('c');
    await page.getByRole('button', { name: /^Select object-1: finished · Score \d\.\d\d · 1 click$/ }).waitFor();
    await hears(/object-1 is finished/);

    await annotator.press('a');
    await hears(/^Searching: 0 %$/);
    await annotator.press('Escape');
    await hears(/Stopped/);
    expect(said.some((words) => /^object-1, Score/.test(words))).toBe(true);
    expect(annotator.failures).toEqual([]);
  });
});
