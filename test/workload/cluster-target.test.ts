import { App, Aspects, Aws, CfnResource, Fn, Lazy, NestedStack, Stack, Stage, Tags } from 'aws-cdk-lib';
import { Annotations, Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as eksv2 from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';
import { cdkApp, IMAGE, refusal } from './fixture';
import { ModelReaderRole, PodIdentityAssociation } from '../../lib/access';
import { ModelDelivery } from '../../lib/delivery';
import { IModelBucket, ModelBucket } from '../../lib/storage';
import { Engine, ImageMirror, ManifestTarget, ModelManifests, ModelServer, ModelServerProps } from '../../lib/workload';
import { ENV, model } from '../delivery/fixture';

const TYPE = 'Custom::AWSCDK-EKS-KubernetesResource';
const SERVICE_TOKEN = 'arn:aws:lambda:eu-west-1:111122223333:function:kubectl';

/** Each module's imported cluster, and a target for it. */
const MODULES = {
  'aws-eks': (stack: Stack, clusterName: string) => {
    const kubectlProvider = eks.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', {
      serviceToken: SERVICE_TOKEN,
      functionArn: SERVICE_TOKEN,
      kubectlRoleArn: 'arn:aws:iam::111122223333:role/kubectl',
      handlerRole: iam.Role.fromRoleArn(stack, 'Handler', 'arn:aws:iam::111122223333:role/handler'),
    } as eks.KubectlProviderAttributes);
    const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName, kubectlProvider });
    return { cluster, target: () => ManifestTarget.cluster(cluster) };
  },
  'aws-eks-v2': (stack: Stack, clusterName: string) => {
    const kubectlProvider = eksv2.KubectlProvider.fromKubectlProviderAttributes(stack, 'Kubectl', { serviceToken: SERVICE_TOKEN });
    const cluster = eksv2.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName, kubectlProvider });
    return { cluster, target: () => ManifestTarget.clusterV2(cluster) };
  },
};
type Module = keyof typeof MODULES;
const NAMES = Object.keys(MODULES) as Module[];

class OnCluster {
  public readonly stack: Stack;
  public readonly cluster: eks.IClusterRef;
  public readonly bucket: IModelBucket;
  public readonly readers: ModelReaderRole;
  public readonly target: () => ManifestTarget;
  public readonly manifests: ModelManifests;

  constructor(module: Module = 'aws-eks-v2', scope: Construct = cdkApp(), id = 'Serving', clusterName = 'inference') {
    this.stack = new Stack(scope, id, { env: ENV });
    const { cluster, target } = MODULES[module](this.stack, clusterName);
    this.cluster = cluster;
    this.target = target;
    this.bucket = new ModelBucket(this.stack, 'Models');
    this.readers = new ModelReaderRole(this.stack, 'Readers', { cluster, buckets: [this.bucket] });
    this.manifests = new ModelManifests(this.stack, 'Manifests', { target: target() });
  }

  public server(id = 'llama', props: Partial<ModelServerProps> = {}, manifests = this.manifests): ModelServer {
    return new ModelServer(manifests, id, {
      identity: props.identity ?? this.readers.associate({ namespace: 'serving', serviceAccount: id }),
      image: IMAGE,
      engine: Engine.VLLM,
      models: [ModelDelivery.s3Download({ bucket: this.bucket }).deliver(model())],
      ...props,
    });
  }

  public chart(id: string, ...objects: any[]): Chart {
    const chart = new Chart(this.manifests, id);
    objects.forEach((object, index) => new ApiObject(chart, String(index), object));
    return chart;
  }

  public template(): any {
    return (this.stack.node.root as App).synth({ force: true }).getStackArtifact(this.stack.artifactId).template;
  }

  /** The resources that apply manifests, by their logical ids. */
  public applied(): Record<string, any> {
    return Object.fromEntries(Object.entries<any>(this.template().Resources).filter(([, { Type }]) => Type === TYPE));
  }
}

/** The objects that are applied, tokens written as `<Logical.Attribute>`. */
function objectsOf(resource: any): any[] {
  const { Manifest } = resource.Properties;
  if (typeof Manifest === 'string') return JSON.parse(Manifest);
  return JSON.parse(Manifest['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : `<${part.Ref ?? part['Fn::GetAtt']?.join('.')}>`).join(''));
}

const configMap = (name: string, data: any = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'serving' }, data });

