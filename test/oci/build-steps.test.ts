import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untar } from './archives';
import { build, callProgram, HAS_GNU_TOOLS, orasThat } from './build-bench';
import { findShell, withBench } from '../delivery/program/bench';

const dash = findShell('dash')!;
const why = !dash ? ' (skipped: no dash on this machine)' : !HAS_GNU_TOOLS ? ' (skipped: no GNU tar and find on this machine)' : '';
const run = why === '' ? test : test.skip;

describe(`the steps of a build${why}`, () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'steps-')); });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** The folder of a model that is fetched. */
  function fetched(files: Record<string, string>): string {
    const models = join(folder, 'model', 'models');
    mkdirSync(models, { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(models, name), content);
    return models;
  }

  run('OCI-15 a tag is another one where anything that is in the image is', () => {
    const usual = { MODEL_DIGEST: `sha256:${'a'.repeat(64)}`, MODEL_NAME: 'llama', MODEL_VERSION: '1', IMAGE_BASE: `x/busybox@sha256:${'b'.repeat(64)}`, IMAGE_PLATFORMS: 'amd64' };
    const tagOf = (env: object) => callProgram(dash, folder, 'image_tag', { ...usual, ...env }).stdout;
    expect(tagOf({})).toMatch(new RegExp(`^model-${'a'.repeat(64)}-[0-9a-f]{12}$`));
    const tags = [{}, { MODEL_DIGEST: `sha256:${'c'.repeat(64)}` }, { MODEL_NAME: 'lama' }, { MODEL_VERSION: '2' }, { IMAGE_BASE: `x/busybox@sha256:${'d'.repeat(64)}` }, { IMAGE_BASE: '' },
      { IMAGE_PLATFORMS: 'amd64 arm64' }, { IMAGE_TAG_SUFFIX: 's'.repeat(32) }].map(tagOf);
    expect(new Set(tags).size).toBe(tags.length);
    expect(Math.max(...tags.map(tag => `${tag}-amd64`.length))).toBeLessThanOrEqual(128); // https://github.com/opencontainers/distribution-spec
    expect(tagOf({ IMAGE_BASE: `mirror.example.com/busybox:1@sha256:${'b'.repeat(64)}` })).toBe(tagOf({})); // the same bytes from elsewhere
  });

  run('labels are those of the OCI specification, of what model.json has', () => {
    const labelsOf = (description: object) => {
      writeFileSync(join(folder, 'model.json'), JSON.stringify(description));
      const { stdout } = callProgram(dash, folder, 'json_values "$work/model.json" > "$state/values"; labelled=" "; image_labels "$state/values" llama v1 sha256:a');
      return JSON.parse(`{${stdout}}`);
    };
    const own = { 'io.github.cdk-eks-model-artifacts.model.digest': 'sha256:a', 'org.opencontainers.image.title': 'llama', 'org.opencontainers.image.version': 'v1' };
    expect(labelsOf({ source: 'hf://org/"repo"', commit: 'f00d', license: 'apache-2.0', licenses: 'mit' })).toEqual({
      ...own,
      'org.opencontainers.image.licenses': 'apache-2.0',
      'org.opencontainers.image.revision': 'f00d',
      'org.opencontainers.image.source': 'hf://org/"repo"',
    });
    expect(labelsOf({ source: 5, license: null, revision: '' })).toEqual(own);
  });

  run('OCI-14 layers of the base count', () => {
    fetched({ a: 'a', b: 'b', c: 'c' });
    const layers = (ofBase: number) => callProgram(dash, folder, `base_layers=${ofBase}; plan_layers; say "$layers"`, { IMAGE_LARGE_FILE: '1' }).stdout;
    expect([layers(0), layers(58), layers(59)]).toEqual(['3\n', '2\n', '1\n']);
  });

  run('OCI-14 a layer that became larger than was planned ends the build', () => {
    fetched({ a: 'a' });
    const { status, stderr } = callProgram(dash, folder, 'printf "1\\ta\\n" > "$state/plan"; layers=1; layer_limit=1000; push_layers');
    expect([status, stderr]).toEqual([70, expect.stringMatching(/layer 1 has \d+ bytes, more than was planned/)]);
  });

  run('what the transfer program brought is made read-only, and refused where it is neither file nor folder', () => {
    const fetch = (left: string) => {
      writeFileSync(join(folder, 'transfer'), `for each; do case $each in --destination=*) cd "\${each#*=}" ;; esac; done; mkdir -p models; cd models; ${left}`);
      return callProgram(dash, folder, 'fetch_model', { MODEL_TRANSFER: join(folder, 'transfer') });
    };
    expect(fetch('echo a > a; chmod 0755 a')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((statSync(join(folder, 'model', 'models', 'a')).mode % 0o10000).toString(8)).toBe('444');
    expect(fetch('ln -s /etc/passwd b')).toEqual({ status: 65, stdout: '', stderr: expect.stringContaining('the model holds what is neither file nor folder: ./b') });
    expect(fetch('exit 66').status).toBe(66);
  });

  run('OCI-17 an archive holds files, however they are linked on the disk', () => {
    const models = fetched({ a: 'text' });
    linkSync(join(models, 'a'), join(models, 'b'));
    symlinkSync('a', join(models, 'c'));
    expect(callProgram(dash, folder, 'printf "1\\ta\\n1\\tb\\n1\\tc\\n" > "$state/plan"; write_layer "$work/model" "$state/plan" 1 "$work/layer.tar"').status).toBe(0);
    expect(untar(readFileSync(join(folder, 'layer.tar'))).map(({ path, type, content }) => [path, type, content.toString()]))
      .toEqual([['models/', '5', ''], ['models/a', '0', 'text'], ['models/b', '0', 'text'], ['models/c', '0', 'text']]);
  });

  run('a build that is stopped cleans up, and one that fails leaves no reference of an earlier one', async () => withBench(dash, 'aws', async bench => {
    const tmp = join(folder, 'tmp');
    mkdirSync(tmp);
    const result = join(folder, 'image');
    const ends = async (script: string) => {
      writeFileSync(result, 'registry/models@sha256:earlier');
      return build(bench, bench.publish(), join(folder, 'registry'), { ORAS: orasThat(folder, script), IMAGE_BASE: `x/base@sha256:${'b'.repeat(64)}`, TMPDIR: tmp, IMAGE_RESULT: result });
    };
    const left = () => [...readdirSync(folder).filter(name => name === 'image'), ...readdirSync(tmp)];
    expect([(await ends('kill -TERM $PPID')).code, left()]).toEqual([143, []]);
    expect([(await ends('echo "429 toomanyrequests" >&2; exit 1')).code, left()]).toEqual([69, []]);
  }));
});
