import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import { AddressInfo, Socket } from 'node:net';
import { TokenState } from './s3-server';

/** How the agent answers the next calls: one entry a call, the last one for all that follow. */
export type AgentAnswer = 'credentials' | 'malformed' | 'empty' | number;

/** Answers as the EKS Pod Identity agent does, on loopback: one line of JSON for the right token, cached by token. */
export class PodIdentityAgent {
  answers: AgentAnswer[] = ['credentials'];
  /** Seconds for which credentials are good. */
  lifetime = 3600;
  calls = 0;
  readonly serviceAccountToken = 'eyJhbGciOi.service-account-token';
  readonly secret = 'SECRETsecretSECRETsecret';
  private issued: { token: string; expires: number } | undefined;
  private readonly known = new Map<string, number>();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  constructor(private readonly host = '127.0.0.1') {
    this.server = createServer((request, response) => {
      this.calls++;
      if (request.url === '/sts') return this.assumeRole(request, response);
      // A token that is not one, or a call to another address, gets what the agent's own checks say.
      if (request.headers.host !== new URL(this.uri).host) return reply(response, 403, 'Called agent through invalid address');
      if (request.url !== '/v1/credentials') return reply(response, 404, 'not found');
      if (request.headers.authorization !== this.serviceAccountToken) return reply(response, 400, 'Service account token is not valid');
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0];
      if (answer === 'malformed') return reply(response, 200, '<html>captive portal</html>');
      if (answer === 'empty') return reply(response, 200, '{}');
      if (answer !== 'credentials') return reply(response, answer, 'no association');
      return reply(response, 200, this.credentials());
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Reserves the address; nobody listens on it before `start`. */
  async reserve(): Promise<void> {
    await this.start();
    await this.stop();
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, this.host, resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => this.server.close(resolve));
  }

  get uri(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}/v1/credentials`;
  }

  tokenState(token: string): TokenState {
    const expires = this.known.get(token);
    return expires === undefined ? 'unknown' : expires > Date.now() ? 'valid' : 'expired';
  }

  /** What AWS STS answers to AssumeRoleWithWebIdentity: credentials, or the refusal that comes first in `answers`. */
  private assumeRole(request: IncomingMessage, response: ServerResponse): void {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      const asked = new URLSearchParams(body);
      const answer = this.answers.length > 1 ? this.answers.shift()! : this.answers[0];
      const right = asked.get('WebIdentityToken') === this.serviceAccountToken && asked.get('RoleArn') === 'arn:aws:iam::111122223333:role/reader';
      if (!right || answer !== 'credentials') return reply(response, 403, 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity');
      reply(response, 200, this.credentials());
    });
  }

  private credentials(): string {
    if (!this.issued || this.issued.expires <= Date.now()) {
      this.issued = { token: `session-${this.known.size}-${'t'.repeat(600)}`, expires: Date.now() + this.lifetime * 1000 };
      this.known.set(this.issued.token, this.issued.expires);
    }
    return JSON.stringify({
      AccessKeyId: 'ASIAEXAMPLE0000000000',
      SecretAccessKey: this.secret,
      Token: this.issued.token,
      AccountId: '111122223333',
      Expiration: new Date(this.issued.expires).toISOString(),
    });
  }
}

function reply(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'text/plain' });
  response.end(body);
}