describe.each(NAMES)('for a cluster of %s', module => {
  test('a resource applies each file, after the service account and the access of its pods', () => {
    const on = new OnCluster(module);
    on.server();
    const applied = on.applied();
    const kinds = Object.entries(applied).map(([id, resource]) => [id.replace(/[0-9A-F]{8}$/, ''), objectsOf(resource).map(({ kind }) => kind)]);
    expect(Object.fromEntries(kinds)).toEqual({
      Manifestsservingllamaserviceaccountyaml: ['ServiceAccount'],
      Manifestsservingllamayaml: ['Deployment', 'Service'],
    });
    const [workload, account] = ['Manifestsservingllamayaml', 'Manifestsservingllamaserviceaccountyaml'].map(name => Object.keys(applied).find(id => id.startsWith(name))!);
    const [association] = Object.keys(Template.fromStack(on.stack).findResources('AWS::EKS::PodIdentityAssociation'));
    expect([...applied[workload].DependsOn].sort()).toEqual([account, association].sort());
    expect(applied[account].DependsOn).toBeUndefined();
    expect(applied[workload].Properties).toMatchObject({ ServiceToken: SERVICE_TOKEN, ClusterName: 'inference' });
  });

  test('values that are known only after deploying come out right', () => {
    const on = new OnCluster(module);
    on.server('llama', { env: { PARTITION: Aws.PARTITION } });
    on.chart('mine', configMap('map', { ref: Lazy.any({ produce: () => Fn.ref('AWS::StackName') }), text: `a-${on.stack.stackId}`, number: Lazy.number({ produce: () => 3 }) }));
    on.chart('list', configMap('list', { zones: Fn.split(',', Fn.importValue('zones')) }));
    const applied = Object.entries(on.applied());
    expect(JSON.stringify(applied.find(([id]) => id.startsWith('Manifestslist'))![1].Properties.Manifest)).toContain('CdkJsonStringify'); // CDK's own way
    const objects = applied.filter(([id]) => !id.startsWith('Manifestslist')).flatMap(([, resource]) => objectsOf(resource));
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    expect(deployment.spec.template.spec.initContainers[0].args).toContainEqual(expect.stringMatching(/^--source=s3:\/\/<Models\w+>\/models\/serving\/llama\/1\/$/));
    expect(deployment.spec.template.spec.containers[0].env).toContainEqual({ name: 'PARTITION', value: '<AWS::Partition>' });
    expect(objects.find(({ kind }) => kind === 'ConfigMap').data).toMatchObject({ ref: '<AWS::StackName>', text: 'a-<AWS::StackId>', number: 3 });
  });

  test('one without a kubectl provider is refused at once, with what to do', () => {
    const stack = new Stack(cdkApp(), 'Serving', { env: ENV });
    const target = module === 'aws-eks'
      ? ManifestTarget.cluster(eks.Cluster.fromClusterAttributes(stack, 'Bare', { clusterName: 'inference' }))
      : ManifestTarget.clusterV2(eksv2.Cluster.fromClusterAttributes(stack, 'Bare', { clusterName: 'inference' }));
    const said = refusal(() => new ModelManifests(stack, 'Manifests', { target }));
    expect(said).toMatch(/^cluster Serving\/Bare has no kubectl provider to apply manifests with: give it kubectlProvider: .*fromKubectlProviderAttributes/);
    expect(said).toContain('write the manifests to a directory, ManifestTarget.directory(path)');
  });

  test('objects carry the label by which CDK prunes what leaves their file, and pods do not', () => {
    const on = new OnCluster(module);
    on.server();
    for (const resource of Object.values(on.applied())) {
      const { PruneLabel } = resource.Properties;
      expect(PruneLabel).toMatch(/^aws\.cdk\.eks\/prune-/);
      for (const object of objectsOf(resource)) {
        expect(object.metadata.labels).toHaveProperty([PruneLabel], '');
        expect(JSON.stringify(object.spec ?? {})).not.toContain('prune');
      }
    }
  });
});

test('a new cluster of aws-eks-v2 applies manifests by its own provider, when it can be reached', () => {
  const stack = new Stack(cdkApp(), 'Serving', { env: ENV });
  const kubectlLayer = lambda.LayerVersion.fromLayerVersionArn(stack, 'Layer', 'arn:aws:lambda:eu-west-1:111122223333:layer:kubectl:1');
  const cluster = new eksv2.Cluster(stack, 'Cluster', { version: eksv2.KubernetesVersion.V1_33, kubectlProviderOptions: { kubectlLayer } });
  const manifests = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.clusterV2(cluster) });
  const bucket = new ModelBucket(stack, 'Models');
  const identity = new ModelReaderRole(stack, 'Readers', { cluster, buckets: [bucket] }).associate({ namespace: 'serving', serviceAccount: 'llama' });
  new ModelServer(manifests, 'llama', { identity, image: IMAGE, engine: Engine.VLLM, models: [ModelDelivery.s3Download({ bucket }).deliver(model())] });
  const template = Template.fromStack(stack);
  const waits = Object.values(template.findResources(TYPE)).flatMap(({ DependsOn }) => DependsOn);
  expect(waits.some(id => id.includes('KubectlReadyBarrier'))).toBe(true);
  expect(waits).toContain(Object.keys(template.findResources('AWS::EKS::PodIdentityAssociation'))[0]);
});

