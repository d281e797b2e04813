import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { digestOf } from './build-bench';
import { partOfBuild } from '../../lib/oci/model-image-builder-program';

const tools = ['curl', 'tar', 'sha256sum'].every(tool => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);

describe(`what prepares a build${tools ? '' : ' (skipped: no curl on this machine)'}`, () => {
  const run = tools ? test : test.skip;
  let folder: string;
  let archive: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'prepare-'));
    archive = path.join(folder, 'archive.tar.gz');
    const log = path.join(folder, 'log');
    fs.writeFileSync(path.join(folder, 'oras'), `#!/bin/sh\necho "$@ $(cat)" >> ${log}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(folder, 'aws'), '#!/bin/sh\necho "password of $*"\n', { mode: 0o755 });
    spawnSync('tar', ['-czf', archive, '-C', folder, 'oras']);
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const prepare = (env: object) => spawnSync('sh', ['-c', partOfBuild('prepare-build.sh'), 'prepare', path.join(folder, 'tools')], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, AWS: path.join(folder, 'aws'), ORAS_URL: `file://${archive}`, ORAS_SHA256: digestOf(fs.readFileSync(archive)).slice(7), IMAGE_REPOSITORY: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/models', ...env },
  });

  const login = (registry: string, region: string) => `login --username AWS --password-stdin ${registry} password of ecr get-login-password --region ${region}`;
  const log = () => fs.existsSync(path.join(folder, 'log')) ? fs.readFileSync(path.join(folder, 'log'), 'utf8').trim().split('\n') : [];

  run('unpacks oras and logs in to each registry of ECR once, in its own region', () => {
    expect(prepare({ IMAGE_BASE: '444455556666.dkr.ecr.us-west-2.amazonaws.com/busybox@sha256:1' }).status).toBe(0);
    expect(prepare({ IMAGE_BASE: 'docker.io/library/busybox@sha256:1' }).status).toBe(0);
    const ours = login('111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1');
    expect(log()).toEqual([ours, login('444455556666.dkr.ecr.us-west-2.amazonaws.com', 'us-west-2'), ours]);
  });

  run.each([
    ['111122223333.dkr.ecr.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu', 'eusc-de-east-1'],
    ['111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov', 'us-iso-east-1'],
    ['111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['111122223333.dkr-ecr.eu-west-1.on.aws', 'eu-west-1'],
    ['111122223333.dkr-ecr-fips.us-east-2.on.aws', 'us-east-2'],
  ])('logs in to %s', (registry, region) => {
    expect(prepare({ IMAGE_REPOSITORY: `${registry}/models` }).status).toBe(0);
    expect(log()).toEqual([login(registry, region)]);
  });

  run('logs in to no other registry', () => {
    for (const image of ['public.ecr.aws/docker/library/busybox', 'docker.io/library/busybox', 'registry.example.com/a.dkr.ecr.b/c']) expect(prepare({ IMAGE_REPOSITORY: image }).status).toBe(0);
    expect(log()).toEqual([]);
  });

  run('runs no archive but the one whose checksum is pinned', () => {
    const { status, stderr } = prepare({ ORAS_SHA256: 'a'.repeat(64) });
    expect([status, stderr]).toEqual([65, expect.stringContaining('it is not the archive that was approved')]);
    expect([fs.existsSync(path.join(folder, 'tools', 'oras')), fs.existsSync(path.join(folder, 'log'))]).toEqual([false, false]);
  });

  run('says what to do where oras can\'t be had', () => {
    const { status, stderr } = prepare({ ORAS_URL: `file://${folder}/other` });
    expect([status, stderr]).toEqual([69, expect.stringContaining('give the builder a mirror')]);
  });
});
