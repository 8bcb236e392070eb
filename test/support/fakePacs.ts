/** A server in place of a PACS that answers as a test wants it to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach } from 'vitest';

export interface FakePacs {
  readonly url: string;
  /** What was asked, in order: method and path. */
  readonly asked: string[];
  /** Headers and body of each. */
  readonly received: { readonly headers: IncomingMessage['headers']; readonly body: Buffer }[];
}

export type Answering = (response: ServerResponse, nth: number, request: IncomingMessage) => void;

const ends = new Set<() => void>();

afterEach(() => {
  for (const end of ends) end();
  ends.clear();
});

/** Ends after the test. @param answer called when the request is complete */
export function fakePacs(answer: Answering): Promise<FakePacs> {
  const asked: string[] = [];
  const received: FakePacs['received'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}`);
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      answer(response, asked.length, request);
    });
  });
  ends.add(() => {
    server.closeAllConnections();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      resolve({ url: `http://127.0.0.1:${port}/dicom-web`, asked, received });
    });
  });
}

export const MULTIPART = 'multipart/related; type="application/dicom"; boundary=';

/** A complete answer with one part. */
export function sendPart(response: ServerResponse, bytes: Uint8Array | string, boundary = 'b', named = boundary): void {
  response.writeHead(200, { 'content-type': MULTIPART + named });
  response.write(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`);
  response.write(bytes);
  response.end(`\r\n--${boundary}--\r\n`);
}

export function sendJson(response: ServerResponse, document: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/dicom+json' });
  response.end(JSON.stringify(document));
}

/** An element of DICOM JSON. */
export const dicomJson = (vr: string, ...values: readonly unknown[]) => ({ vr, Value: values });