test('a new provider of aws-eks is made with the manifests, so that Aspects of the stack reach it', () => {
  const app = cdkApp();
  const stack = new Stack(app, 'Serving', { env: ENV });
  const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', {
    clusterName: 'inference',
    kubectlRoleArn: 'arn:aws:iam::111122223333:role/kubectl',
    kubectlLayer: lambda.LayerVersion.fromLayerVersionArn(stack, 'Layer', 'arn:aws:lambda:eu-west-1:111122223333:layer:kubectl:1'),
  });
  const manifests = new ModelManifests(stack, 'Manifests', { target: ManifestTarget.cluster(cluster) });
  new ApiObject(new Chart(manifests, 'mine'), 'Map', configMap('map'));
  expect(stack.node.findAll().filter(NestedStack.isNestedStack)).toHaveLength(1);
  Tags.of(stack).add('team', 'nlp');
  expect(() => app.synth()).not.toThrow();
  const [nested] = stack.node.findAll().filter(NestedStack.isNestedStack);
  Template.fromStack(nested).hasResourceProperties('AWS::Lambda::Function', { Tags: [{ Key: 'team', Value: 'nlp' }] });
});

describe('the resources are made late', () => {
  test.each([['none', {}], ['all', recommendedFlags]])('whatever is added after the set, with %s of the feature flags, and Aspects reach them', (_, context) => {
    const on = new OnCluster('aws-eks-v2', cdkApp({ context }));
    Aspects.of(on.stack).add({
      visit: node => {
        if (CfnResource.isCfnResource(node) && node.cfnResourceType === TYPE) node.addMetadata('Seen', true);
      },
    });
    on.server();
    on.chart('mine', configMap('map'));
    const applied = Object.values(on.applied());
    expect(applied).toHaveLength(3);
    for (const resource of applied) expect(resource.Metadata).toMatchObject({ Seen: true });
    Annotations.fromStack(on.stack).hasNoWarning('*', '.*');
  });

  test('in stages, each its own', () => {
    const app = cdkApp();
    const sets = ['Test', 'Prod'].map(id => new OnCluster('aws-eks-v2', new Stage(app, id, { env: ENV }), 'Serving', id));
    for (const set of sets) set.server();
    const assembly = app.synth();
    const ids = assembly.nestedAssemblies.map(({ nestedAssembly }) => Object.entries<any>(nestedAssembly.stacks[0].template.Resources)
      .filter(([, { Type }]) => Type === TYPE).map(([id]) => id));
    expect(ids[0]).toHaveLength(2);
    expect(ids[1]).toEqual(ids[0]);
  });

  test('anew at each synth: what is added is applied, what is gone is not, and what stays keeps its logical id', () => {
    const on = new OnCluster();
    on.server();
    const gone = on.chart('gone', configMap('gone'));
    const first = on.applied();
    expect(on.applied()).toEqual(first);
    on.manifests.node.tryRemoveChild(gone.node.id);
    on.server('mistral');
    const second = on.applied();
    const named = (name: string, applied: object) => Object.keys(applied).filter(id => id.startsWith(`Manifests${name}`));
    expect([named('gone', first), named('gone', second)].map(ids => ids.length)).toEqual([1, 0]);
    expect(named('servingmistral', second)).toHaveLength(2);
    for (const id of named('servingllama', first)) expect(second[id]).toEqual(first[id]);
  });

  test('logical ids follow from the names of the files, whatever the order and the content', () => {
    const [one, two] = [new OnCluster(), new OnCluster()];
    one.server('llama');
    one.server('mistral');
    two.server('mistral', { replicas: 3 });
    two.server('llama', { env: { MORE: 'yes' } });
    expect(Object.keys(two.applied()).sort()).toEqual(Object.keys(one.applied()).sort());
  });
});

