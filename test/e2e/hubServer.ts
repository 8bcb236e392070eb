/**
 * A server with the routes of the Hugging Face hub that pulling and pushing a model use, on a port of this machine. It
 * keeps commits in memory, stores large files by git LFS's protocol, and can fail on purpose.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TOKEN = 'hf_secret';

interface Commit {
  readonly id: string;
  readonly title: string;
  readonly files: ReadonlyMap<string, Buffer>;
}

interface Repository {
  readonly visibility: string;
  readonly commits: Commit[];
  readonly branches: Map<string, string>;
}

export class HubServer {
  readonly repositories = new Map<string, Repository>();
  /** Every request: method and path. */
  readonly requests: string[] = [];
  /** Ranges of the downloads of the weights. */
  readonly ranges: string[] = [];
  /** Ends downloads of more bytes than this after so many, as often as `cuts` says. */
  cutAfter = Number.POSITIVE_INFINITY;
  cuts = 0;
  /** Answers downloads with other bytes than the listed ones. */
  spoiled = false;
  /** Answers every request with this status. */
  status = 0;
  /** Answers instead of the commit, and of the hash of large files. */
  hostile: { readonly sha?: string; readonly hash?: string } = {};
  readonly #uploads = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });

  async start(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Adds a commit to a branch. @returns its id */
  commit(repo: string, files: Readonly<Record<string, Buffer>>, branch = 'main', title = 'files'): string {
    const known: Repository = this.repositories.get(repo) ?? { visibility: 'public', commits: [], branches: new Map() };
    this.repositories.set(repo, known);
    const before = known.commits.find(({ id }) => id === known.branches.get(branch))?.files ?? new Map();
    const id = randomBytes(20).toString('hex');
    known.commits.push({ id, title, files: new Map([...before, ...Object.entries(files)]) });
    known.branches.set(branch, id);
    return id;
  }

  file(repo: string, path: string, branch = 'main'): string {
    const { commits, branches } = this.repositories.get(repo)!;
    return commits
      .find(({ id }) => id === branches.get(branch))!
      .files.get(path)!
      .toString();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.url);
    const path = decodeURIComponent(url.pathname);
    this.requests.push(`${request.method} ${path}`);
    const json = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    };
    if (this.status > 0) return json({ error: 'not now' }, this.status);
    const body = await bodyOf(request);
    const writes = request.method !== 'GET' && !path.endsWith('/upload');
    if (writes && request.headers.authorization !== `Bearer ${TOKEN}`) return json({ error: 'no access' }, 401);

    const [, upload] = /^\/lfs\/([0-9a-f]{64})\/upload$/.exec(path) ?? [];
    if (upload !== undefined) {
      if (sha256(body) !== upload) return json({ error: 'wrong hash' }, 400);
      this.#uploads.set(upload, body);
      return json({});
    }
    if (path === '/api/repos/create') {
      const { organization, name, visibility } = JSON.parse(body.toString());
      this.repositories.set(`${organization}/${name}`, { visibility, commits: [], branches: new Map() });
      return json({ url: `${this.url}/${organization}/${name}`, id: `${organization}/${name}` });
    }
    const [, batch] = /^\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/.exec(path) ?? [];
    if (batch !== undefined) {
      const { objects } = JSON.parse(body.toString());
      const actions = (oid: string) => ({ upload: { href: `${this.url}/lfs/${oid}/upload`, header: {} } });
      return json({
        transfer: 'basic',
        objects: objects.map(({ oid, size }: { oid: string; size: number }) => ({ oid, size, actions: actions(oid) })),
      });
    }
    const [, repo = '', route = ''] =
      /^\/api\/models\/([^/]+\/[^/]+)(\/.*)?$/.exec(path) ?? /^\/([^/]+\/[^/]+)(\/resolve\/.*)$/.exec(path) ?? [];
    const known = this.repositories.get(repo);
    if (!known) return json({ error: 'Repository not found' }, 404);
    const commitOf = (revision: string) =>
      known.commits.find(({ id }) => id === (known.branches.get(revision) ?? revision));

    const [, kind = '', rest = ''] = /^\/(\w+)\/(.+)$/.exec(route) ?? [];
    if (route === '') return json({ id: repo, sha: commitOf('main')?.id });
    if (kind === 'revision') {
      const commit = commitOf(rest);
      return commit ? json({ id: repo, sha: this.hostile.sha ?? commit.id }) : json({ error: 'Invalid rev id' }, 404);
    }
    if (kind === 'branch') {
      if (known.branches.has(rest)) return json({ error: 'exists' }, 409);
      known.branches.set(rest, known.branches.get('main') ?? '');
      return json({});
    }
    if (kind === 'preupload') {
      const { files } = JSON.parse(body.toString());
      const mode = (name: string) => (name.endsWith('.safetensors') ? 'lfs' : 'regular');
      return json({ files: files.map((one: { path: string }) => ({ path: one.path, uploadMode: mode(one.path) })) });
    }
    if (kind === 'commit') {
      const lines = body
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const files: Record<string, Buffer> = {};
      for (const { key, value } of lines) {
        if (key === 'file') files[value.path] = Buffer.from(value.content, 'base64');
        if (key === 'lfsFile') files[value.path] = this.#uploads.get(value.oid)!;
      }
      const id = this.commit(repo, files, rest, lines.find(({ key }) => key === 'header').value.summary);
      return json({ commitOid: id, commitUrl: `${this.url}/${repo}/commit/${id}`, hookOutput: '' });
    }
    if (kind === 'tree') {
      const files = commitOf(rest)?.files;
      if (!files) return json({ error: 'Invalid rev id' }, 404);
      return json([...files].map(([name, data]) => entryOf(name, data, this.hostile.hash)));
    }
    if (kind === 'resolve')
      return this.#send(
        request,
        response,
        commitOf(rest.split('/')[0]!)?.files.get(rest.split('/').slice(1).join('/')),
      );
    return json({ error: `no route ${path}` }, 404);
  }

  #send(request: IncomingMessage, response: ServerResponse, stored: Buffer | undefined): void {
    if (!stored) {
      response.writeHead(404, { 'X-Error-Code': 'EntryNotFound' }).end();
      return;
    }
    const data = this.spoiled ? Buffer.from(stored.map((byte) => byte ^ 1)) : stored;
    const range = request.headers.range ?? `bytes=0-${data.length - 1}`;
    const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
    const part = data.subarray(Number(from), to === '' ? data.length : Number(to) + 1);
    response.writeHead(206, {
      ETag: `"${sha256(stored)}"`,
      'Content-Length': part.length,
      'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${data.length}`,
    });
    if (part.length > 1000) this.ranges.push(range);
    if (part.length <= this.cutAfter || this.cuts === 0) {
      response.end(part);
      return;
    }
    this.cuts--;
    response.write(part.subarray(0, this.cutAfter), () => response.destroy());
  }
}

function entryOf(path: string, data: Buffer, oid = sha256(data)) {
  const git = createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
  const large = path.endsWith('.safetensors') && { lfs: { oid, size: data.length, pointerSize: 130 } };
  return { type: 'file', path, size: data.length, oid: git, ...large };
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
