import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';

type Answer = [status: number, body: object];

/** CodeBuild, as the API reference has StartBuild and BatchGetBuilds, with one project: a build goes through the given states, one for each time that it is asked about. */
export class CodeBuildServer {
  readonly requests: any[] = [];
  /** What builds become, the last of them for ever. */
  states: object[] = [];
  /** What happens while a build runs. */
  during: (() => void) | undefined;
  private started?: any[];
  private readonly server: Server;

  constructor(private readonly project: string) {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const action = String(request.headers['x-amz-target']).replace('CodeBuild_20161006.', '');
      const input = JSON.parse(Buffer.concat(chunks).toString());
      this.requests.push({ action, ...input });
      const [status, body] = this.answer(action, input);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  private answer(action: string, input: any): Answer {
    const id = `${this.project}:0001`;
    if (action === 'StartBuild') {
      if (input.projectName !== this.project) return [400, { __type: 'ResourceNotFoundException', message: `Project cannot be found: ${input.projectName}` }];
      this.started = input.environmentVariablesOverride;
      return [200, { build: { id, buildStatus: 'IN_PROGRESS', projectName: this.project } }];
    }
    if (action !== 'BatchGetBuilds') return [400, { __type: 'UnknownOperationException', message: action }];
    if (input.ids[0] !== id) return [200, { builds: [], buildsNotFound: input.ids }];
    this.during?.();
    const state = this.states.length > 1 ? this.states.shift() : this.states[0];
    return [200, { builds: [{ id, projectName: this.project, environment: { environmentVariables: this.started ?? [] }, ...state }] }];
  }
}
