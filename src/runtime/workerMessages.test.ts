import { expect, it } from 'vitest';
import { SamusError } from '../errors.js';
import { packError, unpackError } from './workerMessages.js';

const passed = (error: unknown): Error => unpackError(structuredClone(packError(error)));

it('errors keep what they are known by on their way between threads', () => {
  const coded = new SamusError('IMAGE_CORRUPT', 'a was expected', 'mend it', { image: 'a.png' });
  expect(passed(coded)).toEqual(coded);
  const system = passed(Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' }));
  expect(system).toMatchObject({ code: 'EISDIR', message: 'EISDIR: illegal operation on a directory, read' });
  expect(passed(new TypeError('x is not a function')).message).toMatch(/TypeError: x is not a function\n +at /);
});
