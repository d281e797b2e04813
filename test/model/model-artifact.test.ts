import { App, CfnParameter, Fn, Lazy, Size, Stack } from 'aws-cdk-lib';
import { ModelArtifact, ModelArtifactProps } from '../../lib/model';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function model(props: Partial<ModelArtifactProps> = {}): ModelArtifact {
  return ModelArtifact.of({ name: 'llama-3.1-8b', version: '1.2.3', size: Size.gibibytes(16), ...props });
}

describe('prefix', () => {
  test("S3-22 a tenant's model is below its tenant, name and version, with a closing slash", () => {
    expect(model({ tenant: 'team-a' }).prefix).toBe('models/team-a/llama-3.1-8b/1.2.3/');
  });

  test('S3-22 a model without a tenant is below _shared, which no tenant can be called', () => {
    expect(model().prefix).toBe('models/_shared/llama-3.1-8b/1.2.3/');
    expect(() => model({ tenant: '_shared' })).toThrow("tenant '_shared' is not valid: use lowercase letters, digits and '-'");
  });

  test.each([
    ['legacy/llama/v3/', 'legacy/llama/v3/'],
    ['legacy/llama/v3', 'legacy/llama/v3/'],
    ['a', 'a/'],
    ['Model Zoo (2024)/a=b+c@d,e:f_g-h.i', 'Model Zoo (2024)/a=b+c@d,e:f_g-h.i/'],
    ['modelsx/a', 'modelsx/a/'],
  ])('S3-22 the explicit prefix %j is kept, and ends with one slash', (given, expected) => {
    const artifact = model({ prefix: given, tenant: 'team-a' });
    expect(artifact.prefix).toBe(expected);
    expect(artifact.hasExplicitPrefix).toBe(true);
    expect(model().hasExplicitPrefix).toBe(false);
  });

  test.each([
    ['', "use letters, digits, spaces and any of '-_.=+@,:/()'"],
    ['/', "use letters, digits, spaces and any of '-_.=+@,:/()'"],
    ['a/*', 'wildcards, policy variables and control characters would change what is granted'],
    ['a/?', 'wildcards, policy variables'],
    ['a/${aws:PrincipalTag/kubernetes-namespace}', 'policy variables'],
    ['a\nb', 'control characters'],
    ['a\n', 'control characters'],
    ['a/é', 'use letters, digits'],
    ['/a', "every segment needs a name, and none may be '.' or '..'"],
    ['a//', "every segment needs a name, and none may be '.' or '..'"],
    ['a//b', 'every segment needs a name'],
    ['a/../b', "none may be '.' or '..'"],
    ['./a', "none may be '.' or '..'"],
    ['models', "'models/' is the layout of published models, give name, version and tenant instead"],
    ['models/', "'models/' is the layout of published models"],
    ['models/team-b/llama/1', "'models/' is the layout of published models"],
    [' a', 'it starts or ends with a space: remove it'],
    ['a ', 'it starts or ends with a space: remove it'],
    ['a'.repeat(221), 'it has 221 characters, and 1,024 bytes are all that a key has for it and the path of a file: shorten it to 220'],
  ])('the prefix %j is refused', (prefix, reason) => {
    expect(() => model({ prefix })).toThrow(`prefix '${prefix}' is not valid: `);
    expect(() => model({ prefix })).toThrow(reason);
  });

  test('a prefix of 220 characters is the longest', () => {
    expect(model({ prefix: 'a'.repeat(220) }).prefix).toHaveLength(221);
  });
});

describe('digest', () => {
  test('a digest is kept', () => {
    expect(model({ digest: DIGEST }).digest).toBe(DIGEST);
    expect(model().digest).toBeUndefined();
  });

  test.each(['', 'sha256:', 'f'.repeat(64), DIGEST.toUpperCase(), `${DIGEST}0`, DIGEST.slice(0, -1), `${DIGEST}\n`, DIGEST.replace('sha256', 'sha512')])('the digest %j is refused', digest => {
    expect(() => model({ digest })).toThrow(
      `digest '${digest}' is not valid: give 'sha256:' and the 64 lowercase hexadecimal digits of \`sha256sum manifest.sha256\``,
    );
  });
});

