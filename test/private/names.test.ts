import { Lazy, Size } from 'aws-cdk-lib';
import { WorkloadIdentity } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { checkWorkloadName } from '../../lib/private/kubernetes-names';

const of = {
  'model name': (value: string) => ModelArtifact.of({ name: value, version: '1', size: Size.gibibytes(1) }).name,
  'model version': (value: string) => ModelArtifact.of({ name: 'llama', version: value, size: Size.gibibytes(1) }).version,
  'tenant': (value: string) => ModelArtifact.of({ name: 'llama', version: '1', size: Size.gibibytes(1), tenant: value }).tenant,
  'namespace': (value: string) => WorkloadIdentity.existing({ namespace: value, serviceAccount: 'default' }).namespace,
  'service account': (value: string) => WorkloadIdentity.existing({ namespace: 'default', serviceAccount: value }).serviceAccount,
  'workload name': (value: string) => checkWorkloadName(value),
};
type What = keyof typeof of;

test.each<[What, string]>([
  ['model name', 'llama-3.1-8b'], ['model name', 'a'], ['model name', '0'], ['model name', 'a'.repeat(63)], ['model name', 'null'], ['model name', '1e3'],
  ['model version', '1.2.3'], ['model version', 'V1_rc-2'], ['model version', '2024-01-01'], ['model version', 'x'.repeat(63)],
  ['tenant', 'team-a'], ['tenant', 'models'], ['tenant', 'shared'], ['tenant', 'a'.repeat(63)], ['tenant', '0'],
  ['namespace', 'kube-system'], ['namespace', 'a'], ['namespace', '1'], ['namespace', 'a'.repeat(63)],
  ['service account', 'default'], ['service account', 'a'], ['service account', 'chat.v2'], ['service account', 'a'.repeat(253)],
  ['workload name', 'llama'], ['workload name', 'a1-b'], ['workload name', 'a'.repeat(63)],
])('%s %j is taken as it is', (what, value) => {
  expect(of[what](value)).toBe(value);
});

const RULES: Record<What, string> = {
  'model name': "use lowercase letters, digits, '-' and '.', starting and ending with a letter or digit",
  'model version': "use letters, digits, '-', '_' and '.', starting and ending with a letter or digit",
  'tenant': "use lowercase letters, digits and '-', starting and ending with a letter or digit",
  'namespace': "use lowercase letters, digits and '-', starting and ending with a letter or digit",
  'service account': "use lowercase letters, digits, '-' and '.', starting and ending with a letter or digit",
  'workload name': "use lowercase letters, digits and '-', starting with a letter and ending with a letter or digit",
};

test.each<[What, string[]]>([
  ['model name', ['', '-a', 'a-', '.a', 'a.', 'A', 'a_b', 'a/b', 'a..b', '..', 'a b', 'a\n', 'a\0', 'a*', '${a}', 'é', 'meta-llama/Llama-3']],
  ['model version', ['', '-1', '1-', '.1', '1.', '_1', '1_', '1..2', '..', '1/2', '1 2', '1\n', '1*', 'v1+cu12', '${a}']],
  ['tenant', ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a/b', '_shared', '*', '?', 'a\n', '${aws:PrincipalTag/x}']],
  ['namespace', ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a/b', 'a\n']],
  ['service account', ['', '-a', 'a-', 'A', 'a_b', 'a..b', 'a/b', 'a\n', 'a.-b', 'a-.b', 'system:serviceaccount:a:b']],
  ['workload name', ['', '-a', 'a-', 'A', '1a', 'a.b', 'a/b', 'a\n']],
])('%s: each of %j is refused with the value and the rule', (what, values) => {
  for (const value of values) {
    expect(() => of[what](value)).toThrow(`${what} '${value}' is not valid: ${RULES[what]}`);
  }
});

test.each<[What, number]>([['model name', 63], ['model version', 63], ['tenant', 63], ['namespace', 63], ['service account', 253], ['workload name', 63]])(
  '%s of more than %i characters is refused with its length', (what, max) => {
    const value = 'a'.repeat(max + 1);
    expect(() => of[what](value)).toThrow(`${what} '${value}' has ${max + 1} characters, at most ${max} fit a Kubernetes `);
    expect(() => of[what](value)).toThrow(/: shorten it$/);
  });

test('a name that is nearly valid comes with one that is', () => {
  expect(() => of['model name']('Meta Llama')).toThrow(/; try 'meta-llama'$/);
  expect(() => of.tenant('Team_A')).toThrow(/; try 'team-a'$/);
});

test.each([`${'a'.repeat(62)} b`, `A${'b'.repeat(61)}.c`, `${'A'.repeat(62)}---${'b'.repeat(5)}`])('the name proposed for %j is itself valid', value => {
  let message = '';
  try {
    of['model name'](value);
  } catch (error) {
    message = (error as Error).message;
  }
  const proposal = /; try '(.*)'$/.exec(message)?.[1];
  expect(proposal).toBeDefined();
  expect(of['model name'](proposal!)).toBe(proposal);
});

test.each<What>(['namespace', 'service account', 'workload name'])('an unresolved token is refused as %s', what => {
  const token = Lazy.string({ produce: () => 'later' });
  expect(() => of[what](token)).toThrow(
    `${what} must be known at synth, got an unresolved token (${token}): it becomes part of object keys and Kubernetes names; pass a literal string`,
  );
});
