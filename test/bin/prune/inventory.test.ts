import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { cluster, deployment } from './arrange';
import { Inventory, sameClusters } from '../../../bin/prune/inventory';
import { References } from '../../../bin/prune/references';

const NOW = new Date('2026-11-21T12:00:00Z');
const RULES = { now: NOW, maximumAgeMs: 3_600_000 };
const FRESH = '2026-11-21T11:59:52.123456Z';
const MODEL = deployment('serving/llama@1');

const problems = (text: string, servesModels = true) => new Inventory('prod.json', text, servesModels).problems(RULES).join('; ');
const of = (value: unknown) => JSON.stringify(value);
const owned = (kind: string, owner: string, extra = {}) => ({ kind, metadata: { name: 'x', namespace: 'serving', ownerReferences: [{ kind: owner, name: 'x', controller: true }], ...extra } });

test('an inventory as kubectl prints it proves what runs', () => {
  expect(problems(of(cluster('a', [MODEL], FRESH)))).toBe('');
  expect(problems(of(cluster('a', [MODEL, owned('ReplicaSet', 'Deployment'), owned('Pod', 'ReplicaSet')], FRESH)))).toBe('');
});

test.each([
  ['an error message', 'error: You must be logged in to the server', 'is not one JSON document'],
  ['nothing', '', 'is not one JSON document'],
  ['half of it', of(cluster('a', [MODEL], FRESH)).slice(0, -9), 'is not one JSON document'],
  ['two clusters in one file', of(cluster('a', [MODEL], FRESH)) + of(cluster('b', [MODEL], FRESH)), 'is not one JSON document'],
  ['one object', of(MODEL), 'is no list'],
  ['null', 'null', 'is no list'],
  ['an empty list', of({ kind: 'List', items: [] }), 'is empty'],
  ['a page', of({ ...cluster('a', [MODEL], FRESH), metadata: { continue: 'token' } }), 'is cut'],
  ['names alone', of({ kind: 'List', items: ['pod/a'] }), 'has items without a kind'],
  ['no model', of(cluster('a', [], FRESH)), 'names no model'],
  ['no pods', of({ kind: 'List', items: cluster('a', [MODEL], FRESH).items.filter(({ kind }: any) => kind !== 'Pod') }), 'has no Pod'],
  ['one namespace', of({ kind: 'List', items: [...cluster('a', [MODEL], FRESH).items.slice(1)] }), 'has no Lease'],
  ['an old one', of(cluster('a', [MODEL], '2026-11-21T10:59:00Z')), 'was taken at 2026-11-21T10:59:00.000Z, 61 minutes ago'],
  ['one of the future', of(cluster('a', [MODEL], '2026-11-21T12:06:00Z')), 'was taken at 2026-11-21T12:06:00.000Z, which is not yet'],
  ['a lease without a time', of(cluster('a', [MODEL], '')), 'does not say when it was taken'],
  ['pods without their ReplicaSets', of(cluster('a', [MODEL, owned('Pod', 'ReplicaSet')], FRESH)), 'has a Pod of a ReplicaSet, but no ReplicaSet'],
  ['a kind of its own that serves a model', of(cluster('a', [MODEL, owned('ReplicaSet', 'Rollout', { annotations: { source: 'models/serving/llama/1/' } })], FRESH)), 'has a ReplicaSet of a Rollout, but no Rollout, which knows what runs after a rollback or a scale-up: add rollouts to the kinds'],
])('%s proves nothing', (_, text, reason) => {
  expect(problems(text)).toContain(`inventory prod.json ${reason}`);
});

test('a kind of its own that serves no model, and an owner that controls nothing, are not asked for', () => {
  expect(problems(of(cluster('a', [MODEL, owned('StatefulSet', 'Prometheus')], FRESH)))).toBe('');
});

test('a cluster that serves no model says so by another option, and is checked otherwise', () => {
  expect(problems(of(cluster('a', [], FRESH)), false)).toBe('');
  expect(problems(of(cluster('a', [], '2026-11-20T12:00:00Z')), false)).toContain('was taken at');
});

test('two inventories of one cluster are noticed', () => {
  const read = (file: string, name: string) => new Inventory(file, of(cluster(name, [MODEL], FRESH)), true);
  expect(sameClusters([read('a.json', 'a'), read('b.json', 'a')])).toEqual(['inventories a.json and b.json are of the same cluster: give kubectl the --context of each']);
  expect(sameClusters([read('a.json', 'a'), read('b.json', 'b')])).toEqual([]);
});

test('what an object holds is a reference, in whatever field and spelling, and is said with the object', () => {
  const references = new References();
  const escaped = of(cluster('a', [deployment('serving/llama@1'), { kind: 'ConfigMap', metadata: { name: 'c' }, data: { 'serving/bert@2': 'x' } }], FRESH)).replace('serving/llama@1', '\\u0073erving/llama@1');
  new Inventory('prod.json', escaped, true).reference(references);
  expect(references.of({ id: { tenant: 'serving', name: 'llama', version: '1' } })).toEqual(['prod.json, Deployment serving/server']);
  expect(references.of({ id: { tenant: 'serving', name: 'bert', version: '2' } })).toEqual(['prod.json, ConfigMap c']);
});

test('what is no inventory protects what it names all the same', () => {
  const references = new References();
  new Inventory('prod.json', 'error: serving/llama@1', true).reference(references);
  expect(references.of({ id: { tenant: 'serving', name: 'llama', version: '1' } })).toEqual(['prod.json']);
});

test('a file that is not there is an error', () => {
  expect(() => Inventory.read(path.join(os.tmpdir(), 'no-such-inventory.json'), true)).toThrow(/can't be read/);
});

test('a mark of the byte order is no part of the JSON', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'inventory-'));
  fs.writeFileSync(path.join(folder, 'i.json'), `\uFEFF${of(cluster('a', [MODEL], FRESH))}`);
  expect(Inventory.read(path.join(folder, 'i.json'), true).problems(RULES)).toEqual([]);
  fs.rmSync(folder, { recursive: true });
});
