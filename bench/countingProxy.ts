/**
 * A proxy between a browser and a server that counts the bytes from the server, headers included, as a network would
 * transfer them. Closing it simulates a lost network. The benchmark and the tests of the page use it.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CountingProxy {
  readonly url: string;
  /** Bytes from the server since the last call. */
  take(): number;
  close(): Promise<void>;
}

/** @param server root URL of the server */
export async function countingProxy(server: string): Promise<CountingProxy> {
  const { port, hostname } = new URL(server);
  const sockets = new Set<Socket>();
  let bytes = 0;
  const proxy = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    upstream.on('data', (part) => {
      bytes += part.length;
    });
    client.pipe(upstream).pipe(client);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    take() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (proxy.listening) {
        proxy.close();
        await once(proxy, 'close');
      }
    },
  };
}
