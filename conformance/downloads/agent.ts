import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { ACCOUNT } from '../s3/gateway';

/** The token of a service account, which the agent takes for credentials. */
export const SERVICE_ACCOUNT_TOKEN = 'a-token-of-a-service-account';

/** Answers as the agent of EKS Pod Identity does, with the account of the S3 server. How the agent fails is not its matter: the node has that. */
export class Agent {
  static async start(): Promise<Agent> {
    const agent = new Agent();
    await new Promise<void>(resolve => agent.server.listen(0, '127.0.0.1', resolve));
    return agent;
  }

  private readonly server = createServer(({ url, headers }, response) => {
    if (url !== '/v1/credentials' || headers.authorization !== SERVICE_ACCOUNT_TOKEN) return void response.writeHead(400).end('Service account token is not valid');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
      AccessKeyId: ACCOUNT.AWS_ACCESS_KEY_ID,
      SecretAccessKey: ACCOUNT.AWS_SECRET_ACCESS_KEY,
      Token: 'a-session-token',
      AccountId: '111122223333',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    }));
  });

  get uri(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/credentials`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
