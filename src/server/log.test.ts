import { expect, it } from 'vitest';
import { plainLine } from './log.js';

const line = (fields: object) =>
  plainLine(JSON.stringify({ level: 30, time: 1.7e12, ...fields })).replace(/^\d\d(:\d\d){2} /, '');

it('a plain log line has the same content as the JSON line', () => {
  const answered = { method: 'GET', route: '/api/v1/images/:id', status: 404, ms: 1.2, msg: 'answered' };
  expect(line(answered)).toBe('GET /api/v1/images/:id 404 1.2 ms\n');
  expect(line({ msg: 'preparing the models, 1 s so far' })).toBe('preparing the models, 1 s so far\n');
  const err = { type: 'TypeError', code: '', message: 'withheld', stack: 'at a (b.js:1:2)' };
  expect(line({ level: 50, reqId: 'req-7', err, msg: 'failed' })).toBe(
    'error: failed: TypeError at a (b.js:1:2) (request req-7)\n',
  );
});
