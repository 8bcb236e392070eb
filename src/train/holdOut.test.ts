import { describe, expect, it } from 'vitest';
import { SampleList } from '../data/sampleList.js';
import { holdOut } from './holdOut.js';

const LINES = ['1/A/n3', '2/A/n3', '1/A/n1', '1/A/n2', '1/A/n4', '1/B/m1', '1/B/m2'];

describe('holdOut', () => {
  it('takes the images that come last by name, with all their classes, out of every dataset', () => {
    const { train, held } = holdOut(SampleList.parse([{ name: 'train', text: LINES.join('\n') }]), 0.5);
    const names = (list: SampleList) => [...list].map(({ dataset, name, classId }) => `${classId}/${dataset}/${name}`);
    expect(names(held)).toEqual(['1/A/n3', '2/A/n3', '1/A/n4', '1/B/m2']);
    expect(names(train)).toEqual(['1/A/n1', '1/A/n2', '1/B/m1']);
  });

  it('leaves something to train on', () => {
    const single = SampleList.parse([{ name: 'train', text: '1/A/n1' }]);
    expect(() => holdOut(single, 0.1)).toThrow(expect.objectContaining({ code: 'TRAIN_HOLD_OUT' }));
  });
});
