import { createHash } from 'node:crypto';
import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';

/** What a rule does to a request it applies to. */
export type Fault =
  | '503' | '404' | 'denied' | 'archived' | 'expired' | 'reset'
  | 'stall before headers' | 'stall in body' | 'cut body' | 'short length' | 'flip a bit' | 'trickle' | 'hook';

/** Lets `after` matching requests pass, then acts on `times` (for ever where left out). */
export interface Rule {
  readonly fault: Fault;
  readonly key?: RegExp;
  readonly after?: number;
  readonly times?: number;
  /** For `hook`: runs before the object is read. */
  readonly hook?: () => void;
  /** For `flip a bit`: whether the reply still carries the checksum of the right bytes. */
  readonly checksum?: boolean;
}

export interface LoggedRequest {
  readonly operation: 'get' | 'head' | 'list' | 'other';
  readonly key: string;
  readonly range: string;
  status: number;
}

/** What the server needs to know of a session token. */
export type TokenState = 'valid' | 'expired' | 'unknown';

/** One path-style bucket in memory, which answers as S3 does and fails as it is told. */
export class S3Server {
  readonly objects = new Map<string, Buffer>();
  readonly requests: LoggedRequest[] = [];
  rules: Rule[] = [];
  /** Signatures for another region are refused. */
  region = 'us-west-2';
  /** Added to the clock for `Last-Modified`. */
  modifiedAhead = 0;
  private readonly matched = new Map<Rule, number>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(readonly bucket: string, private readonly tokenState: (token: string) => TokenState) {
    this.server = createServer((request, response) => this.answer(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Keys of the objects that were asked for, in order. */
  keys(): string[] {
    return this.requests.filter((request) => request.operation === 'get').map((request) => request.key);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'http://localhost');
    const [, bucket, ...rest] = url.pathname.split('/');
    const key = decodeURIComponent(rest.join('/'));
    const logged: LoggedRequest = {
      operation: request.method === 'HEAD' ? 'head' : request.method !== 'GET' ? 'other' : key === '' ? 'list' : 'get',
      key,
      range: request.headers.range ?? '',
      status: 0,
    };
    this.requests.push(logged);
    const refuse = (status: number, code: string, message: string) => {
      logged.status = status;
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(request.method === 'HEAD' ? '' : `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>R</RequestId></Error>`);
    };

    const state = this.tokenState(String(request.headers['x-amz-security-token'] ?? ''));
    if (state === 'unknown') return refuse(403, 'AccessDenied', 'Access Denied');
    if (state === 'expired') return refuse(400, 'ExpiredToken', 'The provided token has expired.');
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\/s3\//.exec(String(request.headers.authorization ?? ''))?.[1];
    if (signedFor !== this.region) {
      return refuse(400, 'AuthorizationHeaderMalformed', `The authorization header is malformed; the region '${signedFor}' is wrong; expecting '${this.region}'`);
    }
    if (bucket !== this.bucket) return refuse(404, 'NoSuchBucket', 'The specified bucket does not exist');
    if (logged.operation === 'list') return this.list(url, response, logged);

    const rule = this.applying(logged);
    switch (rule?.fault) {
      case '503': return refuse(503, 'SlowDown', 'Please reduce your request rate.');
      case '404': return refuse(404, 'NoSuchKey', 'The specified key does not exist.');
      case 'denied': return refuse(403, 'AccessDenied', 'Access Denied');
      case 'archived': return refuse(403, 'InvalidObjectState', 'The operation is not valid for the object\'s storage class');
      case 'expired': return refuse(400, 'ExpiredToken', 'The provided token has expired.');
      case 'reset': return void request.socket.destroy();
      case 'stall before headers': return undefined;
      case 'hook': rule.hook!(); break;
    }
    const object = this.objects.get(key);
    // A reader without s3:ListBucket is not told whether a key exists.
    if (!object) return refuse(403, 'AccessDenied', 'Access Denied');
    if (request.headers['if-match'] && request.headers['if-match'] !== etag(object)) return refuse(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
    this.send(object, request, response, logged, rule);
  }

  private applying(request: LoggedRequest): Rule | undefined {
    if (request.operation !== 'get') return undefined;
    for (const rule of this.rules) {
      if (rule.key && !rule.key.test(request.key)) continue;
      const seen = (this.matched.get(rule) ?? 0) + 1;
      this.matched.set(rule, seen);
      if (seen > (rule.after ?? 0) && seen <= (rule.after ?? 0) + (rule.times ?? Infinity)) return rule;
    }
    return undefined;
  }

  private send(object: Buffer, request: IncomingMessage, response: ServerResponse, logged: LoggedRequest, rule?: Rule): void {
    const asked = /^bytes=(\d+)-(\d*)$/.exec(logged.range);
    const from = asked ? Number(asked[1]) : 0;
    if (asked && from >= object.length) {
      logged.status = 416;
      response.writeHead(416, { 'content-type': 'application/xml' });
      return void response.end('<Error><Code>InvalidRange</Code><Message>The requested range is not satisfiable</Message></Error>');
    }
    const to = Math.min(asked && asked[2] ? Number(asked[2]) : Infinity, object.length - 1);
    let body = object.subarray(from, to + 1);
    const partial = asked !== null;
    logged.status = partial ? 206 : 200;
    const headers: Record<string, string> = {
      'content-length': String(rule?.fault === 'short length' ? half(body) : body.length),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      'etag': etag(object),
      'last-modified': new Date(Date.now() + this.modifiedAhead).toUTCString(),
    };
    if (partial) headers['content-range'] = `bytes ${from}-${to}/${object.length}`;
    if (request.headers['x-amz-checksum-mode'] && body.length === object.length && rule?.checksum !== false) {
      headers['x-amz-checksum-sha256'] = createHash('sha256').update(object).digest('base64');
    }
    if (rule?.fault === 'flip a bit') {
      body = Buffer.from(body);
      body[half(body)] += body[half(body)] % 2 === 0 ? 1 : -1;
    }
    response.writeHead(logged.status, headers);
    if (request.method === 'HEAD') return void response.end();
    const firstHalf = body.subarray(0, half(body));
    switch (rule?.fault) {
      case 'stall in body': return void response.write(firstHalf);
      case 'cut body': return void response.write(firstHalf, () => setTimeout(() => response.destroy(), 10));
      case 'short length': return void response.end(firstHalf);
      case 'trickle': return trickle(body, response);
      default: return void response.end(body);
    }
  }

  private list(url: URL, response: ServerResponse, logged: LoggedRequest): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const entries = [...this.objects].filter(([key]) => key.startsWith(prefix))
      .map(([key, object]) => `<Contents><Key>${key}</Key><Size>${object.length}</Size><ETag>${etag(object)}</ETag><LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>`);
    logged.status = 200;
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><KeyCount>${entries.length}</KeyCount><IsTruncated>false</IsTruncated>${entries.join('')}</ListBucketResult>`);
  }
}

const half = (body: Buffer) => Math.floor(body.length / 2);

function etag(object: Buffer): string {
  return `"${createHash('md5').update(object).digest('hex')}"`;
}

/** Sixteen KiB ten times a second: never a stall, never done in time. */
function trickle(body: Buffer, response: ServerResponse): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent += 16384));
    if (sent < body.length) return;
    clearInterval(timer);
    response.end();
  }, 100);
  response.on('close', () => clearInterval(timer));
}