describe('order', () => {
  function waits(on: OnCluster, name: string): string[] {
    const [resource] = Object.entries(on.applied()).filter(([id]) => new RegExp(`^Manifests${name}[0-9A-F]{8}$`).test(id)).map(([, value]) => value);
    return [resource.DependsOn ?? []].flat().map(id => id.replace(/^Manifests|[0-9A-F]{8}$/g, '')).sort();
  }

  test('a namespace comes before what is in it, and charts before those that depend on them', () => {
    const on = new OnCluster();
    on.server();
    on.chart('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'serving' } });
    on.chart('first', configMap('first')).addDependency(on.chart('second', configMap('second')), on.chart('empty'));
    expect(waits(on, 'servingllamaserviceaccountyaml')).toEqual(['namespacesyaml']);
    expect(waits(on, 'servingllamayaml')).toEqual(expect.arrayContaining(['namespacesyaml', 'servingllamaserviceaccountyaml']));
    expect(waits(on, 'firstyaml')).toEqual(['namespacesyaml', 'secondyaml']);
    expect(waits(on, 'namespacesyaml')).toEqual([]);
  });

  test('a file with its own namespace waits for nothing that waits for it', () => {
    const on = new OnCluster();
    on.server();
    on.chart('mixed', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'serving' } }, {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'job', namespace: 'serving' },
      spec: { jobTemplate: { spec: { template: { spec: { serviceAccountName: 'llama', containers: [{ name: 'a', image: IMAGE }] } } } } },
    });
    expect(waits(on, 'servingllamaserviceaccountyaml')).toEqual([]);
    expect(waits(on, 'mixedyaml')).toEqual([expect.stringMatching(/^Readers/), 'servingllamaserviceaccountyaml']);
  });

  test('pods wait for associations of their service account, in their cluster and their stack only', () => {
    const on = new OnCluster();
    const role = on.readers.role;
    on.server('llama', { identity: on.readers.associate({ namespace: 'serving', serviceAccount: 'llama' }) });
    on.readers.associate({ namespace: 'serving', serviceAccount: 'other' });
    on.readers.associate({ namespace: 'other', serviceAccount: 'llama' });
    const elsewhere = eksv2.Cluster.fromClusterAttributes(on.stack, 'Elsewhere', { clusterName: 'elsewhere' });
    new PodIdentityAssociation(on.stack, 'InOtherCluster', { cluster: elsewhere, namespace: 'serving', serviceAccount: 'llama', role });
    expect(waits(on, 'servingllamayaml')).toEqual([expect.stringMatching(/^Readersservingllamainference/), 'servingllamaserviceaccountyaml']);
  });

  test('an association in another stack, which may depend on this one, is not waited for', () => {
    const on = new OnCluster();
    const later = new Stack(on.stack.node.root, 'Later', { env: ENV });
    const readers = new ModelReaderRole(later, 'Readers', { cluster: on.cluster, buckets: [on.bucket] });
    on.server('llama', { identity: readers.associate({ namespace: 'serving', serviceAccount: 'llama' }) });
    expect(waits(on, 'servingllamayaml')).toEqual(['servingllamaserviceaccountyaml']);
  });
});

describe('two sets of manifests', () => {
  test('for one cluster are fine', () => {
    const on = new OnCluster();
    on.server();
    const second = new ModelManifests(on.stack, 'Second', { target: on.target() });
    on.server('mistral', {}, second);
    expect(Object.keys(on.applied())).toHaveLength(4);
  });

  test('of one target are fine, too', () => {
    const on = new OnCluster();
    const target = on.target();
    on.server('llama', {}, new ModelManifests(on.stack, 'Second', { target }));
    on.server('mistral', {}, new ModelManifests(on.stack, 'Third', { target }));
    expect(Object.keys(on.applied())).toHaveLength(4);
  });

  test('that make the same object are refused, as a service account that both use; not in another cluster', () => {
    const on = new OnCluster();
    const identity = on.readers.associate({ namespace: 'serving', serviceAccount: 'shared' });
    on.server('llama', { identity });
    on.server('mistral', { identity }, new ModelManifests(on.stack, 'Second', { target: on.target() }));
    expect(refusal(() => on.template())).toContain('[Serving/Second] ServiceAccount serving/shared is in Serving/Manifests too, for the same cluster: keep what shares it in one set of manifests');
    const [one, two] = ['blue', 'green'].map(name => new OnCluster('aws-eks-v2', undefined, 'Serving', name));
    for (const set of [one, two]) set.server();
    expect(() => [one.template(), two.template()]).not.toThrow();
    const app = cdkApp();
    for (const name of ['blue', 'green']) new OnCluster('aws-eks-v2', app, name, name).server();
    expect(() => app.synth()).not.toThrow();
  });
});

