import { App, Size, Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as fc from 'fast-check';
import * as YAML from 'yaml';
import { SessionTag, WorkloadIdentity } from '../../lib/access';
import { ModelArtifact, ModelChecksums } from '../../lib/model';
import { checkWorkloadName } from '../../lib/private/kubernetes-names';
import { ModelBucket } from '../../lib/storage';
import { checkBucketName } from '../../lib/storage/names';

const SEED = 20240613;
/** More where somebody asks for them. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 200);

const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SERVICE_NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SESSION_TAG = /^[-A-Za-z0-9_.:/=+@]{1,128}$/;

/** What a user of the library reads: the value or its name first, and what to do about it. */
const USEFUL = /^['a-z][\s\S]*\b(use|give|paste|pass|shorten|needs?|none may|expected|rename|remove|leave it out|instead|name it once)\b/;

const stack = new Stack(new App(), 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
const imported = s3.Bucket.fromBucketName(stack, 'Imported', 'models-example');
const size = Size.gibibytes(1);

function isKey(value: string): boolean {
  return Buffer.byteLength(value) <= 1024 && value.length > 0 && !/\p{Surrogate}/u.test(value)
    && !value.replace(/\/$/, '').split('/').some(segment => ['', '.', '..'].includes(segment));
}

interface Subject {
  /** What the library makes of a value that it takes. */
  readonly take: (value: string) => string;
  readonly valid: (value: string) => boolean;
  /** What an arbitrary string hits too rarely. */
  readonly typical: RegExp;
}

const DOTTED = /^[a-z0-9][-.a-z0-9]{0,70}$/;

const SUBJECTS: Record<string, Subject> = {
  'model name': { take: name => ModelArtifact.of({ name, version: '1', size }).name, valid: value => LABEL_VALUE.test(value), typical: DOTTED },
  'model version': { take: version => ModelArtifact.of({ name: 'm', version, size }).version, valid: value => LABEL_VALUE.test(value), typical: /^[A-Za-z0-9][-._A-Za-z0-9]{0,70}$/ },
  'tenant': { take: tenant => ModelArtifact.of({ name: 'm', version: '1', size, tenant }).tenant!, valid: value => DNS_LABEL.test(value), typical: DOTTED },
  'prefix': { take: prefix => ModelArtifact.of({ name: 'm', version: '1', size, prefix }).prefix, valid: value => isKey(value) && !/[*?$]/.test(value) && value.endsWith('/') && !value.startsWith('models/'), typical: /^[-\w.=+@,:/() ]{1,40}$/ },
  'digest': { take: digest => ModelArtifact.of({ name: 'm', version: '1', size, digest }).digest!, valid: value => /^sha256:[0-9a-f]{64}$/.test(value), typical: /^sha256:[0-9a-f]{63,65}$/ },
  'bucket name': { take: checkBucketName, valid: value => value.length >= 3 && value.length <= 63 && DNS_SUBDOMAIN.test(value) && !/^\d+(\.\d+){3}$/.test(value), typical: /^[a-z0-9][-.a-z0-9]{1,66}$/ },
  'namespace': { take: namespace => WorkloadIdentity.existing({ namespace, serviceAccount: 's' }).namespace, valid: value => DNS_LABEL.test(value), typical: DOTTED },
  'service account': { take: serviceAccount => WorkloadIdentity.existing({ namespace: 'n', serviceAccount }).serviceAccount, valid: value => DNS_SUBDOMAIN.test(value), typical: /^[a-z0-9][-.a-z0-9]{0,10}$/ },
  'workload name': { take: checkWorkloadName, valid: value => SERVICE_NAME.test(value), typical: /^[a-z0-9][-a-z0-9]{0,70}$/ },
  'session tag key': { take: key => SessionTag.of(key).key, valid: value => SESSION_TAG.test(value), typical: /^[-A-Za-z0-9_.:/=+@ ]{1,20}$/ },
  'region': { take: region => ModelBucket.fromBucket(imported, { region }).region, valid: value => /^[a-z]+(-[a-z]+)+-[0-9]+$/.test(value), typical: /^[a-z]{2}-(gov-|iso-)?[a-z]{3,9}-[0-9]$/ },
  'manifest path': {
    take: path => ModelChecksums.of([{ path: 'model.json', sha256: 'a'.repeat(64) }, { path, sha256: 'b'.repeat(64) }]).entries.find(entry => entry.path !== 'model.json')!.path,
    valid: isKey,
    typical: /^[-\w.]{1,20}(\/[-\w. é]{1,20}){0,3}$/,
  },
};

const ATOMS = [
  'a', 'B', '0', '-', '.', '_', '/', ' ', '\t', '\n', '\r', '\0', '\u0007', '\u001b[0m', '\u007f', '\u0085', '\u2028', '\ufeff', '\u202e', '\ud800', 'é', 'ﬁ', 'İ', '😀',
  '`id`', '$(id)', '$HOME', '${HOME}', '${aws:PrincipalTag/kubernetes-namespace}', '${*}', '${?}', ';', '&', '|', '<', '>', '"', "'", '\\', '!', '~', '#', '(', ')', '{', '}',
  '*', '?', '[a-z]', '..', '../', './', '//', '%', '%2e%2e', '@', '=', '+', ',', ':', ': ', ' #', '- ', '? ', '&a', '*a', '!!str', '>-', '---', '...',
  'null', 'yes', 'NO', 'on', 'y', 'true', '~', '0x1F', '0o17', '017', '1e3', '1_000', '.inf', '1:30', '2001-01-01', '=', '<<', 'models', 'models/', '_shared', 'sha256:',
];

const anything = (typical: RegExp) => fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 80 }),
  fc.array(fc.constantFrom(...ATOMS), { maxLength: 6 }).map(atoms => atoms.join('')),
  fc.tuple(fc.stringMatching(typical), fc.constantFrom(...ATOMS), fc.stringMatching(typical)).map(parts => parts.join('')),
  fc.tuple(fc.constantFrom(...ATOMS, 'a'), fc.integer({ min: 50, max: 3000 })).map(([atom, count]) => atom.repeat(count)),
  fc.constantFrom(...ATOMS),
  { arbitrary: fc.stringMatching(typical), weight: 4 },
);

