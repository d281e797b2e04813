import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { written } from '../../conformance/examples';
import { undeclaredNames } from '../../conformance/static/cel';
import { documents, KubernetesObject } from '../../conformance/static/manifest';
import { podsOf } from '../../conformance/static/pods';
import { differences } from '../../conformance/static/round-trip';

describe('what came back is what was sent', () => {
  const sent = { spec: { replicas: 1, limits: { memory: '1Gi' }, containers: [{ name: 'a', readOnly: false }] } };

  test.each([
    ['it is', sent],
    ['the server added to it', { spec: { ...sent.spec, paused: true }, status: {} }],
    ['a quantity is written in another way', { spec: { ...sent.spec, limits: { memory: '1024Mi' } } }],
    ['a field that holds what it holds without it is left out', { spec: { ...sent.spec, containers: [{ name: 'a' }] } }],
  ])('%s', (_, back) => {
    expect(differences(sent, back)).toEqual([]);
  });

  test.each([
    ['a field is lost', { hostUsers: false }, {}, ['.hostUsers: lost']],
    ['an empty object is lost', { emptyDir: {} }, {}, ['.emptyDir: lost']],
    ['an element is lost', { volumes: [{ name: 'a' }] }, { volumes: [] }, ['.volumes[a]: lost']],
    ['a value is another one', { replicas: 2 }, { replicas: 1 }, ['.replicas: 2 came back as 1']],
    ['a text that looks like a quantity is another one', { labels: { size: '1Gi' } }, { labels: { size: '1024Mi' } }, ['.labels.size: "1Gi" came back as "1024Mi"']],
    ['a quantity is another one', { limits: { memory: '1Gi' } }, { limits: { memory: '1G' } }, ['.limits.memory: "1Gi" came back as "1G"']],
  ])('or not: %s', (_, before, back, said) => {
    expect(differences(before, back)).toEqual(said);
  });
});

describe('pods are made of every template', () => {
  const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
  const object = (kind: string, spec: object): KubernetesObject => ({ apiVersion: 'example.com/v1', kind, metadata: { name: 'a', namespace: 'serving' }, spec });

  test.each<[string, object, string[]]>([
    ['Deployment', { template }, ['a-template']],
    ['CronJob', { jobTemplate: { spec: { template } } }, ['a-jobtemplate-template']],
    ['LeaderWorkerSet', { leaderWorkerTemplate: { leaderTemplate: template, workerTemplate: template } }, ['a-leaderworkertemplate-leadertemplate', 'a-leaderworkertemplate-workertemplate']],
    ['Service', { ports: [] }, []],
  ])('%s', (kind, spec, names) => {
    expect(podsOf(object(kind, spec)).map(({ metadata }) => metadata.name)).toEqual(names);
  });

  test('with the claims of a StatefulSet', () => {
    expect(podsOf(object('StatefulSet', { template, volumeClaimTemplates: [{ metadata: { name: 'cache' } }] }))[0].spec.volumes)
      .toEqual([{ name: 'cache', persistentVolumeClaim: { claimName: 'cache' } }]);
  });
});

test('documents are sent with their comments, and read as Kubernetes reads them', () => {
  const [first, second, ...more] = documents('# one\na: 0644\n---\n# nothing\n---\nb: yes # two\n');
  expect([first.object, second.object, more]).toEqual([{ a: 0o644 }, { b: true }, []]);
  expect(second.text).toContain('# two');
});

test.each(['- a: 1\n', 'a: 1\n---\ntext\n', 'a: [\n'])('documents that are no object are not passed over: %j', yaml => {
  expect(() => documents(yaml)).toThrow("a document can't be read");
});

test('manifests are found in folders of their own, and however their files end', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'written-'));
  const names = ['a.yaml', 'b.yml', 'c.json', 'team/d.yaml'];
  for (const name of ['cdk.out', 'manifests/team']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  for (const name of [...names, 'README.md']) fs.writeFileSync(path.join(folder, 'manifests', name), name);
  expect(written('example', folder).manifests).toEqual(Object.fromEntries(names.map(name => [name, name])));
  fs.rmSync(folder, { recursive: true });
});

test.each([
  ['object.spec.volumes.filter(v, v.persistentVolumeClaim.claimNam == \'a.b\')', ['claimNam']],
  ['object.?spec.?volume.orValue([])', ['volume']],
  ['object.metadata.labels.team == params.spec.team && variables.all.exists(c, c.image == "x.y")', []],
  ['request.userInfo.username == "a"', []],
])('fields that an expression names: %s', (expression, names) => {
  expect(undeclaredNames(expression, new Set(['spec', 'metadata', 'labels', 'volumes', 'persistentVolumeClaim', 'claimName', 'image']))).toEqual(names);
});
