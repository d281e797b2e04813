import * as fs from 'node:fs';
import * as path from 'node:path';
import { Authority } from './surroundings/authority';
import { Subject } from './surroundings/sessions';
import { ControlPlane } from '../cluster/control-plane';
import { freePort, Processes, Started, until } from '../processes';
import { POD_IDENTITY_WEBHOOK } from '../tools/catalogue';

export interface IdentityWebhookProps {
  readonly processes: Processes;
  readonly folder: string;
  readonly plane: ControlPlane;
  readonly authority: Authority;
  readonly region: string;
}

/** The webhook that EKS runs, which declares credentials in pods when they are created. */
export class IdentityWebhook {
  static async start({ processes, folder, plane, authority, region }: IdentityWebhookProps): Promise<IdentityWebhook> {
    fs.mkdirSync(folder, { recursive: true });
    const identities = path.join(folder, 'identities.json');
    const { certificate, key } = await authority.issue(['localhost']);
    const [certificateFile, keyFile] = ['certificate.pem', 'key.pem'].map(name => path.join(folder, name));
    fs.writeFileSync(certificateFile, certificate);
    fs.writeFileSync(keyFile, key, { mode: 0o600 });
    const port = await freePort();
    const started = processes.start('pod-identity-webhook', POD_IDENTITY_WEBHOOK.file('pod-identity-webhook'), [
      '--in-cluster=false', `--kubeconfig=${plane.kubeconfig}`, `--port=${port}`, `--metrics-port=${await freePort()}`, `--tls-cert=${certificateFile}`, `--tls-key=${keyFile}`,
      `--watch-container-credentials-config=${identities}`, `--aws-default-region=${region}`, '--sts-regional-endpoint=true',
    ]);
    await processes.ready(started, async () => fs.readFileSync(started.log, 'utf8').includes('Listening on'));
    await plane.apply(registration(`https://localhost:${port}/mutate`, authority.certificate));
    return new IdentityWebhook(identities, started);
  }

  private readonly identities: Subject[] = [];
  private told = Promise.resolve();

  private constructor(private readonly file: string, private readonly started: Started) {}

  /** Tells it of associations, and waits until it has read them. One call after the other: it tells how often it read, not what. */
  associate(subjects: Subject[]): Promise<void> {
    const told = this.told.then(() => this.tell(subjects));
    this.told = told.catch(() => undefined);
    return told;
  }

  private async tell(subjects: Subject[]): Promise<void> {
    const before = this.loads;
    this.identities.push(...subjects);
    this.write();
    await until(() => this.loads > before, 30);
  }

  /** It watches the file, and must never see half of it. */
  private write(): void {
    const written = `${this.file}.new`;
    fs.writeFileSync(written, JSON.stringify({ identities: this.identities }));
    fs.renameSync(written, this.file);
  }

  /** How often it read the file. */
  private get loads(): number {
    return fs.readFileSync(this.started.log, 'utf8').split('Successfully loaded container credentials config file').length - 1;
  }
}

/** As its own manifests register it, but that a pod is refused when it does not answer: EKS would let the pod pass unchanged. */
function registration(url: string, authority: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'pod-identity-webhook' },
    webhooks: [{
      name: 'pod-identity-webhook.amazonaws.com',
      failurePolicy: 'Fail',
      clientConfig: { url, caBundle: Buffer.from(authority).toString('base64') },
      objectSelector: { matchExpressions: [{ key: 'eks.amazonaws.com/skip-pod-identity-webhook', operator: 'DoesNotExist' }] },
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1beta1'],
    }],
  };
}
