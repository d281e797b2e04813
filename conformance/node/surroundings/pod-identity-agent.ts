import { createServer, Server, ServerResponse } from 'node:http';
import { TokenClaims, readToken } from './service-account-token';
import { Credentials, Sessions, Subject } from './sessions';

/** Where pods reach the agent of their node. */
export const AGENT_ADDRESS = '169.254.170.23';

/** Credentials with so little left, or less, are not handed out. */
const LEAST_SECONDS = 15;

/** How many seconds an answer of EKS lasts where nothing else is said. */
const LIFETIME = 6 * 3600;

/** What another account, cluster or role would differ in. */
const ACCOUNT_ID = '111122223333';

class Refusal extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/**
 * Behaves as the agent of EKS Pod Identity on a node does, and as the service behind it (EKS Auth): its own module is not published. Which service
 * accounts have an association is set while it runs.
 *
 * https://github.com/aws/eks-pod-identity-agent
 */
export class PodIdentityAgent {
  /** How many seconds credentials last, from when EKS Auth answers. */
  lifetime = LIFETIME;
  /** Whether EKS Auth can be reached: only what is cached is answered while it can't. */
  reachable = true;
  /** Statuses that were answered, in order. */
  readonly answers: number[] = [];
  private readonly associations = new Set<string>();
  private readonly cache = new Map<string, Credentials>();
  private server?: Server;

  constructor(private readonly sessions: Sessions) {}

  /** Listens as on a node: at the address that the pods call, which this network must have. */
  start(port = 80, address = AGENT_ADDRESS): Promise<void> {
    this.server = createServer((request, response) => {
      if (request.url !== '/v1/credentials') return this.reply(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
      try {
        this.reply(response, 200, this.answer(request.headers.host, request.headers.authorization), 'application/json');
      } catch (error) {
        this.reply(response, error instanceof Refusal ? error.status : 500, `${(error as Error).message}\n`, 'text/plain; charset=utf-8');
      }
    });
    return new Promise((resolve, reject) => this.server!.once('error', reject).listen(port, address, resolve));
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise(resolve => this.server ? this.server.close(resolve) : resolve(undefined));
  }

  /** Gives a service account its role, as `CreatePodIdentityAssociation` does. */
  associate({ namespace, serviceAccount }: Subject): void {
    this.associations.add(`${namespace}/${serviceAccount}`);
  }

  /** What was answered stays good for as long as it is cached. */
  dissociate({ namespace, serviceAccount }: Subject): void {
    this.associations.delete(`${namespace}/${serviceAccount}`);
  }

  private answer(host: string | undefined, token: string | undefined): string {
    const address = host?.replace(/:\d+$/, '');
    if (address !== AGENT_ADDRESS) throw new Refusal(403, `Access Denied. Called agent through invalid address, please use either [${AGENT_ADDRESS} fd00:ec2::23] address not ${address}`);
    if (!token) throw new Refusal(400, 'Service account token cannot be empty');
    let claims: TokenClaims;
    try {
      claims = readToken(token);
    } catch (error) {
      throw new Refusal(400, (error as Error).message);
    }
    return oneLine(this.cached(token) ?? this.fetched(token, claims));
  }

  private cached(token: string): Credentials | undefined {
    const credentials = this.cache.get(token);
    return credentials && secondsLeft(credentials) > LEAST_SECONDS ? credentials : undefined;
  }

  private fetched(token: string, { subject, audiences }: TokenClaims): Credentials {
    if (!this.reachable) throw new Refusal(500, 'error getting credentials to cache: unable to fetch credentials from EKS Auth: operation error EKS Auth: AssumeRoleForPodIdentity, request send failed');
    if (!audiences.includes('pods.eks.amazonaws.com')) throw new Refusal(400, '(InvalidTokenException): The token has another audience than pods.eks.amazonaws.com, fault: client');
    if (!this.associations.has(`${subject.namespace}/${subject.serviceAccount}`)) {
      throw new Refusal(404, `(ResourceNotFoundException): No association found for service account ${subject.serviceAccount} in namespace ${subject.namespace}, fault: client`);
    }
    const credentials = this.sessions.issue(subject, this.lifetime);
    if (secondsLeft(credentials) <= LEAST_SECONDS) {
      throw new Refusal(500, `error getting credentials to cache: fetched credentials are expired or will expire within the next ${secondsLeft(credentials).toFixed(2)} seconds`);
    }
    this.cache.set(token, credentials);
    return credentials;
  }

  private reply(response: ServerResponse, status: number, body: string, type: string): void {
    this.answers.push(status);
    response.writeHead(status, { 'content-type': type }).end(body);
  }
}

function secondsLeft({ expires }: Credentials): number {
  return (expires - Date.now()) / 1000;
}

function oneLine({ accessKeyId, secretAccessKey, sessionToken, expires }: Credentials): string {
  const Expiration = new Date(expires).toISOString();
  return JSON.stringify({ AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, AccountId: ACCOUNT_ID, Expiration });
}
