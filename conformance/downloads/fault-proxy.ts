import { Agent, createServer, IncomingMessage, request, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';

/** What a request asks of an S3 server. */
export type Operation = 'get' | 'head' | 'list' | 'other';

/** A request on its way, and the answer that its client waits for. */
export interface Exchange {
  readonly operation: Operation;
  /** The object's key below the prefix; empty for a list. */
  readonly object: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What the server answers, as a whole. */
  ask(): Promise<Answer>;
  /** Nobody listens from now on, and every connection ends. */
  close(): void;
}

/** An answer in full. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Answers in the server's place. */
export type Effect = (exchange: Exchange) => void | Promise<void>;

/** Which requests have an effect: `after` so many that match, the next `times`. */
export interface Rule {
  readonly effect: Effect;
  /** @default - `get` */
  readonly operations?: readonly Operation[];
  /** Keys below the prefix. @default - all */
  readonly objects?: readonly string[];
  /** @default 0 */
  readonly after?: number;
  /** @default - for ever */
  readonly times?: number;
}

/** Stands before an S3 server and leaves Host and path as they are, so that signatures stay valid. */
export class FaultProxy {
  static async start(upstream: number, prefix: string, rules: readonly Rule[]): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream, prefix, rules);
    await new Promise<void>(resolve => proxy.server.listen(0, '127.0.0.1', resolve));
    proxy.port = (proxy.server.address() as AddressInfo).port;
    return proxy;
  }

  /** How many requests a rule acted on. */
  acted = 0;
  /** Why a rule could not act as it is meant to: its client saw another fault. */
  readonly broken: string[] = [];
  /** How many of each operation came. */
  readonly asked: Record<Operation, number> = { get: 0, head: 0, list: 0, other: 0 };
  private port = 0;
  private closed = false;
  private readonly matched = new Map<Rule, number>();
  private readonly sockets = new Set<Socket>();
  private readonly agent = new Agent({ keepAlive: true });
  private readonly server: Server;

  private constructor(private readonly upstream: number, private readonly prefix: string, private readonly rules: readonly Rule[]) {
    this.server = createServer({ requestTimeout: 0 }, (incoming, outgoing) => void this.answer(incoming, outgoing).catch(() => outgoing.destroy()));
    this.server.on('connection', socket => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  close(): void {
    this.closed = true;
    this.server.close();
    this.sockets.forEach(socket => socket.destroy());
    this.agent.destroy();
  }

  private async answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    outgoing.on('error', () => undefined);
    const [operation, object] = this.meaning(incoming);
    this.asked[operation]++;
    const rule = this.applying(operation, object);
    if (rule === undefined) return this.pass(incoming, outgoing);
    this.acted++;
    try {
      await rule.effect({ operation, object, request: incoming, response: outgoing, ask: () => this.ask(incoming), close: () => this.close() });
    } catch (error) {
      if (!this.closed) this.broken.push((error as Error).message);
      throw error;
    }
  }

  /** Path style: `/<bucket>/<key>`. */
  private meaning({ method, url }: IncomingMessage): [Operation, string] {
    const { pathname, searchParams } = new URL(url!, 'http://any');
    const [, ...key] = pathname.slice(1).split('/').map(decodeURIComponent);
    if (key.join('') === '') return [method === 'GET' && !['location', 'versioning'].some(each => searchParams.has(each)) ? 'list' : 'other', ''];
    const name = key.join('/');
    const object = name.startsWith(this.prefix) ? name.slice(this.prefix.length) : name;
    return [method === 'GET' ? 'get' : method === 'HEAD' ? 'head' : 'other', object];
  }

  /** The first rule whose turn it is. */
  private applying(operation: Operation, object: string): Rule | undefined {
    return this.rules.find(rule => {
      if (!(rule.operations ?? ['get']).includes(operation) || !(rule.objects ?? [object]).includes(object)) return false;
      const turn = this.matched.get(rule) ?? 0;
      this.matched.set(rule, turn + 1);
      const first = rule.after ?? 0;
      return turn >= first && turn < first + (rule.times ?? Infinity);
    });
  }

  private pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const onward = this.forward(incoming, answer => {
        outgoing.writeHead(answer.statusCode!, answer.rawHeaders);
        answer.on('error', reject).pipe(outgoing).on('close', resolve);
      }).on('error', reject);
      outgoing.on('close', () => onward.destroy());
    });
  }

  private ask(incoming: IncomingMessage): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.forward(incoming, answer => {
        const body: Buffer[] = [];
        answer.on('data', chunk => body.push(chunk)).on('error', reject);
        answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers as Record<string, string>, body: Buffer.concat(body) }));
      }).on('error', reject);
    });
  }

  private forward(incoming: IncomingMessage, answered: (answer: IncomingMessage) => void) {
    const { method, url, rawHeaders } = incoming;
    const onward = request({ host: '127.0.0.1', port: this.upstream, method, path: url, headers: rawHeaders, setHost: false, agent: this.agent }, answered);
    incoming.pipe(onward);
    return onward;
  }
}
