import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { bundleCommand } from '../../../projenrc/bundle-command.cjs';
import { temporaryFolder } from '../publish/files';

let folder: string;

beforeAll(() => {
  folder = temporaryFolder();
  bundleCommand(path.join(folder, 'command.js'));
  fs.mkdirSync(path.join(folder, 'context'));
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** The exit code, and what was said on standard error. */
function run(script: string) {
  const { stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', process.execPath, path.join(folder, 'command.js')], { cwd: folder, encoding: 'utf8' });
  return { out: stdout, err: stderr };
}

test('a reader that goes away, as head does, ends nothing: the exit code is that of the work', () => {
  expect(run('{ sleep 0.2; "$1" "$2" check-context context; echo "code $?" > code; } | true; cat code')).toEqual({ out: 'code 0\n', err: '' });
});

test('it knows its release, and says nothing of itself on standard error', () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', '..', 'package.json'), 'utf8'));
  expect(run('"$1" "$2" --version')).toEqual({ out: `${version}\n`, err: '' });
  // The SDK that is bundled is good for this version of Node.js.
  const { err } = run('AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null "$1" "$2" verify s3://models --name n --version 1 --profile nobody --region eu-west-1');
  expect(err).toMatch(/^error: CredentialsProviderError: /);
  expect(err).not.toContain('Warning');
});