test.each(Object.entries(SUBJECTS))('every string is refused with a useful message as %s, or is harmless wherever it goes', (_what, { take, valid, typical }) => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(fc.property(anything(typical), given => {
    let value: string;
    try {
      value = take(given);
    } catch (error) {
      seen.refused++;
      expect((error as Error).message).toMatch(USEFUL);
      expect((error as Error).message).toContain(given);
      return;
    }
    seen.taken++;
    expect([value, valid(value)]).toEqual([value, true]);
    // eslint-disable-next-line no-control-regex
    expect(value).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect([given, `${given}/`]).toContain(value);
    expect(YAML.parse(YAML.stringify({ value }))).toEqual({ value });
  }), { numRuns: RUNS, seed: SEED });
  expect(seen.taken).toBeGreaterThan(RUNS / 30);
  expect(seen.refused).toBeGreaterThan(RUNS / 6);
});

/** Names that look alike once they are shortened, or their dots replaced. */
const alike = fc.tuple(fc.constantFrom('', 'x'.repeat(50), 'x'.repeat(59)), fc.stringMatching(/^a([-.a]{0,2}a)?$/))
  .map(parts => parts.join('')).filter(value => !value.includes('..'));

test('derived names are labels, the same every time, and different for different models', () => {
  fc.assert(fc.property(alike, alike, fc.constantFrom('', 'model-', 'Model_'), (one, other, prefix) => {
    const [first, again, second] = [one, one, other].map(name => ModelArtifact.of({ name, version: '1', size }).dnsName(prefix));
    expect(first).toMatch(DNS_LABEL);
    expect(again).toBe(first);
    expect(first === second).toBe(one === other);
  }), { numRuns: RUNS, seed: SEED });
});

test("no model's prefix is the beginning of another one's", () => {
  const tenant = fc.option(fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,4}[a-z0-9])?$/), { nil: undefined });
  const short = fc.stringMatching(/^[ab]([-.ab]{0,2}[ab])?$/).filter(value => !value.includes('..'));
  fc.assert(fc.property(fc.tuple(tenant, short, short), fc.tuple(tenant, short, short), (one, other) => {
    const [a, b] = [one, other].map(([owner, name, version]) => ModelArtifact.of({ tenant: owner, name, version, size }));
    expect(a.prefix.startsWith(b.prefix)).toBe(JSON.stringify(one) === JSON.stringify(other));
    expect(a.releaseId === b.releaseId).toBe(a.prefix === b.prefix);
    expect(`${a.prefix}${ModelChecksums.OBJECT_NAME}`).toMatch(/^models\/(_shared|[-a-z0-9]+)\/[-.ab]+\/[-.ab]+\/manifest\.sha256$/);
  }), { numRuns: RUNS, seed: SEED });
});

test('a manifest that is read back is the same text', () => {
  const entry = fc.record({ path: fc.stringMatching(/^[a-zé]([-. a-z]{0,8}[a-z])?(\/[a-z]{1,5}){0,2}$/), sha256: fc.stringMatching(/^[0-9a-f]{64}$/) });
  fc.assert(fc.property(fc.uniqueArray(entry, { selector: ({ path }) => path, minLength: 1, maxLength: 8 }), entries => {
    fc.pre(!entries.some(({ path }) => entries.some(other => other.path.startsWith(`${path}/`))));
    const manifest = ModelChecksums.of([...entries, { path: 'model.json', sha256: 'a'.repeat(64) }]);
    expect(ModelChecksums.parse(manifest.text).text).toBe(manifest.text);
    expect(manifest.text.split('\n')).toHaveLength(entries.length + 2);
  }), { numRuns: RUNS / 2, seed: SEED });
});
