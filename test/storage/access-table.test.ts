import { CLUSTER } from '../access/policy-fixture';
import { PolicyDocument } from '../access/policy-simulator';
import { appOfTenants, Ask, may, NEW } from '../access/policy-tenants-fixture';

const app = appOfTenants(true);
const { blue, green } = CLUSTER;

/** Every name in the table that is not of pods by namespace, as the request that it stands for. */
const WHO: Record<string, { session: Ask; identity: PolicyDocument }> = {
  'role publisher': { session: { role: 'publisher' }, identity: app.ci },
  'role pruner': { session: { role: 'pruner' }, identity: app.pruner },
  'role loader': { session: { role: 'loader', namespace: 'ops', cluster: blue, serviceAccount: 'loader' }, identity: app.loader },
  'pods of service account team/chat': { session: { role: 'irsa' }, identity: app.irsa },
  'pods of service account team/batch': { session: { role: 'own', namespace: 'team', cluster: blue, serviceAccount: 'batch' }, identity: app.own },
};

/** The table as it is meant. */
const ROWS: Array<[prefix: string, read: string[], publish: string[]]> = [
  ['legacy/nlp/v1/', ['pods of nlp-dev, nlp-prod on cluster blue'], []],
  ['legacy/open/v1/', ['pods of every namespace on cluster blue'], []],
  ['legacy/team/v1/', ['pods of namespace team on cluster blue'], []],
  ['models/', ['role publisher'], ['role publisher']],
  ['models/<namespace>/', ['pods of namespace <namespace> on cluster blue', 'pods of namespace <namespace> on cluster green', 'role publisher'], ['role publisher']],
  ['models/_shared/', ['pods of every namespace on cluster blue', 'pods of every namespace on cluster green', 'pods of service account team/batch', 'role publisher'], ['role publisher']],
  ['models/nlp/', ['pods of namespace research on cluster green', 'pods of nlp-dev, nlp-prod on cluster blue', 'pods of service account team/chat', 'role loader', 'role publisher'], ['role loader', 'role publisher']],
  ['models/platform/', ['pods of namespace ops on cluster blue', 'pods of namespace platform on cluster green', 'role publisher'], ['role publisher']],
  ['models/team/', ['pods of namespace team on cluster blue', 'pods of namespace team on cluster green', 'pods of service account team/batch', 'pods of service account team/chat', 'role publisher'], ['role publisher']],
  ['models/vision/', ['pods of namespace vision on cluster green', 'pods of nlp, nlp-dev, vision on cluster blue', 'role publisher'], ['role publisher']],
  ['nest/', ['pods of nlp-dev, nlp-prod on cluster blue'], []],
  ['nest/inner/', ['pods of namespace team on cluster blue', 'pods of nlp-dev, nlp-prod on cluster blue'], []],
];

test('says who can read, publish and delete below which prefix', () => {
  expect(app.table).toEqual(ROWS.map(([prefix, readers, publishers]) => ({ prefix, readers, publishers, deleters: prefix.startsWith('models/') ? ['role pruner'] : [] })));
});

const NAMESPACES = ['nlp', 'nlp-dev', 'nlp-prod', 'vision', 'platform', 'ops', 'team', 'research', 'unnamed'];

/** Whether a cell says it of the pods of a namespace of a cluster. */
function named(cell: string[], namespace: string, cluster: string): boolean {
  return cell.some(text => {
    const [, who, where] = /^pods of (?!service)(.*) on cluster (.*)$/.exec(text) ?? [];
    return where === cluster && (who === 'every namespace' || who.replace(/^namespace /, '').replace('<namespace>', 'unnamed').split(', ').includes(namespace));
  });
}

describe.each(app.table.map(row => [row.prefix, row] as const))('%s', (prefix, row) => {
  const key = `${prefix.replace('<namespace>', 'unnamed')}model/1/a`;
  const ACTIONS = [[row.readers, 's3:GetObject', {}], [row.publishers, 's3:PutObject', NEW], [row.deleters, 's3:DeleteObject', {}]] as const;

  test('every cell is what IAM answers', async () => {
    for (const [cell, action, context] of ACTIONS) {
      for (const [who, { session, identity }] of Object.entries(WHO)) {
        const allowed = await may({ ...session, action, key, context }, { identity, resource: app.resource });
        expect([who, action, allowed]).toEqual([who, action, cell.includes(who)]);
      }
      for (const namespace of action === 's3:GetObject' ? NAMESPACES : ['nlp', 'ops']) {
        for (const [name, cluster, identity] of [['blue', blue, app.onBlue], ['green', green, app.onGreen]] as const) {
          const allowed = await may({ namespace, cluster, action, key, context }, { identity, resource: app.resource });
          expect([namespace, name, action, allowed]).toEqual([namespace, name, action, named(cell, namespace, name)]);
        }
      }
    }
  });
});

test('every name in the table was asked about', () => {
  const names = new Set(app.table.flatMap(row => [...row.readers, ...row.publishers, ...row.deleters]).filter(text => !/^pods of (?!service)/.test(text)));
  expect([...names].sort()).toEqual(Object.keys(WHO).sort());
});
