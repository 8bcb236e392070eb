import { request } from 'node:http';
import { fastify } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { whileConnected } from './whileConnected.js';

const app = fastify();

afterEach(() => app.close());

it('cancels work for a client that had gone before it began, and for one that goes', async () => {
  const aborted: boolean[] = [];
  let answered = 0;
  const all = new Promise<void>((resolve) => {
    app.post<{ Params: { when: string } }>('/:when', async (incoming, reply) => {
      const gone = new Promise((leave) => reply.raw.once('close', leave));
      client.destroy();
      if (incoming.params.when === 'before') await gone;
      await whileConnected(reply, async (signal) => {
        await gone;
        aborted.push(signal.aborted);
      });
      if (++answered === 2) resolve();
    });
  });
  const url = await app.listen({ port: 0 });
  const send = (path: string) => {
    const sent = request(`${url}/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' } });
    sent.on('error', () => undefined).end('{}');
    return sent;
  };
  let client = send('before');
  await new Promise((resolve) => client.once('close', resolve));
  client = send('during');
  await all;
  expect(aborted).toEqual([true, true]);
});
