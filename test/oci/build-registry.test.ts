import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callProgram, digestOf, orasThat } from './build-bench';
import { findShell } from '../delivery/program/bench';

const dash = findShell('dash')!;
const run = dash ? test : test.skip;
const MANIFEST = '{"schemaVersion":2}';
const OTHER = `sha256:${'b'.repeat(64)}`;

describe(`how a build asks the registry${dash ? '' : ' (skipped: no dash on this machine)'}`, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'registry-'));
    writeFileSync(join(folder, 'manifest'), MANIFEST);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What oras answers in turn, the last answer for ever: a descriptor of that digest, or words of an error; what was asked is told too. */
  function asking(script: string, answers: string[]) {
    const log = join(folder, 'log');
    rmSync(log, { force: true });
    const oras = orasThat(folder, `echo "$1 $2" >> ${log}\nturn=$(wc -l < ${log})\n[ "$turn" -le ${answers.length} ] || turn=${answers.length}\ncase $turn in\n${
      answers.map((answer, index) => `  ${index + 1}) ${/^sha256:/.test(answer) ? `echo '{"digest":"${answer}"}'` : `echo 'Error: ${answer}' >&2; exit 1`} ;;\n`).join('')}esac`);
    const called = callProgram(dash, folder, script, { ORAS: oras, IMAGE_REPOSITORY: 'registry/models' });
    return { ...called, asked: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [] };
  }

  const find = (answers: string[]) => asking('find_tag v1; say "$tagged"', answers);
  const push = (answers: string[]) => asking('push_tagged "$work/manifest" type v1', answers);
  const ours = digestOf(MANIFEST);

  run('a blob is pushed again where it failed once, and three times at most', () => {
    const blob = (answers: string[]) => asking('push_blob "$work/manifest"', answers);
    expect(blob(['503', OTHER])).toMatchObject({ status: 0, asked: ['blob push', 'blob push'] });
    expect(blob(['503', '503', OTHER])).toMatchObject({ status: 0, asked: Array(3).fill('blob push') });
    expect(blob(['503'])).toMatchObject({ status: 69, asked: Array(3).fill('blob push'), stderr: expect.stringContaining('registry/models takes no sha256:') });
  });

  run('a tag is asked for again where the registry gave no answer', () => {
    expect(find(['503 Service Unavailable', OTHER])).toMatchObject({ status: 0, stdout: `${OTHER}\n`, asked: Array(2).fill('manifest fetch') });
    expect(find(['503 Service Unavailable'])).toMatchObject({ status: 69, asked: Array(3).fill('manifest fetch'), stderr: expect.stringContaining('registry/models says not whether it has v1: Error: 503') });
  });

  run.each(['registry/models:v1: not found', 'response status code 404: manifest unknown: Requested image not found', 'MANIFEST_UNKNOWN', 'name unknown: The repository does not exist'])('a tag that is not there is no failure: %s', words => {
    expect(find([words])).toMatchObject({ status: 0, stdout: '\n', asked: ['manifest fetch'] });
  });

  run('OCI-15 a tag that another build pushed meanwhile is looked at: the same digest is no failure, another one is', () => {
    const race = ['not found', 'tag is immutable', 'tag is immutable', 'tag is immutable'];
    expect(push([...race, ours])).toMatchObject({ status: 0, stdout: 'registry/models:v1 is there already, with the same digest\n' });
    expect(push([...race, OTHER])).toMatchObject({ status: 65, stderr: expect.stringContaining(`registry/models:v1 is ${OTHER} already, and this build made ${ours}: an image never changes`) });
    expect(push([...race, 'not found'])).toMatchObject({ status: 69, stderr: expect.stringContaining('takes no manifest under v1: Error: tag is immutable') });
  });

  run('OCI-15 a tag stays what it is', () => {
    expect(push([OTHER])).toMatchObject({ status: 65, asked: ['manifest fetch'], stderr: expect.stringContaining('give the builder another tagSuffix') });
    expect(push([ours])).toMatchObject({ status: 0, asked: ['manifest fetch'] });
  });
});
