import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findShell, sha256 } from './bench';

const shells = { dash: findShell('dash'), busybox: findShell('busybox') };
const verify = readFileSync(join(__dirname, '../../../lib/delivery/transfer-verify.sh'), 'utf8');

const line = (name: string) => `${sha256('')}  ${name}\n`;
const RIGHT = line('config.json') + line('model.json');

/** What comes of a published manifest in which one thing is wrong; that a refusal ends the program is in refused.ts. */
const FAULTS: Array<[string, string, RegExp]> = [
  ['nothing in it', '', /it is empty/],
  ['no model.json', line('config.json'), /no line for model\.json/],
  ['an absolute path', RIGHT + line('/etc/passwd'), /line 3 is an absolute path: \/etc\/passwd/],
  ['..', RIGHT + line('../escape'), /leaves the folder/],
  ['.. inside', RIGHT + line('a/../../escape'), /leaves the folder/],
  ['.. at the end', RIGHT + line('a/..'), /leaves the folder/],
  ['a single dot', RIGHT + line('a/./b'), /leaves the folder/],
  ['an empty segment', RIGHT + line('a//b'), /empty segment/],
  ['a slash at the end', RIGHT + line('a/'), /empty segment/],
  ['a backslash', RIGHT + line('a\\b'), /backslash/],
  ['a carriage return', RIGHT + line('a\r'), /control characters/],
  ['a tab', RIGHT + line('a\tb'), /control characters/],
  ['a NUL', RIGHT + line('a\0b'), /control characters/],
  ['itself', RIGHT + line('manifest.sha256'), /names the manifest/],
  ['a name twice', RIGHT + line('config.json'), /repeats config\.json/],
  ['a file as a folder too', RIGHT + line('config.json/x'), /as a file and as a folder/],
  ['a line of words', `${RIGHT}hello\n`, /line 3 is not a SHA-256/],
  ['a digest in capitals', RIGHT.replace(/^\S+/, (digest) => digest.toUpperCase()), /line 1 is not a SHA-256/],
  ['the escaped form', `${RIGHT}\\${sha256('')}  a\\nb\n`, /is not a SHA-256/],
  ['a binary marker', RIGHT.replace('  ', ' *'), /is not a SHA-256/],
];

describe.each(['dash', 'busybox'] as const)('a manifest under %s', (name) => {
  const shell = shells[name];
  const run = shell ? test : test.skip;
  const faults = (manifest: string) => spawnSync(shell!.sh, ['-c', `${verify}\ncat > "$0.manifest"; manifest_faults "$0.manifest"; rm "$0.manifest"`, join(shell!.path.split(':')[0], 'read')], { input: manifest, encoding: 'utf8', env: { PATH: shell!.path } });

  run('is accepted where every line is right', () => {
    const { stdout, stderr } = faults(RIGHT + line('with blank') + line('a/..b/c.') + line('grüße 🚀'));
    expect([stdout, stderr]).toEqual(['', '']);
  });

  run.each(FAULTS)('is refused with %s', (_, manifest, says) => {
    expect(faults(manifest).stdout.trim()).toMatch(says);
  });
});