describe('size', () => {
  test.each([[Size.gibibytes(16), 17179869184], [Size.bytes(1), 1], [Size.kibibytes(0.5), 512], [Size.bytes(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER]])('%s is kept', (size, bytes) => {
    expect(model({ size }).size.toBytes()).toBe(bytes);
  });

  test.each([
    [Size.bytes(0), '0'],
    [Size.bytes(0.5), '0.5'],
    [Size.bytes(Infinity), 'Infinity'],
    [Size.bytes(NaN), 'NaN'],
    [Size.pebibytes(9), '10133099161583616'],
  ])('%s is refused with the number of bytes', (size, bytes) => {
    expect(() => model({ size })).toThrow(`size of model 'llama-3.1-8b' is ${bytes} bytes: give a whole, positive number of bytes`);
  });
});

describe('tokens', () => {
  const stack = new Stack(new App(), 'Tokens');
  const strings: Array<[string, string]> = [
    ['Lazy.string', Lazy.string({ produce: () => 'llama' })],
    ['Fn.importValue', Fn.importValue('ModelName')],
    ['the value of a parameter', new CfnParameter(stack, 'Name').valueAsString],
    ['a token in a longer text', `llama-${Fn.ref('Name')}`],
  ];
  const properties: Array<[keyof ModelArtifactProps, string]> = [
    ['name', 'model name must be known at synth'],
    ['version', 'model version must be known at synth'],
    ['tenant', 'tenant must be known at synth'],
    ['prefix', 'prefix must be known at synth'],
    ['digest', 'digest must be known at synth'],
  ];

  test.each(strings.flatMap(([kind, token]) => properties.map(([property, text]) => [kind, property, token, text] as const)))(
    '%s is refused as %s', (_kind, property, token, text) => {
      expect(() => model({ [property]: token })).toThrow(`${text}, got an unresolved token (${token}): `);
      expect(() => model({ [property]: token })).toThrow(/pass a literal string|paste the one that publishing printed/);
    });

  test.each([
    ['Lazy.number', Lazy.number({ produce: () => 16 })],
    ['the value of a parameter', new CfnParameter(stack, 'Size', { type: 'Number' }).valueAsNumber],
  ])('%s is refused as size', (_kind, amount) => {
    expect(() => model({ size: Size.gibibytes(amount) })).toThrow(
      "size of model 'llama-3.1-8b' must be known at synth, got an unresolved token: volumes are computed from it, pass Size.gibibytes(16)",
    );
  });

  test('a token is refused as prefix of a derived name, as a name must not change from one synth to the next', () => {
    expect(() => model().dnsName(Lazy.string({ produce: () => 'model-' }))).toThrow('must be known at synth');
  });
});

describe('derived names', () => {
  test('the display name is tenant, name and version', () => {
    expect(model({ tenant: 'team-a' }).displayName).toBe('team-a/llama-3.1-8b@1.2.3');
    expect(model().displayName).toBe('llama-3.1-8b@1.2.3');
  });

  test('names and release ids are the same ones in every version of this library', () => {
    expect(model().releaseId).toBe('6c176810e3');
    expect(model({ tenant: 'team-a', digest: DIGEST }).releaseId).toBe('2f6c7fefb9');
    expect(model({ name: 'llama' }).dnsName('model-')).toBe('model-llama');
    expect(model({ name: 'llama' }).dnsName()).toBe('llama');
    expect(model().dnsName('model-')).toBe('model-llama-3-1-8b-b4e6a3ef2f');
    expect(model({ name: 'a'.repeat(63) }).dnsName('model-')).toBe('model-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-6e3f8b32de');
  });

  test('the release id changes with the prefix and with the digest, and with nothing else', () => {
    const ids = [
      model(), model({ version: '1.2.4' }), model({ name: 'other' }), model({ tenant: 'team-a' }), model({ digest: DIGEST }), model({ prefix: 'legacy/x' }),
    ].map(artifact => artifact.releaseId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(model({ size: Size.gibibytes(1) }).releaseId).toBe(model().releaseId);
    expect(model({ prefix: 'a/', name: 'x' }).releaseId).toBe(model({ prefix: 'a', name: 'y' }).releaseId);
  });

  test('the derived name is stable over versions', () => {
    expect(model({ version: '2' }).dnsName('model-')).toBe(model().dnsName('model-'));
  });

  test('long names that differ in their last letter get different labels of at most 63 characters', () => {
    const [a, b] = ['a', 'b'].map(last => model({ name: `${'x'.repeat(62)}${last}` }).dnsName('model-'));
    expect(a).not.toBe(b);
    expect(a.length).toBeLessThanOrEqual(63);
    expect(a).toMatch(/^model-x+-[0-9a-f]{10}$/);
  });

  test('names that differ in a dot get different labels', () => {
    const labels = ['a.b', 'a-b', 'a.b.c', 'a-b.c', 'a.b-c'].map(name => model({ name }).dnsName());
    expect(new Set(labels).size).toBe(labels.length);
  });
});
