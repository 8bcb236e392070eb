import { describe, expect, it } from 'vitest';
import { dicomImage } from '../../../test/support/dicomImages.js';
import { SNIFF_BYTES } from '../imageFormat.js';
import { kindOfClass, kindOfHead } from './objectKind.js';

const STORAGE = '1.2.840.10008.5.1.4.1.1';

describe('the kind of a DICOM object', () => {
  it.each([
    ['ultrasound', `${STORAGE}.6.1`, 'image'],
    ['ultrasound with frames', `${STORAGE}.3.1`, 'image'],
    ['ultrasound, retired', `${STORAGE}.6`, 'image'],
    ['enhanced ultrasound volume', `${STORAGE}.6.2`, 'image'],
    ['secondary capture', `${STORAGE}.7`, 'image'],
    ['RGB secondary capture with frames', `${STORAGE}.7.4`, 'image'],
    ['magnetic resonance', `${STORAGE}.4`, 'image'],
    ['enhanced magnetic resonance', `${STORAGE}.4.1`, 'image'],
    ['microscopy', `${STORAGE}.77.1.6`, 'image'],
    ['parametric map', `${STORAGE}.30`, 'image'],
    ['optical coherence tomography', `${STORAGE}.77.1.5.4`, 'image'],
    ['radiotherapy image', `${STORAGE}.481.1`, 'image'],
    ['enhanced radiotherapy image', `${STORAGE}.481.23`, 'image'],
    ['of a manufacturer', '1.2.840.113543.6.6.1.3.10002', 'image'],
    ['segmentation', `${STORAGE}.66.4`, 'segmentation'],
    ['label map', `${STORAGE}.66.7`, 'segmentation'],
    ['surface segmentation', `${STORAGE}.66.5`, 'other'],
    ['raw data', `${STORAGE}.66`, 'other'],
    ['spectrum', `${STORAGE}.4.2`, 'other'],
    ['electrocardiogram', `${STORAGE}.9.1.1`, 'other'],
    ['presentation state', `${STORAGE}.11.1`, 'other'],
    ['report', `${STORAGE}.88.33`, 'other'],
    ['key objects', `${STORAGE}.88.59`, 'other'],
    ['PDF', `${STORAGE}.104.1`, 'other'],
    ['structures of radiotherapy', `${STORAGE}.481.3`, 'other'],
    ['plan of radiotherapy', `${STORAGE}.481.10`, 'other'],
    ['hanging protocol', '1.2.840.10008.5.1.4.38.1', 'other'],
    ['directory', '1.2.840.10008.1.3.10', 'directory'],
    ['none', undefined, 'image'],
  ] as const)('%s', (_, sopClass, kind) => {
    expect(kindOfClass(sopClass)).toBe(kind);
    const bytes = dicomImage(sopClass === undefined ? {} : { elements: [[0x0008_0016, sopClass]] });
    expect(kindOfHead(bytes.subarray(0, SNIFF_BYTES))).toBe(kind);
    // Without preamble and meta information.
    const bare = bytes.subarray(Buffer.from(bytes).indexOf(Buffer.from([8, 0, 0x16, 0])));
    if (sopClass !== undefined) expect(kindOfHead(bare.subarray(0, SNIFF_BYTES))).toBe(kind);
  });

  it('is none for other files', () => {
    expect(kindOfHead(new TextEncoder().encode(`${STORAGE}.88.33`))).toBeUndefined();
    expect(kindOfHead(new Uint8Array())).toBeUndefined();
  });
});
