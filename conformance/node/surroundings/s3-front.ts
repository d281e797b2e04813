import { Agent, IncomingMessage, request as call, ServerResponse } from 'node:http';
import { createServer, Server } from 'node:https';
import { Transform } from 'node:stream';
import { Certificate } from './authority';
import { SecurityTokenService } from './security-token-service';
import { Sessions } from './sessions';

/** What a request asks for. */
export type RequestKind = 'get' | 'head' | 'list' | 'write' | 'sts' | 'refused';

export interface S3FrontProps {
  readonly certificate: Certificate;
  readonly sessions: Sessions;
  /** Port on loopback of the server that has the objects. */
  readonly upstream: number;
  readonly region: string;
}

/**
 * Stands where the pods look for AWS: ends TLS and passes what is asked, with its Host and path, so with its signature, to the S3 server. Does what that server
 * doesn't: takes session tokens of this run alone, and lets them read objects and nothing else.
 */
export class S3Front {
  /** How many requests came, by kind. */
  readonly counts: Record<RequestKind, number> = { get: 0, head: 0, list: 0, write: 0, sts: 0, refused: 0 };
  /** What was asked for, in order: `<method> <host><path>`. */
  readonly asked: string[] = [];
  /** Answers to a path like this have a bit flipped. */
  damaged?: RegExp;
  private held?: { path: string; promise: Promise<void>; release: () => void };
  private readonly tokens: SecurityTokenService;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server: Server;

  constructor(private readonly props: S3FrontProps) {
    this.tokens = new SecurityTokenService(props.sessions);
    const { certificate: cert, key } = props.certificate;
    this.server = createServer({ cert, key }, (request, response) => void this.serve(request, response));
  }

  start(address: string, port = 443): Promise<void> {
    return new Promise((resolve, reject) => this.server.once('error', reject).listen(port, address, resolve));
  }

  async stop(): Promise<void> {
    this.release();
    this.server.closeAllConnections();
    this.agent.destroy();
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Answers nothing below a path until `release`: what is under way goes on, what comes waits. */
  hold(path: string): void {
    if (this.held !== undefined) return;
    let release = () => {};
    this.held = { path, promise: new Promise<void>(resolve => { release = resolve; }), release };
  }

  release(): void {
    this.held?.release();
    this.held = undefined;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const kind = this.kind(request);
    this.counts[kind]++;
    this.asked.push(`${request.method} ${request.headers.host}${request.url}`);
    if (this.held !== undefined && request.url!.includes(this.held.path)) await this.held.promise;
    if (kind === 'sts') return this.tokens.serve(request, response);
    const refusal = this.refusal(kind, request.headers['x-amz-security-token'] as string | undefined);
    if (refusal === undefined) return this.pass(request, response);
    this.counts.refused++;
    request.resume();
    refuse(response, ...refusal);
  }

  private kind({ method, headers, url }: IncomingMessage): RequestKind {
    if (headers.host === `sts.${this.props.region}.amazonaws.com`) return 'sts';
    if (method !== 'GET' && method !== 'HEAD') return 'write';
    const [path, query = ''] = url!.split('?');
    const onBucket = headers.host === `s3.${this.props.region}.amazonaws.com` ? path.split('/').filter(part => part !== '').length < 2 : path === '/';
    return onBucket || /(^|&)(list-type|prefix|versions|uploads)(=|&|$)/.test(query) ? 'list' : method === 'HEAD' ? 'head' : 'get';
  }

  private refusal(kind: RequestKind, token: string | undefined): [number, string, string] | undefined {
    if (token === undefined) return [403, 'AccessDenied', 'Access Denied'];
    const state = this.props.sessions.state(token);
    if (state === 'expired') return [400, 'ExpiredToken', 'The provided token has expired.'];
    if (state === 'unknown') return [400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.'];
    return kind === 'get' || kind === 'head' ? undefined : [403, 'AccessDenied', 'Access Denied'];
  }

  private pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, rawHeaders } = request;
    const options = { host: '127.0.0.1', port: this.props.upstream, method, path, headers: rawHeaders as unknown as NodeJS.Dict<string>, setHost: false, agent: this.agent };
    const upstream = call(options, answer => {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      (this.damaged?.test(path!) ? answer.pipe(flipped()) : answer).pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }
}

/** The names that its certificate must be for. */
export function frontNames(region: string): string[] {
  return [`s3.${region}.amazonaws.com`, `*.s3.${region}.amazonaws.com`, `sts.${region}.amazonaws.com`];
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** Passes bytes on, with one bit of the first one flipped. */
function flipped(): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (first && chunk.length > 0) {
        chunk[0] = chunk[0] % 2 === 0 ? chunk[0] + 1 : chunk[0] - 1;
        first = false;
      }
      done(null, chunk);
    },
  });
}
