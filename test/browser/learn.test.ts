/**
 * Journeys through "learn from my corrections" in a real Chromium: five images with masks, an adapted model, its use,
 * its way back and its way out. The models are tiny and their masks mean nothing; of these random weights some get
 * better by an adaptation and some do not.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AxeBuilder } from '@axe-core/playwright';
import { unzipSync } from 'fflate';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { tinyModel } from '../support/tinyModel.js';
import { Annotator, phantomFile } from './support/annotator.js';
import { describeInChromium } from './support/chromium.js';
import { useChromium, useContext } from './support/hooks.js';
import { startServer, type TestServer } from './support/server.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const SIDE = 128;
/** Seeds of weights. */
const GETS_BETTER = 10;
const GETS_WORSE = 4;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const CASES = Array.from({ length: 5 }, (_, i) => phantomFile(40 + i, SIDE, SIDE, 'cyst'));

describeInChromium('learning from corrections', () => {
  const folder = mkdtempSync(join(tmpdir(), 'samus-learn-'));
  const fresh = useContext(useChromium());
  let server: TestServer | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The page with the five images, of a server with a model of these random weights. */
  async function begin(weights: number): Promise<{ annotator: Annotator; window: Locator }> {
    const model = join(folder, `tiny-${weights}`, 'tiny');
    const { config, tensors } = tinyModel(undefined, weights);
    await writeModelFolder(model, { config: serialiseConfig(config), tensors });
    server = await startServer(['--model', model]);
    const annotator = await Annotator.open(fresh.context, server.url);
    await annotator.openImages(...CASES.map(({ file }) => file));
    await annotator.ready();
    return { annotator, window: annotator.page.getByRole('dialog', { name: 'Learn from my corrections' }) };
  }

  const status = (annotator: Annotator): Locator =>
    annotator.page.locator('.status', { hasText: 'Adapted model in use' });

  it('adapts a model, uses it, keeps it over a reload, gives it away and goes back', async () => {
    const { annotator, window } = await begin(GETS_BETTER);
    const { page } = annotator;
    const start = window.getByRole('button', { name: 'Start learning' });

    await annotator.choose(
      'Open masks',
      CASES.slice(0, 4).map(({ label }) => label),
    );
    await annotator.message(/4 objects opened on 4 images/);
    await annotator.press('l');
    await window.getByText('on 1 more image. So far there are 4.').waitFor();
    expect(await start.isDisabled()).toBe(true);
    await annotator.press('Escape');
    await annotator.choose('Open masks', [CASES[4]!.label]);
    await annotator.message(/1 object opened on 1 image/);

    // By keys alone.
    await annotator.press('l');
    await window.getByText('5 images with finished masks').waitFor();
    await start.focus();
    await annotator.press('Enter');
    await window.getByText(/Loss 0\.\d+ · .* left/).waitFor();
    expect(await window.getByRole('button', { name: 'Stop' }).evaluate((one) => one === document.activeElement)).toBe(
      true,
    );
    const verdict = window.getByRole('heading', { name: 'The adapted model is better' });
    await verdict.waitFor();
    await window.getByText('Trained on 3 images; tested on 2 held-out images').waitFor();
    const [before, after] = await window
      .getByRole('row', { name: 'Held-out images' })
      .getByRole('cell')
      .allTextContents();
    expect(Number(after)).toBeGreaterThan(Number(before));
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    expect(await status(annotator).count()).toBe(0);

    await window.getByRole('button', { name: 'Use the adapted model' }).click();
    await status(annotator).waitFor();
    await annotator.press('Escape');
    await annotator.ready();
    await page.mouse.click(...(await annotator.place([64, 64], SIDE, SIDE)));
    await annotator.objects(/Score.*1 click/);

    await page.reload();
    await annotator.ready();
    await status(annotator).waitFor();
    await page.locator('.status', { hasText: /tiny-adapted-\d{8}T\d{6} · in browser/ }).waitFor();

    await annotator.press('l');
    const begun = page.waitForEvent('download');
    await window.getByRole('button', { name: 'Download' }).click();
    const download = await begun;
    expect(download.suggestedFilename()).toMatch(/^tiny-adapted-\d{8}T\d{6}\.zip$/);
    const archive = join(folder, 'model.zip');
    await download.saveAs(archive);
    const name = download.suggestedFilename().replace(/\.zip$/, '');
    const files = unzipSync(await readFile(archive));
    expect(Object.keys(files).sort()).toEqual(
      ['README.md', 'config.json', 'model.safetensors'].map((file) => `${name}/${file}`),
    );
    const card = new TextDecoder().decode(files[`${name}/README.md`]);
    for (const words of [
      'Research use only',
      '3 images with one mask each',
      '2 more images',
      `| 2 | ${before} | ${after} |`,
    ]) {
      expect(card).toContain(words);
    }
    segments(files, name);

    await window.getByRole('button', { name: 'Back to the bundled model' }).click();
    await status(annotator).waitFor({ state: 'detached' });
    await annotator.press('Escape');
    await annotator.ready();
    await page.reload();
    await annotator.ready();
    expect(await status(annotator).count()).toBe(0);
    // It was not thrown away.
    await annotator.press('l');
    await window.getByText('is stored in this browser but not in use').waitFor();
    await annotator.press('Escape');
    page.once('dialog', (question) => void question.accept());
    await page.getByRole('button', { name: 'Delete everything stored' }).click();
    await annotator.message(/were deleted from this browser/);
    await annotator.press('l');
    await window.getByText('So far there are 0.').waitFor();
    expect(await window.getByText('is stored in this browser').count()).toBe(0);
    expect(annotator.failures).toEqual([]);
  });

  it('can be stopped, and keeps the old model where the adapted one is not better', async () => {
    const { annotator, window } = await begin(GETS_WORSE);
    const { page } = annotator;
    await annotator.choose(
      'Open masks',
      CASES.map(({ label }) => label),
    );
    await annotator.message(/5 objects opened/);
    await annotator.press('l');
    await window.getByRole('button', { name: 'Start learning' }).click();
    await window.getByRole('progressbar').waitFor();
    // Leaving would lose the run: the browser asks, and the person stays.
    const asked = page.waitForEvent('dialog');
    void page.close({ runBeforeUnload: true });
    expect((await asked).type()).toBe('beforeunload');
    await (await asked).dismiss();
    await window.getByRole('button', { name: 'Stop' }).click();
    await window.getByRole('progressbar').waitFor({ state: 'detached' });
    await window.getByRole('button', { name: 'Start learning' }).click();
    // It goes on while the person does something else.
    await annotator.press('Escape');
    await annotator.message(/is not better, so tiny stays in use/);
    await annotator.press('l');
    expect(await window.getByRole('button', { name: 'Use the adapted model' }).count()).toBe(0);
    const begun = page.waitForEvent('download');
    await window.getByRole('button', { name: 'Download anyway' }).click();
    expect((await begun).suggestedFilename()).toMatch(/^tiny-adapted-not-better-/);
    expect(annotator.failures).toEqual([]);
    // Nothing runs any more, and nobody is asked.
    const closed = page.waitForEvent('close');
    await page.close({ runBeforeUnload: true });
    await closed;
  });

  /** Has the command line use an unpacked model folder. */
  function segments(files: Readonly<Record<string, Uint8Array>>, name: string): void {
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const picture = join(folder, 'case.png');
    writeFileSync(picture, CASES[0]!.file.buffer);
    const args = [
      'segment',
      '--model',
      join(folder, name),
      picture,
      '--point',
      '64,64',
      '--json',
      '--out',
      join(folder, 'out'),
    ];
    const { status: code, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(name);
  }
});
