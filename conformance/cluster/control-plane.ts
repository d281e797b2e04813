import { generateKeyPairSync, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { Agent, get, request } from 'node:https';
import * as path from 'node:path';
import { finish, Finished, freePort, Processes, Started, succeed, until } from '../processes';
import { KUBERNETES } from '../tools/catalogue';

export interface ControlPlaneProps {
  /** The minor version whose feature gates and APIs are served. @default - the binary's own */
  readonly emulatedVersion?: string;
  /** Runs the controller manager and the scheduler too. @default false */
  readonly controllers?: boolean;
  /** More flags of the API server. */
  readonly flags?: string[];
}

/** What the API server answers. */
export interface Answer {
  readonly status: number;
  /** The object that it sends, or its `Status`. */
  readonly body: any;
  /** What it warns of. */
  readonly warnings: string[];
}

const TOKEN = randomBytes(16).toString('hex');

/** A real kube-apiserver on a real etcd, on loopback. */
export class ControlPlane {
  static async start(processes: Processes, folder: string, props: ControlPlaneProps = {}): Promise<ControlPlane> {
    fs.mkdirSync(folder, { recursive: true });
    const plane = new ControlPlane(processes, folder, await freePort());
    await plane.boot(props);
    return plane;
  }

  readonly kubeconfig: string;
  private readonly programs: Started[] = [];
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(private readonly processes: Processes, readonly folder: string, private readonly port: number) {
    this.kubeconfig = path.join(folder, 'kubeconfig');
  }

  /** Runs kubectl against it. */
  kubectl(args: string[], input?: string): Promise<Finished> {
    return finish(KUBERNETES.file('kubectl'), args, { env: this.environment, input });
  }

  /** As `kubectl`, which must succeed; answers what it prints. */
  kubectlOk(args: string[], input?: string): Promise<string> {
    return succeed(KUBERNETES.file('kubectl'), args, { env: this.environment, input });
  }

  /** Asks the API server itself, in a tenth of the time that kubectl takes. */
  request(method: string, url: string, body?: string, contentType = 'application/json'): Promise<Answer> {
    const headers = { authorization: `Bearer ${TOKEN}`, ...body === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(body) } };
    return new Promise((resolve, reject) => {
      const sent = request(`https://127.0.0.1:${this.port}${url}`, { method, headers, agent: this.agent, rejectUnauthorized: false }, response => {
        const chunks: Buffer[] = [];
        response.on('data', chunk => chunks.push(chunk)).on('error', reject).on('end', () => {
          const text = Buffer.concat(chunks).toString();
          // Each is `299 - "<text>"`, and several come joined by commas.
          const warnings = [...(response.headers.warning ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, warning]) => warning.replace(/\\(.)/g, '$1'));
          resolve({ status: response.statusCode!, body: /^\s*[{[]/.test(text) ? JSON.parse(text) : text, warnings });
        });
      });
      sent.on('error', reject).end(body);
    });
  }

  /** Makes namespaces, with the service account that pods run as unless they name one. */
  async namespaces(names: string[], labels: Record<string, string> = {}): Promise<void> {
    await Promise.all(names.map(async name => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      const { status, body } = await this.request('PATCH', `/api/v1/namespaces/${name}?fieldManager=conformance&force=true`, JSON.stringify(namespace), 'application/apply-patch+yaml');
      if (status >= 300) throw new Error(`the server refuses the namespace ${name}: ${body.message ?? body}`);
    }));
  }

  /** Applies an object, by server-side apply. */
  async apply(object: unknown): Promise<void> {
    await this.kubectlOk(['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'], JSON.stringify(object));
  }

  /** Ends it: the port is free when this returns. */
  async stop(): Promise<void> {
    this.agent.destroy();
    for (let program = this.programs.pop(); program !== undefined; program = this.programs.pop()) await this.processes.stop(program);
  }

  private get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.folder, KUBECONFIG: this.kubeconfig };
  }

  private async boot({ emulatedVersion, controllers, flags }: ControlPlaneProps): Promise<void> {
    const file = (name: string) => path.join(this.folder, name);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs1', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } });
    fs.writeFileSync(file('service-accounts.key'), privateKey, { mode: 0o600 });
    fs.writeFileSync(file('tokens.csv'), `${TOKEN},admin,1,"system:masters"\n`, { mode: 0o600 });
    fs.writeFileSync(this.kubeconfig, JSON.stringify({
      'apiVersion': 'v1',
      'kind': 'Config',
      'clusters': [{ name: 'here', cluster: { 'server': `https://127.0.0.1:${this.port}`, 'insecure-skip-tls-verify': true } }],
      'users': [{ name: 'admin', user: { token: TOKEN } }],
      'contexts': [{ name: 'here', context: { cluster: 'here', user: 'admin' } }],
      'current-context': 'here',
    }), { mode: 0o600 });

    const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
    this.start('etcd', [
      '--name=here', `--data-dir=${file('etcd')}`, `--listen-client-urls=${client}`, `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=here=${peer}`, '--unsafe-no-fsync', '--log-level=error',
    ]);
    const server = this.start('kube-apiserver', [
      `--etcd-servers=${client}`, '--bind-address=127.0.0.1', '--advertise-address=127.0.0.1', `--secure-port=${this.port}`, `--cert-dir=${file('certificates')}`,
      `--token-auth-file=${file('tokens.csv')}`, '--authorization-mode=RBAC', '--allow-privileged=true',
      '--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${file('service-accounts.key')}`, `--service-account-signing-key-file=${file('service-accounts.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none',
      // Without the controller manager nobody makes the service account that the plugin waits for.
      `--disable-admission-plugins=StorageObjectInUseProtection${controllers ? '' : ',ServiceAccount'}`,
      ...emulatedVersion === undefined ? [] : [`--emulated-version=${emulatedVersion}`],
      ...flags ?? [],
    ]);
    await this.processes.ready(server, () => answers(`https://127.0.0.1:${this.port}/readyz`));
    if (controllers) await this.startControllers(file);
  }

  private async startControllers(file: (name: string) => string): Promise<void> {
    const common = [`--kubeconfig=${this.kubeconfig}`, '--bind-address=127.0.0.1', '--leader-elect=false'];
    this.start('kube-controller-manager', [
      ...common, `--secure-port=${await freePort()}`, `--service-account-private-key-file=${file('service-accounts.key')}`, `--root-ca-file=${file('certificates/apiserver.crt')}`,
      '--use-service-account-credentials=false', '--node-monitor-grace-period=24h',
      '--controllers=*,-nodeipam,-cloud-node-lifecycle,-node-route-controller,-service-lb-controller,-persistentvolume-attach-detach-controller',
    ]);
    this.start('kube-scheduler', [...common, `--secure-port=${await freePort()}`]);
    await until(async () => (await this.kubectl(['get', 'serviceaccount', 'default', '--namespace=default'])).code === 0, 60);
  }

  private start(program: string, args: string[]): Started {
    const started = this.processes.start(program, KUBERNETES.file(program), args);
    this.programs.push(started);
    return started;
  }
}

function answers(url: string): Promise<boolean> {
  return new Promise(resolve => {
    get(url, { rejectUnauthorized: false, headers: { authorization: `Bearer ${TOKEN}` }, agent: false }, response => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