describe('what a deployment could not apply is refused', () => {
  const LIMITS: Record<string, [(on: OnCluster) => unknown, RegExp]> = {
    'an object that kubectl can\'t annotate': [on => on.chart('big', configMap('big', { text: 'x'.repeat(262_144) })),
      /\[Serving\/Manifests\] ConfigMap big has 2622\d\d bytes, and kubectl applies at most 262144: make it smaller/],
    'a file that the provider can\'t be called with': [on => on.chart('big', ...[1, 2, 3].map(index => configMap(`map-${index}`, { text: 'x'.repeat(170_000) }))),
      /big\.yaml has 51\d{4} bytes, and a deployment applies at most 490000 at once: divide its chart, or write the manifests to a directory/],
    'more than a template takes': [on => [1, 2, 3, 4, 5].map(index => on.chart(`big-${index}`, configMap(`map-${index}`, { text: 'x'.repeat(210_000) }))),
      /the template of stack Serving has 10[56]\d{4} bytes, 105\d{4} of them manifests, and CloudFormation takes 1000000: divide the manifests[^[]*ManifestTarget\.directory/],
    'manifests that a template takes, and not with all else in it': [on => {
      for (const index of [1, 2, 3, 4]) on.chart(`big-${index}`, configMap(`map-${index}`, { text: 'x'.repeat(240_000) }));
      new CfnResource(on.stack, 'Else', { type: 'AWS::CloudFormation::WaitConditionHandle' }).addMetadata('Text', 'x'.repeat(60_000));
    }, /the template of stack Serving has 10[23]\d{4} bytes, 96\d{4} of them manifests/],
    'a token object in a patch': [on => on.server().deployment.addJsonPatch(JsonPatch.add('/metadata/annotations', { stack: Lazy.any({ produce: () => 'x' }) })),
      /Deployment llama: metadata\.annotations\.stack holds what a JSON patch made of a token: give it as a string, Token\.asString\(value\)/],
    'a list beside other items': [on => on.chart('mine', configMap('map', { list: ['a', ...Fn.split(',', Fn.importValue('list'))] })),
      /ConfigMap map: data\.list\[1\] holds a list that is known only after deploying: give it as the whole list/],
  };

  test.each(Object.keys(LIMITS))('%s', name => {
    const on = new OnCluster();
    const [act, expected] = LIMITS[name];
    act(on);
    expect(refusal(() => on.template())).toMatch(expected);
  });

  test('just below the limits all is well', () => {
    const on = new OnCluster();
    for (const index of [1, 2, 3, 4]) on.chart(`big-${index}`, configMap(`map-${index}`, { text: 'x'.repeat(240_000) }));
    expect(() => on.template()).not.toThrow();
  });
});

test('a chart that can\'t be rendered is an error of validation, as in a directory', () => {
  const on = new OnCluster();
  on.chart('mine', configMap('map', Lazy.any({ produce: () => { throw new Error('no data today'); } })));
  new ApiObject(new Chart(on.manifests, 'bad'), 'Map', { apiVersion: 'v1', kind: 'ConfigMap', data: new Date() });
  expect(refusal(() => on.template())).toMatch(/^Validation failed[\s\S]*\[Serving\/Manifests\] Failed serializing construct at path 'bad\/Map'/);
});

test('a mirror may be in the account that is deployed to', () => {
  const on = new OnCluster();
  const imageMirror = ImageMirror.prefixes({ 'docker.io': `${Aws.ACCOUNT_ID}.dkr.ecr.eu-west-1.${Aws.URL_SUFFIX}/docker-hub` });
  const manifests = new ModelManifests(on.stack, 'Mirrored', { target: on.target(), imageMirror });
  on.server('llama', {}, manifests);
  const deployment = Object.values(on.applied()).flatMap(objectsOf).find(({ kind }) => kind === 'Deployment');
  expect(deployment.spec.template.spec.initContainers[0].image).toMatch(/^<AWS::AccountId>\.dkr\.ecr\.eu-west-1\.<AWS::URLSuffix>\/docker-hub\/peakcom\/s5cmd:v2\.3\.0@sha256:[0-9a-f]{64}$/);
});

test('a set for a cluster needs a stack', () => {
  const on = new OnCluster();
  expect(() => new ModelManifests(on.stack.node.root as App, 'Loose', { target: on.target() })).toThrow('manifests Loose are for a cluster, and so part of a template: pass a stack, or a construct in one, as scope');
});
