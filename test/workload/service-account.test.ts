import { Environment } from './fixture';
import { WorkloadIdentity } from '../../lib/access';

const accounts = (environment: Environment) => environment.documents().filter(({ kind }) => kind === 'ServiceAccount');

test('S3-15 the service account has no annotation, for one of IRSA would win over Pod Identity', () => {
  const environment = new Environment();
  environment.server();
  environment.synth();
  expect(environment.names()).toEqual(['serving.llama.serviceaccount.yaml', 'serving.llama.yaml']);
  expect(accounts(environment)).toEqual([{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'llama', namespace: 'serving' }, automountServiceAccountToken: false }]);
});

test('two servers share an identity, and its service account is written once', () => {
  const environment = new Environment();
  environment.server();
  environment.server({}, 'llama-canary');
  environment.synth();
  expect(environment.names()).toEqual(['serving.llama-canary.yaml', 'serving.llama.serviceaccount.yaml', 'serving.llama.yaml']);
  const pods = environment.documents().filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec.template.spec.serviceAccountName);
  expect(pods).toEqual(['llama', 'llama']);
});

test('two identities have two service accounts', () => {
  const environment = new Environment();
  environment.server();
  environment.server({ identity: environment.readers.associate({ namespace: 'serving', serviceAccount: 'my.canary' }) }, 'llama-canary');
  environment.synth();
  expect(accounts(environment).map(({ metadata }) => metadata.name).sort()).toEqual(['llama', 'my.canary']);
});

test('a service account that exists is not written', () => {
  const environment = new Environment();
  environment.server({ identity: WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'theirs' }) });
  environment.synth();
  expect(environment.names()).toEqual(['serving.llama.yaml']);
  expect(environment.documents()[0].spec.template.spec.serviceAccountName).toBe('theirs');
});

test('a service account with the longest name that Kubernetes takes is written', () => {
  const environment = new Environment();
  const serviceAccount = 'a'.repeat(253);
  environment.server({ identity: environment.readers.associate({ namespace: 'serving', serviceAccount }) });
  environment.synth();
  expect(accounts(environment).map(({ metadata }) => metadata.name)).toEqual([serviceAccount]);
});

test('a service account has its file even where the server is deep in other charts', () => {
  const environment = new Environment();
  const outer = environment.server();
  environment.server({ identity: environment.readers.associate({ namespace: 'serving', serviceAccount: 'inner' }) }, 'inner', outer);
  environment.synth();
  expect(environment.names()).toContain('serving.inner.serviceaccount.yaml');
  expect(environment.names()).toContain('serving.inner.yaml');
});
