import { spawnSync } from 'node:child_process';
import { Fetcher, transferProgram } from '../../../lib/delivery/program';

const there = spawnSync('shellcheck', ['--version']).status === 0;

// SC2317: functions that are called through a variable look unreachable.
(there ? test : test.skip).each<Fetcher>(['s5cmd', 'aws', 'cp'])(`%s is clean for shellcheck${there ? '' : ' (skipped: no shellcheck on this machine)'}`, (fetcher) => {
  const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-e', 'SC2317', '-'], { input: transferProgram(fetcher), encoding: 'utf8' });
  expect(stdout).toBe('');
});
