import { createHash } from 'node:crypto';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';

/** What becomes of requests for a file. */
export interface HubFault {
  /** `stall` sends the headers alone; `cut` and `flip` act on the body; `no ranges` answers all of it; `other` answers with another ETag. */
  readonly fault: number | 'cut' | 'flip' | 'stall' | 'no ranges' | 'other';
  readonly path: string;
  /** Lets that many matching requests pass first; those that an earlier rule acted on don't count. */
  readonly after?: number;
  readonly times?: number;
  readonly headers?: { readonly [name: string]: string };
}

export interface HubRequest {
  /** Which of the two servers was asked. */
  readonly at: 'hub' | 'cdn';
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A repository behind the API of Hugging Face; files of the LFS come from another server, as there. */
export class HubServer {
  readonly files = new Map<string, { readonly content: Buffer; readonly oid: string; readonly sha256?: string }>();
  readonly requests: HubRequest[] = [];
  faults: HubFault[] = [];
  /** Without it, nobody is let in. */
  token?: string;
  gated = false;
  cardData?: { readonly [key: string]: unknown };
  pageSize = 2;
  /** What a listing ends with, in place of a further page. */
  link?: string;
  private readonly matched = new Map<HubFault, number>();
  private readonly sockets = new Set<Socket>();
  private readonly hub = this.server('hub');
  private readonly cdn = this.server('cdn');

  constructor(readonly repo: string, readonly commit: string) {}

  async start(): Promise<this> {
    await Promise.all([this.hub, this.cdn].map(server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))));
    return this;
  }

  async stop(): Promise<void> {
    this.sockets.forEach(socket => socket.destroy());
    await Promise.all([this.hub, this.cdn].map(server => new Promise(resolve => server.close(resolve))));
  }

  get endpoint(): string {
    return addressOf(this.hub);
  }

  put(path: string, content: string | Buffer, lfs = false) {
    const bytes = Buffer.from(content);
    this.files.set(path, { content: bytes, oid: blobOf(lfs ? pointerOf(bytes) : bytes), ...lfs ? { sha256: sha256(bytes) } : {} });
  }

  /** Ranges that were asked for, of a file. */
  ranges(path: string): string[] {
    return this.requests.filter(request => request.path === path && request.headers.range).map(({ headers }) => headers.range!);
  }

  private server(at: 'hub' | 'cdn'): Server {
    const server = createServer((request, response) => this.answer(at, request, response));
    return server.on('connection', socket => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    });
  }

  private answer(at: 'hub' | 'cdn', request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, this.endpoint);
    const resolve = `/${this.repo}/resolve/${this.commit}/`;
    const path = at === 'cdn' ? decodeURIComponent(url.pathname.slice(1)) : url.pathname.startsWith(resolve) ? decodeURIComponent(url.pathname.slice(resolve.length)) : url.pathname;
    this.requests.push({ at, path, headers: request.headers });
    const refuse = (status: number, code: string) => void response.writeHead(status, { 'x-error-code': code }).end('{"error":"no"}');
    if (at === 'cdn') return this.send(path, request, response);
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) return refuse(401, 'RepoNotFound');
    if (this.gated) return refuse(403, 'GatedRepo');
    const api = `/api/models/${this.repo}`;
    if (url.pathname === `${api}/tree/${this.commit}`) return this.list(url, response);
    if (url.pathname === `${api}/revision/${this.commit}`) return void response.end(JSON.stringify({ sha: this.commit, cardData: this.cardData }));
    if (url.pathname.startsWith(`${api}/`)) return refuse(404, 'RevisionNotFound');
    const file = this.files.get(path);
    if (!file) return refuse(url.pathname.startsWith(`/${this.repo}/`) ? 404 : 401, 'EntryNotFound');
    if (file.sha256) return void response.writeHead(302, { location: `${addressOf(this.cdn)}/${encodeURIComponent(path)}` }).end();
    return this.send(path, request, response);
  }

  private list(url: URL, response: ServerResponse) {
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const entries = [{ type: 'directory', oid: '0'.repeat(40), size: 0, path: 'sub' }, ...[...this.files].map(([path, file]) => ({
      type: 'file', path, size: file.content.length, oid: file.oid, ...file.sha256 ? { lfs: { oid: file.sha256, size: file.content.length, pointerSize: 130 } } : {},
    }))];
    url.searchParams.set('cursor', String(start + this.pageSize));
    const link = start + this.pageSize < entries.length ? url.href : this.link;
    response.writeHead(200, { 'content-type': 'application/json', ...link ? { link: `<${link}>; rel="next"` } : {} });
    response.end(JSON.stringify(entries.slice(start, start + this.pageSize)));
  }

  private send(path: string, request: IncomingMessage, response: ServerResponse) {
    const rule = this.applying(path);
    if (typeof rule?.fault === 'number') return void response.writeHead(rule.fault, { ...rule.headers }).end();
    const { content, oid } = this.files.get(path)!;
    const range = rule?.fault === 'no ranges' ? null : /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [start, end] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, content.length];
    const body = Buffer.from(content.subarray(start, end));
    if (rule?.fault === 'flip') body[0] += 1;
    response.writeHead(range ? 206 : 200, {
      'etag': rule?.fault === 'other' ? '"other"' : `"${oid}"`, 'content-length': body.length, ...range ? { 'content-range': `bytes ${start}-${end - 1}/${content.length}` } : {},
    });
    if (rule?.fault === 'stall') return response.flushHeaders();
    if (rule?.fault === 'cut') return void response.write(body.subarray(0, body.length / 2), () => setTimeout(() => request.socket.destroy(), 20));
    response.end(body);
  }

  private applying(path: string): HubFault | undefined {
    for (const rule of this.faults) {
      if (rule.path !== path) continue;
      const seen = (this.matched.get(rule) ?? 0) + 1;
      this.matched.set(rule, seen);
      if (seen > (rule.after ?? 0) && seen <= (rule.after ?? 0) + (rule.times ?? Infinity)) return rule;
    }
    return undefined;
  }
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What `git hash-object` prints. */
function blobOf(content: Buffer): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

function pointerOf(content: Buffer): Buffer {
  return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${content.length}\n`);
}
