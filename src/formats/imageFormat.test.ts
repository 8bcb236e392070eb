import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fileFormats, isNamedAs, readFormats, sniffFormat, titles } from './imageFormat.js';

const page = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').replace(/\s+/g, ' ');

describe('the table of formats', () => {
  it('has each id, extension and signature once', () => {
    const signatures = fileFormats().flatMap((format) => format.signatures.map((one) => JSON.stringify(one)));
    const extensions = fileFormats().flatMap((format) => format.extensions);
    for (const all of [fileFormats().map(({ id }) => id), extensions, signatures]) {
      expect(new Set(all).size).toBe(all.length);
    }
  });

  it('names what is read in the documentation', () => {
    expect(page('README.md')).toContain(titles(readFormats('node'), 'or'));
    expect(page('docs/serve.md')).toContain(titles(readFormats('node'), 'or'));
    const volumes = fileFormats().filter(({ kind }) => kind === 'volume');
    expect(page('docs/cli.md')).toContain(titles([...readFormats('node'), ...volumes], 'or'));
    expect(page('docs/annotate.md')).toContain(`The page opens ${titles(readFormats('page'), 'and')}`);
  });

  it('knows files by their first bytes, images by their names where a folder is searched', () => {
    const start = (text: string): string | undefined =>
      sniffFormat(Uint8Array.from(text, (character) => character.charCodeAt(0)))?.id;
    expect(['RIFF\0\0\0\0WEBP', 'RIFF\0\0\0\0AVI ', 'II*\0', 'II+\0', '\x1aE\xdf\xa3', 'text'].map(start)).toEqual([
      ...['webp', 'avi', 'tiff', 'tiff', 'matroska', undefined],
    ]);
    const names = ['a.PNG', 'a.jpeg', 'b.tif', 'c.dcm', 'd.nii.gz', 'png', 'a.png.txt'];
    expect(names.filter((name) => isNamedAs(readFormats('node'), name))).toEqual(['a.PNG', 'a.jpeg', 'b.tif', 'c.dcm']);
  });
});
