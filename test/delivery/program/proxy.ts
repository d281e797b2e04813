import { createServer, request, Server } from 'node:http';
import { AddressInfo } from 'node:net';

/** A forward proxy that knows one name, and swallows whatever else it is asked for, as a corporate one does with link-local addresses. */
export class Proxy {
  /** Hosts that it was asked for. */
  readonly asked: string[] = [];
  private readonly server: Server;

  constructor(known: string, target: () => string) {
    this.server = createServer((incoming, outgoing) => {
      const url = new URL(incoming.url!, 'http://not-a-proxy-request');
      this.asked.push(url.hostname);
      if (url.hostname !== known) return void outgoing.writeHead(502).end('<html>the proxy knows no such host</html>');
      const { hostname, port } = new URL(target());
      incoming.pipe(request({ hostname, port, path: url.pathname + url.search, method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      }));
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
