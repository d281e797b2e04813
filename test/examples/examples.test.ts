import * as fs from 'node:fs';
import * as path from 'node:path';
import { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { EXAMPLES, inFolderOf, LIKE_S3_DOWNLOAD, manifestsHere, NAMES, readable } from './fixture';

const OWN_NAMESPACE = 'the wildcard ends a prefix that names the namespace of the pod, and the condition pins the cluster: the policy matrix tries what it allows';
const FOR_EVERYBODY = 'what is published without a tenant is for every pod of the cluster, which the condition pins: the policy matrix tries it';
const ONE_TENANT = 'the wildcard ends the prefix of one tenant, read by its namespaces alone and published by its own role: the policy matrix tries it';
const OWN = 'AwsSolutions-IAM5[Resource::<ModelsC55D3500.Arn>/models/';
const IMPORTED = 'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::acme-models/models/';

/** What a publisher may write to. */
const published = (prefix: string, why: string) =>
  Object.fromEntries(['models', 'publishing', 'signatures'].map(root => [`${OWN.replace('models/', `${root}/`)}${prefix}/*]`, why]));

/** What cdk-nag finds in an example, all of it and nothing else, each with why it stays and what shows that it may. */
const ACKNOWLEDGED: Record<string, Record<string, string>> = {
  ...Object.fromEntries(['air-gapped', 's3-download', ...LIKE_S3_DOWNLOAD].map(name => [name, {
    [`${OWN}<aws:PrincipalTag/kubernetes-namespace>/*]`]: OWN_NAMESPACE,
    [`${OWN}_shared/*]`]: FOR_EVERYBODY,
  }])),
  'publish-from-github': published('serving', ONE_TENANT),
  'cross-account': {
    [`${IMPORTED}<aws:PrincipalTag/kubernetes-namespace>/*]`]: OWN_NAMESPACE,
    [`${IMPORTED}_shared/*]`]: FOR_EVERYBODY,
  },
  'existing-cluster': {
    [`${IMPORTED}search/*]`]: ONE_TENANT,
    [`${IMPORTED.replace('models/models/', 'models/signatures/')}search/*]`]: ONE_TENANT,
  },
  'many-teams': {
    [`${OWN}<aws:PrincipalTag/kubernetes-namespace>/*]`]: OWN_NAMESPACE,
    ...published('_shared', FOR_EVERYBODY),
    ...Object.assign({}, ...['ads', 'billing', 'chat', 'fraud', 'maps', 'photos', 'ranking', 'search', 'speech', 'support'].map(team => published(team, ONE_TENANT))),
  },
};

/** The validator takes seconds for each template; here it sees each kind of resource that the library makes. */
const VALIDATED = ['s3-download'];

interface Synthesised {
  readonly findings: string[];
  readonly templates: Record<string, any>;
  readonly manifests: Record<string, any[]>;
  /** Files of owner policies beside the templates. */
  readonly ownerPolicies: Record<string, any>;
}

/** Runs the app of an example as its reader would, and has cdk-nag look at it. */
function synthesise(name: string): Synthesised {
  return inFolderOf(name, () => {
    let result: Synthesised | undefined;
    const original = App.prototype.synth;
    const synth = jest.spyOn(App.prototype, 'synth').mockImplementation(function (this: App) {
      const assembly = original.call(this);
      const owners = fs.readdirSync(assembly.directory).filter(file => file.endsWith('.owner-policies.json'));
      result = {
        findings: new AwsSolutionsChecks().validateScope(this).violations.map(({ ruleName }) => ruleName).sort(),
        templates: Object.fromEntries(assembly.stacks.map(stack => [stack.stackName, readable(stack.template)])),
        manifests: manifestsHere(),
        ownerPolicies: Object.fromEntries(owners.map(file => [file, JSON.parse(fs.readFileSync(path.join(assembly.directory, file), 'utf8'))])),
      };
      return assembly;
    });
    process.env.CDK_VALIDATION = String(VALIDATED.includes(name));
    process.env.CDK_CONTEXT_JSON = JSON.stringify({ '@aws-cdk/core:validateAgainstDefaultRules': true });
    try {
      jest.requireActual(path.join(EXAMPLES, name, 'app.ts'));
      return result!;
    } finally {
      synth.mockRestore();
      process.env.CDK_VALIDATION = 'false';
      delete process.env.CDK_CONTEXT_JSON;
    }
  });
}

test('every folder of examples can be copied: it has an app, its stacks, a cdk.json and a README, in few lines', () => {
  expect(NAMES).toEqual(expect.arrayContaining(['cross-account', 'existing-cluster', 'many-teams', 's3-download']));
  for (const name of NAMES) {
    expect(fs.readdirSync(path.join(EXAMPLES, name))).toEqual(expect.arrayContaining(['README.md', 'app.ts', 'cdk.json', 'stack.ts']));
    expect(fs.readFileSync(path.join(EXAMPLES, name, 'stack.ts'), 'utf8').split('\n').length).toBeLessThan(70);
  }
});

describe.each(NAMES)('example %s', name => {
  let synthesised: Synthesised;

  beforeAll(() => {
    synthesised = synthesise(name);
  });

  test('synthesises as the snapshot has it', () => {
    const { templates, manifests, ownerPolicies } = synthesised;
    expect(LIKE_S3_DOWNLOAD.includes(name) ? { manifests } : { templates, manifests, ownerPolicies }).toMatchSnapshot();
  });

  test('cdk-nag finds what is acknowledged, and nothing else', () => {
    expect(synthesised.findings).toEqual(Object.keys(ACKNOWLEDGED[name] ?? {}).sort());
  });
});

test("what the other account is handed in the example is what its own synth of the cluster's stack writes", () => {
  const committed = JSON.parse(fs.readFileSync(path.join(EXAMPLES, 'cross-account', 'Inference.owner-policies.json'), 'utf8'));
  expect(inFolderOf('cross-account', () => {
    const app = new App();
    const { InferenceStack } = jest.requireActual<typeof import('../../examples/cross-account/stack')>('../../examples/cross-account/stack');
    new InferenceStack(app, 'Inference', {
      env: { account: '444455556666', region: 'eu-west-1' },
      modelsAccount: '111122223333',
      keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    });
    return JSON.parse(fs.readFileSync(path.join(app.synth().directory, 'Inference.owner-policies.json'), 'utf8'));
  })).toEqual(committed);
});
