import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PromptList } from './promptOptions.js';
import { planJobs, planWithoutPrompts } from './segmentJobs.js';

const [COMPOSED, DECOMPOSED] = ['\u00fc.png', 'u\u0308.png'];

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'samus-jobs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** A prompts file with a click on 1,1 of the first image, 2,2 of the second, and so on. */
function promptsFile(kind: string, names: readonly string[]): string {
  const lines = names.map((name, i) => `${at(name)},lesion,point,"${i + 1},${i + 1}"`);
  const images = names.map((name, i) => ({ image: at(name), objects: [{ points: [[i + 1, i + 1]] }] }));
  writeFileSync(
    at(`prompts.${kind}`),
    kind === 'csv' ? `image,object,kind,values\n${lines.join('\n')}\n` : JSON.stringify({ images }),
  );
  return at(`prompts.${kind}`);
}

/** Paths and the x of their clicks. */
async function planned(images: readonly string[], prompts: string) {
  const plan = await planJobs(images.map(at), new PromptList(), prompts);
  return plan.images.map(({ image, objects }) => [image.path, objects.flatMap(({ points }) => points.map(([x]) => x))]);
}

describe.each(['csv', 'json'])('prompts in a %s file', (kind) => {
  it.each([
    [COMPOSED, DECOMPOSED],
    [DECOMPOSED, COMPOSED],
  ])('go to the image whose name differs in its Unicode normal form only', async (stored, listed) => {
    writeFileSync(at(stored), '');
    const file = promptsFile(kind, [listed]);
    for (const name of [stored, listed]) expect(await planned([name], file)).toEqual([[at(name), [1]]]);
    expect(await planned([stored, listed], file)).toEqual([[at(listed), [1]]]);
  });

  it('keep two images apart whose names differ in nothing else', async () => {
    for (const name of [COMPOSED, DECOMPOSED]) writeFileSync(at(name), name);
    const file = promptsFile(kind, [DECOMPOSED, COMPOSED]);
    const both = [
      [at(COMPOSED), [2]],
      [at(DECOMPOSED), [1]],
    ];
    expect(await planned([COMPOSED, DECOMPOSED], file)).toEqual(both);
    expect(await planned([], file)).toEqual([...both].reverse());
    expect((await planWithoutPrompts([COMPOSED, DECOMPOSED].map(at))).images).toHaveLength(2);
  });
});

it('lines of a CSV that spell the name of one file in two forms are about one image', async () => {
  writeFileSync(at(COMPOSED), '');
  const file = promptsFile('csv', [DECOMPOSED, COMPOSED]);
  expect(await planned([], file)).toEqual([[at(COMPOSED), [1, 2]]]);
});
