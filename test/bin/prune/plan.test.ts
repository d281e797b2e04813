import * as fc from 'fast-check';
import { plan, Version } from '../../../bin/prune/plan';
import { References } from '../../../bin/prune/references';

const DAY = 86_400_000;
const NOW = new Date('2026-11-21T12:00:00Z');

/** Names that are parts of each other, where a careless comparison takes one for the other. */
const OWNERS = [undefined, 'serving', 'serving-2', 'models'];
const NAMES = ['llama', 'llama-3', 'llama.3'];
const VERSIONS = ['1', '1.0', '10', 'v1', '2026-11-01'];

interface Graph {
  readonly versions: Version[];
  /** Index of a version, and how something points at it. */
  readonly edges: Array<readonly [number, keyof typeof FORMS]>;
  readonly keep: number;
  readonly days: number;
}

const owner = (tenant: string | undefined) => tenant ?? '_shared';
const shown = ({ id: { tenant, name, version } }: Version) => `${tenant === undefined ? '' : `${tenant}/`}${name}@${version}`;
const key = ({ id: { tenant, name, version } }: Version) => `models/${owner(tenant)}/${name}/${version}/`;

/** What manifests, pods and lock files hold. */
const FORMS = {
  lock: (references: References, version: Version) => references.addVersion(version.id, 'x'),
  lockDigest: (references: References, version: Version) => version.digest === undefined ? references.addVersion(version.id, 'x') : references.addDigest(version.digest, 'x'),
  annotation: (references: References, version: Version) => references.scan(`annotations:\n  cdk-eks-model-artifacts/models: other/bert@7, ${shown(version)}\n`, 'x'),
  source: (references: References, version: Version) => references.scan(`- --source=s3://acme-models/${key(version)}\n`, 'x'),
  lastApplied: (references: References, version: Version) =>
    references.scan(JSON.stringify({ annotations: { last: JSON.stringify({ args: [`read\n${key(version)}\n${shown(version)}\n`] }) } }), 'x'),
  digest: (references: References, version: Version) => references.scan(`digest: '${version.digest ?? key(version)}'`, 'x'),
};

const FORM_NAMES = Object.keys(FORMS) as Array<keyof typeof FORMS>;

const graphs: fc.Arbitrary<Graph> = fc.uniqueArray(fc.record({
  tenant: fc.constantFrom(...OWNERS), name: fc.constantFrom(...NAMES), version: fc.constantFrom(...VERSIONS),
}), { minLength: 3, maxLength: 14, selector: id => JSON.stringify(id) }).chain(ids => fc.record({
  versions: fc.tuple(...ids.map(id => fc.record({
    id: fc.constant(id),
    publishedAt: fc.integer({ min: 0, max: 90 }).map(days => new Date(NOW.getTime() - days * DAY)),
    // Few digests: versions of the same content share one.
    digest: fc.option(fc.constantFrom('a', 'b', 'c', 'd').map(letter => `sha256:${letter.repeat(64)}`), { nil: undefined, freq: 8 }),
    halfRemoved: fc.nat(5).map(chance => chance === 0),
  }))),
  edges: fc.array(fc.tuple(fc.nat(ids.length - 1), fc.constantFrom(...FORM_NAMES)), { maxLength: 5 }),
  keep: fc.nat(3),
  days: fc.constantFrom(0, 30, 60),
}));

test('what nothing references, is old and not among the newest is offered, and nothing else', () => {
  let offers = 0;
  fc.assert(fc.property(graphs, ({ versions, edges, keep, days }) => {
    const references = new References();
    const named = new Set<Version>();
    for (const [index, form] of edges) {
      const version = versions[index];
      FORMS[form](references, version);
      const byDigest = (form === 'lockDigest' || form === 'digest') && version.digest !== undefined;
      for (const other of versions) if (other === version || (byDigest && other.digest === version.digest)) named.add(other);
    }

    const decisions = plan(versions, references, { keep, minimumAgeMs: days * DAY, now: NOW });
    const offered = decisions.filter(({ reasons }) => reasons.length === 0).map(({ version }) => version);

    const rank = (version: Version) => versions.filter(other => !other.halfRemoved && other.digest !== undefined
      && owner(other.id.tenant) === owner(version.id.tenant)
      && other.id.name === version.id.name && other.publishedAt.getTime() > version.publishedAt.getTime()).length;
    const expected = versions.filter(version => !named.has(version) && version.digest !== undefined
      && (version.halfRemoved || (rank(version) >= keep && NOW.getTime() - version.publishedAt.getTime() >= days * DAY)));
    expect(offered.map(shown).sort()).toEqual(expected.map(shown).sort());
    offers += offered.length;
  }), { numRuns: 300 });
  expect(offers).toBeGreaterThan(100); // about 500: else it tells little
});

test('says why a version stays', () => {
  const version = (name: string, days: number, digest?: string): Version => ({ id: { name, version: '1' }, publishedAt: new Date(NOW.getTime() - days * DAY), digest, halfRemoved: false });
  const references = new References();
  references.addDigest(`sha256:${'a'.repeat(64)}`, 'models.lock.json');
  const reasons = plan([version('a', 40, `sha256:${'a'.repeat(64)}`), version('b', 40), version('c', 3, 'sha256:b')], references, { keep: 1, minimumAgeMs: 30 * DAY, now: NOW }).map(decision => decision.reasons);
  expect(reasons).toEqual([
    ['named by models.lock.json', 'newest of its model'],
    ['its manifest can\'t be read, so nobody knows who references it', 'newest of its model'],
    ['newest of its model', 'published 3 days ago'],
  ]);
});

test('what can\'t be read does not count among the newest', () => {
  const version = (number: string, days: number, digest?: string): Version => ({ id: { name: 'm', version: number }, publishedAt: new Date(NOW.getTime() - days * DAY), digest, halfRemoved: false });
  const decisions = plan([version('1', 90, 'sha256:a'), version('2', 80, 'sha256:b'), version('3', 70), version('4', 60)], new References(), { keep: 1, minimumAgeMs: 0, now: NOW });
  expect(decisions.filter(({ reasons }) => reasons.length === 0).map(({ version: { id } }) => id.version)).toEqual(['1']);
});
