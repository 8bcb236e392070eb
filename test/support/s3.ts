/**
 * A store that speaks as much of S3 as samus uses, in this process: it checks signatures (AWS Signature Version 4, by the
 * steps of its documentation) and the SHA-256 of what it gets.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const [KEY, SECRET, REGION] = ['test-key', 'test-secret/with+signs', 'eu-test-1'];

export interface S3ForTests {
  /** The environment of a program that uses it. */
  readonly env: Readonly<Record<string, string>>;
  /** Contents by `/bucket/key`. */
  readonly objects: Map<string, Buffer>;
  /** Called for each request that puts an object; a status is answered in place of doing it, `cut` ends the connection. */
  fail: (path: string) => { readonly status: number; readonly code: string } | 'cut' | undefined;
  stop(): Promise<void>;
}

export async function startS3(bucket: string): Promise<S3ForTests> {
  const store: Omit<S3ForTests, 'env' | 'stop'> = { objects: new Map(), fail: () => undefined };
  const server = createServer((request, response) => void answer(request, response, bucket, store));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return Object.assign(store, {
    env: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: KEY,
      AWS_SECRET_ACCESS_KEY: SECRET,
      AWS_REGION: REGION,
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  bucket: string,
  { objects, fail }: Pick<S3ForTests, 'objects' | 'fail'>,
): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const path = decodeURIComponent(request.url ?? '');
  const refuse = (status: number, code: string): void => {
    response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
  };
  if (!isSigned(request)) return refuse(403, 'SignatureDoesNotMatch');
  if (path.split('/')[1] !== bucket) return refuse(404, 'NoSuchBucket');
  if (request.method === 'PUT') {
    const failure = fail(path);
    if (failure === 'cut') {
      request.socket.destroy();
      return;
    }
    if (failure) return refuse(failure.status, failure.code);
    const hash = createHash('sha256').update(body).digest('hex');
    if (request.headers['x-amz-content-sha256'] !== hash) return refuse(400, 'XAmzContentSHA256Mismatch');
    if (request.headers['content-length'] === undefined) return refuse(411, 'MissingContentLength');
    objects.set(path, body);
    response.end();
    return;
  }
  const found = objects.get(path);
  if (found) response.end(found);
  else refuse(404, 'NoSuchKey');
}

function isSigned({ headers, method = '', url = '' }: IncomingMessage): boolean {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/;
  const [, key, day = '', region = '', signed = '', signature] = pattern.exec(headers.authorization ?? '') ?? [];
  if (key !== KEY || region !== REGION) return false;
  const lines = signed.split(';').map((name) => `${name}:${headers[name]}\n`);
  const canonical = [method, url, '', lines.join(''), signed, headers['x-amz-content-sha256']].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hash].join('\n');
  const hmac = (by: string | Buffer, what: string): Buffer => createHmac('sha256', by).update(what).digest();
  const signing = hmac(hmac(hmac(hmac(`AWS4${SECRET}`, day), region), 's3'), 'aws4_request');
  return createHmac('sha256', signing).update(text).digest('hex') === signature;
}
