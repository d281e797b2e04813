import * as fs from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../examples';
import { Run } from '../part';
import { Session } from './session';
import { AWS_CLI, BUSYBOX, S5CMD } from '../tools/catalogue';

/** Test files of the program that drive a downloader, and which. */
interface Suite {
  readonly by: string;
  readonly files: readonly string[];
  /** How full names of tests begin that have no place here. @default - none */
  readonly except?: string;
  /** How many scenarios at once: a program is ended after 40 s. */
  readonly atOnce: number;
}

const SUITES: Suite[] = [
  { by: S5CMD.title, files: ['transfer', 'healed', 'restart'], atOnce: 4 },
  { by: S5CMD.title, files: ['sources'], except: 'aws |IRSA with ', atOnce: 4 }, // another downloader's, and AWS STS
  { by: `${S5CMD.title} under ${BUSYBOX.title}`, files: ['busybox'], atOnce: 4 },
  { by: AWS_CLI.title, files: ['aws'], atOnce: 1 },
];

/** Seconds for the test files of one suite: each scenario has a limit of its own. */
const LIMIT = 900;

/** As jest writes it. */
interface Results {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly message: string;
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] }>;
  }>;
}

/** The scenario tests of the program, with the real downloaders in place of their stand-ins. */
export async function runScenarios(run: Run): Promise<void> {
  const binaries = reachable(run.folder);
  for (const suite of SUITES) await runSuite(run, suite, binaries);
  run.checks('AWS STS', 'web identities').skip('a web identity (IRSA) is exchanged', 'AWS STS can\'t be had here: `npm test` has a stand-in');
}

async function runSuite({ folder, processes, checks, say }: Run, { by, files, except = '$', atOnce }: Suite, binaries: string): Promise<void> {
  const started = Date.now();
  const selected = `^(?!${except})`;
  const output = path.join(folder, `scenarios-${files[0]}.json`);
  const tests = Session.start(processes, {
    command: process.execPath,
    args: [
      path.join('node_modules', 'jest', 'bin', 'jest.js'), '--ci', '--runInBand', '--coverage=false', `--maxConcurrency=${atOnce}`, `--testNamePattern=${selected}`,
      '--json', `--outputFile=${output}`, ...files.map(file => `test/delivery/program/${file}.test.ts`),
    ],
    env: { ...process.env, PATH: `${binaries}:${process.env.PATH}`, S5CMD_BINARY: path.join(binaries, 's5cmd'), AWS_BINARY: AWS_CLI.file('aws') },
  }, ROOT);
  const code = await tests.exit(LIMIT);
  await tests.kill();
  if (!fs.existsSync(output)) throw new Error(`${code === undefined ? `jest still ran after ${LIMIT} s` : 'jest wrote no results'}: ${tests.said.trim().slice(-2000)}`);
  const { testResults } = JSON.parse(fs.readFileSync(output, 'utf8')) as Results;
  for (const { name, message, assertionResults } of testResults) {
    const row = checks(by, `scenarios of ${path.basename(name)}`);
    const results = assertionResults.filter(({ fullName }) => new RegExp(selected).test(fullName));
    if (results.length === 0) await row.check(path.basename(name), () => { throw new Error(message || 'it holds no test'); });
    for (const { fullName, status, failureMessages } of results) {
      if (status === 'pending') row.skip(fullName, 'this machine lacks a tool that it needs');
      else await row.check(fullName, () => { if (status !== 'passed') throw new Error(failureMessages.join('\n').slice(0, 1500)); });
    }
  }
  say(`${by}: ${files.join(', ')}: ${Math.round((Date.now() - started) / 1000)} s`);
}

/** A folder with busybox and s5cmd that every user may enter: some scenarios are another user's, and the cache may be one user's own. */
function reachable(folder: string): string {
  const binaries = path.join(folder, 'binaries');
  fs.mkdirSync(binaries);
  for (const binary of [BUSYBOX.file('bin/busybox'), S5CMD.file('s5cmd')]) fs.copyFileSync(binary, path.join(binaries, path.basename(binary)));
  for (const each of [folder, binaries]) fs.chmodSync(each, 0o755);
  return binaries;
}
