import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { inlineProgram, transferProgram } from '../../lib/delivery/program';

const EXAMPLES = path.join(__dirname, '..', '..', 'examples');

interface Acknowledgement {
  readonly id: string;
  readonly reason: string;
}

/** What cdk-nag finds in an example, each with why it stays. */
const ACKNOWLEDGED: Record<string, Acknowledgement[]> = {
  's3-download': [
    {
      id: 'AwsSolutions-IAM5[Resource::<ModelsC55D3500.Arn>/models/<aws:PrincipalTag/kubernetes-namespace>/*]',
      reason: 'the wildcard ends a prefix that names the namespace of the pod, and the condition pins the cluster: the policy matrix tries what it allows',
    },
    {
      id: 'AwsSolutions-IAM5[Resource::<ModelsC55D3500.Arn>/models/_shared/*]',
      reason: 'what is published without a tenant is for every pod of the cluster, which the condition pins',
    },
  ],
};

interface Synthesised {
  readonly template: any;
  /** Manifests by file, the in-pod program of each left out: it has tests of its own. */
  readonly manifests: Record<string, any[]>;
}

/** Runs an example as its reader would, in an empty folder, with cdk-nag; its own modules, so that nothing of another run is left. */
function synthesise(name: string, acknowledged: Acknowledgement[], validation: boolean): Synthesised {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `example-${name}-`));
  const before = { cwd: process.cwd(), validation: process.env.CDK_VALIDATION };
  let template: any;
  try {
    process.chdir(folder);
    process.env.CDK_VALIDATION = String(validation);
    process.env.CDK_CONTEXT_JSON = JSON.stringify({ '@aws-cdk/core:validateAgainstDefaultRules': true });
    jest.isolateModules(() => {
      const { App, Stack, Validations } = jest.requireActual<typeof import('aws-cdk-lib')>('aws-cdk-lib');
      const { AwsSolutionsChecks } = jest.requireActual<typeof import('cdk-nag')>('cdk-nag');
      const original = App.prototype.synth;
      jest.spyOn(App.prototype, 'synth').mockImplementation(function (this: InstanceType<typeof App>, options) {
        const [stack] = this.node.findAll().filter(Stack.isStack);
        Validations.of(this).addPlugins(new AwsSolutionsChecks(this));
        for (const acknowledgement of acknowledged) Validations.of(stack).acknowledge(acknowledgement);
        const assembly = original.call(this, options);
        template = withoutBootstrap(assembly.getStackByName(stack.stackName).template);
        return assembly;
      });
      jest.requireActual(path.join(EXAMPLES, name, 'app.ts'));
    });
    const files = fs.readdirSync('manifests').sort();
    return { template, manifests: Object.fromEntries(files.map(file => [file, documentsOf(path.join('manifests', file))])) };
  } finally {
    process.chdir(before.cwd);
    process.env.CDK_VALIDATION = before.validation;
    delete process.env.CDK_CONTEXT_JSON;
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function documentsOf(file: string): any[] {
  return parseAllDocuments(fs.readFileSync(file, 'utf8')).map(document => withoutPrograms(document.toJS()));
}

function withoutPrograms(value: any): any {
  if (typeof value === 'string') return value === inlineProgram(transferProgram('s5cmd')) ? '(the in-pod program)' : value;
  if (Array.isArray(value)) return value.map(withoutPrograms);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutPrograms(item)]));
}

function withoutBootstrap({ Parameters, Rules, ...template }: any): any {
  return template;
}

const names = fs.readdirSync(EXAMPLES, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name);

test('every folder of examples can be copied: it has an app, a cdk.json and a README', () => {
  expect(names).toContain('s3-download');
  for (const name of names) {
    expect(fs.readdirSync(path.join(EXAMPLES, name)).sort()).toEqual(expect.arrayContaining(['README.md', 'app.ts', 'cdk.json']));
  }
});

describe.each(names)('example %s', name => {
  test('synthesises under cdk-nag and CloudFormation validation, as the snapshot has it', () => {
    expect(synthesise(name, ACKNOWLEDGED[name] ?? [], true)).toMatchSnapshot();
  });

  test.each(ACKNOWLEDGED[name] ?? [])('needs the acknowledgement of $id', ({ id }) => {
    expect(() => synthesise(name, ACKNOWLEDGED[name].filter(other => other.id !== id), false)).toThrow(id);
  });
});
