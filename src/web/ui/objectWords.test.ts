/**
 * The words for an object: that the model finds none is said in place of its score and of a mask that misses its clicks.
 */
import { describe, expect, it } from 'vitest';
import { addObject, addPoint, emptyDocument, withAnswer } from '../document/edit.js';
import { promptKey } from '../document/promptKey.js';
import { text } from '../text/en.js';
import { maskOf, stateOf } from './objectWords.js';

function answered(absent: boolean) {
  const seed = { id: 'a', name: 'object-1', classId: 1 };
  const document = addPoint(addObject(emptyDocument(2, 2), seed), 'a', [1, 1, 1]);
  const [object] = document.objects;
  const mask = { size: [2, 2] as const, counts: '4' };
  const answer = { mask, score: 0.9, model: 'm', key: promptKey(object!), ...(absent && { absent: true as const }) };
  return withAnswer(document, 'a', answer).objects[0]!;
}

describe('the words for an object', () => {
  it('say that there is none', () => {
    const object = answered(true);
    expect(stateOf(object)).toContain(text.objects.state.absent);
    expect(stateOf(object)).not.toContain(text.objects.state.misses);
    expect(stateOf(object)).not.toContain('Score');
    expect(maskOf(object)).toBe(`object-1, ${text.objects.state.absent}`);
    expect(stateOf(answered(false))).not.toContain(text.objects.state.absent);
  });
});
