import * as fs from 'node:fs';
import * as path from 'node:path';
import { Annotations, App, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { ApiObject, Chart, Lazy } from 'cdk8s';
import { cdkApp, Environment, IMAGE, messages, temporaryFolder } from './fixture';
import { WorkloadIdentity } from '../../lib/access';
import { ModelDelivery } from '../../lib/delivery';
import { ModelBucket } from '../../lib/storage';
import { ManifestTarget, ModelManifests } from '../../lib/workload';
import { ENV, model } from '../delivery/fixture';

const EXISTING = WorkloadIdentity.existing({ namespace: 'serving', serviceAccount: 'theirs' });

function written(options: ConstructorParameters<typeof Environment>[0] = {}): Environment {
  const environment = new Environment(options);
  environment.server();
  return environment;
}

test('the synth of the app writes the manifests beside the templates', () => {
  const environment = written();
  expect(environment.names()).toEqual([]);
  const assembly = environment.synth();
  expect(environment.names()).toEqual(['serving.llama.serviceaccount.yaml', 'serving.llama.yaml']);
  expect(environment.documents().map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Deployment', 'Service']);
  expect(assembly.stacks.map(stack => stack.stackName)).toEqual(['Serving']);
});

test('a second synth and a second app give the same bytes', () => {
  const environment = written();
  environment.synth();
  const first = environment.files();
  environment.app.synth({ force: true });
  expect(environment.files()).toEqual(first);
  const other = written();
  other.synth();
  expect(other.files()).toEqual(first);
});

test('neither the stack nor the manifests root is part of a byte', () => {
  const [one, two] = [written(), written({ stackId: 'Renamed', manifestsId: 'Other' })];
  one.synth();
  two.synth();
  expect(two.files()).toEqual(one.files());
});

test('two stages write to two directories', () => {
  const app = cdkApp();
  const stages = ['Test', 'Prod'].map(id => written({ scope: new Stage(app, id, { env: ENV }), cluster: id }));
  app.synth();
  expect(stages.map(stage => stage.names().length)).toEqual([2, 2]);
  expect(stages[0].directory).not.toBe(stages[1].directory);
});

test('a stage that is synthesised early, as CDK Pipelines does, writes then, and nothing goes wrong later', () => {
  const app = cdkApp();
  const stage = new Stage(app, 'Prod', { env: ENV });
  const environment = written({ scope: stage });
  stage.synth();
  const early = environment.files();
  expect(Object.keys(early)).toHaveLength(2);
  app.synth();
  expect(environment.files()).toEqual(early);
});

test('an assertion on a template works, with the manifests in the same app', () => {
  const environment = written();
  Template.fromStack(environment.stack).resourceCountIs('AWS::EKS::PodIdentityAssociation', 1);
  expect(environment.names()).toHaveLength(2);
});

describe('while a value is still to be looked up', () => {
  const LOOKUPS: Record<string, (environment: Environment) => unknown> = {
    'a variable': environment => environment.server({ env: { TOKEN_BUCKET: ssm.StringParameter.valueFromLookup(environment.stack, '/models/bucket') } }),
    'the name of a CfnBucket': environment => {
      const bucketName = ssm.StringParameter.valueFromLookup(environment.stack, '/models/bucket');
      const bucket = ModelBucket.fromBucket(new s3.CfnBucket(environment.stack, 'Mine', { bucketName }));
      environment.server({ identity: EXISTING, models: [ModelDelivery.s3Download({ bucket }).deliver(model())] });
    },
    'the name of a model bucket': environment => {
      const bucket = new ModelBucket(environment.stack, 'Mine', { bucketName: ssm.StringParameter.valueFromLookup(environment.stack, '/models/bucket') });
      environment.server({ identity: EXISTING, models: [ModelDelivery.s3Download({ bucket }).deliver(model())] });
    },
    'a VPC elsewhere in the app': environment => {
      environment.server();
      ec2.Vpc.fromLookup(environment.stack, 'Vpc', { isDefault: true });
    },
    'a VPC in another stack': environment => {
      environment.server();
      ec2.Vpc.fromLookup(new Stack(environment.app, 'Network', { env: ENV }), 'Vpc', { isDefault: true });
    },
    'a variable, while the chart has an error': environment => {
      const server = environment.server({ image: ssm.StringParameter.valueFromLookup(environment.stack, '/image') });
      Annotations.of(server).addError('not an image');
    },
  };

  test.each(Object.keys(LOOKUPS))('nothing is written, removed or raised: %s', name => {
    const environment = new Environment();
    LOOKUPS[name](environment);
    fs.mkdirSync(environment.directory);
    const stale = path.join(environment.directory, 'serving.old.yaml');
    fs.writeFileSync(stale, '# serving.old.yaml: written by cdk-eks-model-artifacts, which overwrites what is changed here.\n');
    const { missing } = environment.synth().manifest;
    expect(missing!.length).toBeGreaterThan(0);
    expect(environment.names()).toEqual(['serving.old.yaml']);
  });

  test('what was looked up is written', () => {
    const context = { 'ssm:account=111122223333:parameterName=/image:region=eu-west-1': IMAGE };
    const environment = new Environment({ scope: cdkApp({ context }) });
    environment.server({ image: ssm.StringParameter.valueFromLookup(environment.stack, '/image') });
    environment.synth();
    expect(environment.manifests.images).toContain(IMAGE);
    expect(environment.names()).toHaveLength(2);
  });
});

describe('what a chart reports is reported by the CDK app', () => {
  test('errors', () => {
    const environment = written();
    Annotations.of(new Chart(environment.manifests, 'mine')).addError('wrong in a chart');
    expect(environment.refusal()).toMatch(/^Validation failed with the following errors:\s+\[Serving\/Manifests\] mine: wrong in a chart/);
    expect(environment.names()).toEqual([]);
  });

  test('validations, of charts and of objects in them, all of them together', () => {
    const environment = written();
    const chart = new Chart(environment.manifests, 'mine');
    chart.node.addValidation({ validate: () => ['chart is not well', 'not at all'] });
    new ApiObject(chart, 'Map', { apiVersion: 'v1', kind: 'ConfigMap' }).node.addValidation({ validate: () => ['object is not well'] });
    const said = environment.refusal();
    for (const text of ['mine: chart is not well', 'mine: not at all', 'mine/Map: object is not well']) expect(said).toContain(`[Serving/Manifests] ${text}`);
  });

  test('warnings and information, once', () => {
    const environment = written();
    const chart = new Chart(environment.manifests, 'mine');
    Annotations.of(chart).addWarningV2('mine:odd', 'odd in a chart');
    Annotations.of(chart).addWarning('plain');
    Annotations.of(chart).addInfo('by the way');
    const said = messages(environment.synth());
    expect(said.map(text => text.split(' ').slice(0, 2).join(' '))).toEqual(['warning /Serving/Manifests', 'warning /Serving/Manifests', 'info /Serving/Manifests']);
    expect(said.join('\n')).toMatch(/mine: odd in a chart \[ack: mine:odd\][\s\S]*mine: plain[\s\S]*mine: by the way/);
  });

  test('a warning that was acknowledged in the chart or above the manifests is not', () => {
    const environment = written();
    const [one, two] = ['one', 'two'].map(id => new Chart(environment.manifests, id));
    Annotations.of(one).addWarningV2('mine:odd', 'odd');
    Annotations.of(one).acknowledgeWarning('mine:odd');
    Annotations.of(two).addWarningV2('mine:even', 'even');
    Annotations.of(environment.stack).acknowledgeWarning('mine:even');
    expect(messages(environment.synth())).toEqual([]);
  });

  test('warnings of manifests that stand in the app itself, beside its stacks', () => {
    const app = cdkApp();
    const environment = written({ scope: app });
    const manifests = new ModelManifests(app, 'Manifests', { target: ManifestTarget.directory(path.join(temporaryFolder(), 'top')) });
    const emitted = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    environment.server({ image: 'latest' }, 'top', manifests);
    const said = [...messages(app.synth()), ...emitted.mock.calls.map(([text]) => String(text))].join('\n');
    emitted.mockRestore();
    expect(said).toContain("image 'latest' is not pinned");
  });

  test('what is thrown while rendering, as an error of validation', () => {
    const environment = written();
    new ApiObject(new Chart(environment.manifests, 'mine'), 'Map', { apiVersion: 'v1', kind: 'ConfigMap', data: Lazy.any({ produce: () => { throw new Error('no data today'); } }) });
    expect(environment.refusal()).toMatch(/^Validation failed[\s\S]*\[Serving\/Manifests\] [\s\S]*'mine\/Map'[\s\S]*no data today/);
    expect(environment.names()).toEqual([]);
  });
});

test('two sets of manifests in one directory are refused, whatever it is called and whichever stacks they are in', () => {
  const environment = written();
  const target = ManifestTarget.directory(path.join(path.relative(process.cwd(), environment.directory), '..', 'manifests', '.'));
  expect(() => new ModelManifests(environment.app, 'Second', { target }))
    .toThrow(`manifests Serving/Manifests and Second would both be written to ${environment.directory}: give each a directory of its own`);
});

test('another app may write to the same directory, as a test does that makes the app again', () => {
  const environment = written();
  expect(() => written({ directory: environment.directory })).not.toThrow();
});

test.each(['', '  ', 'a\0b'])('directory %p is refused', directory => {
  expect(() => ManifestTarget.directory(directory)).toThrow(`directory '${directory}' is not valid: give a path such as 'manifests'`);
});

test('manifests need no stack with a region or an account of their own', () => {
  const app: App = cdkApp();
  const manifests = new ModelManifests(app, 'Only', { target: ManifestTarget.directory(path.join(temporaryFolder(), 'only')) });
  new ApiObject(new Chart(manifests, 'mine'), 'Map', { apiVersion: 'v1', kind: 'ConfigMap' });
  expect(() => app.synth()).not.toThrow();
});

test('their own synth is refused, for it would write past every check', () => {
  const { manifests } = new Environment();
  expect(() => manifests.synth()).toThrow('manifests are written by the synth of the CDK app: call synth() of that app, or run cdk synth');
  expect(() => manifests.synthYaml()).toThrow('manifests are written by the synth of the CDK app');
});

test('a synth that skips validation writes no token either', () => {
  const environment = new Environment();
  environment.server({ env: { STACK: environment.stack.stackId } });
  expect(() => environment.app.synth({ skipValidation: true })).toThrow(/Deployment llama: spec\.template\.spec\.containers\[0\]\.env\[\d\]\.value holds an unresolved token/);
  expect(environment.names()).toEqual([]);
});
