import { describe, expect, it } from 'vitest';
import { createImage } from '../formats/image.js';
import { sampleSvg } from './sampleSvg.js';

describe('the picture of a validation sample', () => {
  const picture = {
    title: 'A & B/1, cyst',
    dice: 0.875,
    image: createImage(4, 2, 1, new Uint8Array(8)),
    truth: Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0),
    found: new Uint8Array(8),
    click: [1, 0, 1] as const,
  };

  it('shows outlines, click, legend and Dice', () => {
    const svg = sampleSvg(picture, 'data:image/png;base64,AA==');
    expect(svg).toContain('A &amp; B/1, cyst');
    for (const text of ['Dice 0.875', '>label<', '>prediction<', '>click<', 'd="M3 0v1h-2v-1h2z"', 'd=""']) {
      expect(svg).toContain(text);
    }
    // The centre of pixel 1, 0 on a picture that is 128 times as large.
    expect(svg).toContain('<circle cx="192" cy="64" r="5" fill="#ffffff"');
    expect(sampleSvg({ ...picture, click: [1, 0, 0] }, '')).toContain('fill="#e5484d"');
  });
});
