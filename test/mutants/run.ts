/**
 * Shows that the tests can fail: applies each mutant to a copy of the project and runs the one test file that must turn red.
 * `npm run mutants`, or `npm run mutants -- <words>` for those whose description has them.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { ACCESS_MUTANTS } from './access';
import { AWS_SIDE_MUTANTS } from './aws-side';
import { DELIVERY_MUTANTS } from './delivery';
import { EXISTING_MUTANTS } from './existing';
import { FRAGMENT_MUTANTS } from './fragments';
import { KSERVE_MUTANTS } from './kserve';
import { KUBERNETES_SIDE_MUTANTS } from './kubernetes-side';
import { OCI_MUTANTS } from './oci';
import { OCI_BUILD_MUTANTS } from './oci-build';
import { OCI_POD_MUTANTS } from './oci-pods';
import { PROGRAM_MUTANTS } from './program';
import { PROGRAM_PLACE_MUTANTS } from './program-place';
import { PROGRAM_SOURCES_MUTANTS } from './program-sources';
import { breakLine, copyProject } from './project-copy';
import { PRUNE_MUTANTS } from './prune';
import { PUBLISH_MUTANTS } from './publish';
import { PUBLISH_SOURCE_MUTANTS } from './publish-sources';
import { RETENTION_MUTANTS } from './retention';
import { STORAGE_MUTANTS } from './storage';
import { TARGET_MUTANTS } from './targets';
import { VERIFY_MUTANTS } from './verify';
import { VERSIONS_MUTANTS } from './versions';
import { WORKLOAD_MUTANTS } from './workload';
import { YAML_MUTANTS } from './yaml';

const MUTANTS = [
  ...PROGRAM_MUTANTS,
  ...PROGRAM_PLACE_MUTANTS,
  ...PROGRAM_SOURCES_MUTANTS,
  ...AWS_SIDE_MUTANTS,
  ...KUBERNETES_SIDE_MUTANTS,
  ...DELIVERY_MUTANTS,
  ...EXISTING_MUTANTS,
  ...FRAGMENT_MUTANTS,
  ...OCI_MUTANTS,
  ...OCI_BUILD_MUTANTS,
  ...OCI_POD_MUTANTS,
  ...KSERVE_MUTANTS,
  ...WORKLOAD_MUTANTS,
  ...ACCESS_MUTANTS,
  ...STORAGE_MUTANTS,
  ...RETENTION_MUTANTS,
  ...PRUNE_MUTANTS,
  ...TARGET_MUTANTS,
  ...YAML_MUTANTS,
  ...VERSIONS_MUTANTS,
  ...PUBLISH_MUTANTS,
  ...PUBLISH_SOURCE_MUTANTS,
  ...VERIFY_MUTANTS,
];

const WORKERS = 2;
/** Where jest leaves what came of each test, in the copy. */
const OUTCOME = 'outcome.json';
/** A mutant may hang what it breaks; that counts as red. */
const LIMIT_MS = 240_000;

interface Outcome {
  readonly red: boolean;
  readonly seconds: number;
  readonly output: string;
}

function runTest(copy: string, test: string, only?: string): Promise<Outcome> {
  const started = Date.now();
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--runInBand', '--json', '--outputFile', OUTCOME, '--runTestsByPath', test, ...only ? ['--testNamePattern', only] : []];
  return new Promise(resolve => {
    const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => { output += chunk; });
    const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), LIMIT_MS);
    child.on('close', code => {
      clearTimeout(timer);
      resolve({ red: code !== 0, seconds: Math.round((Date.now() - started) / 1000), output });
    });
  });
}

/** The full names of the tests that passed in the last run. */
function passedTests(copy: string): string[] {
  const { testResults } = JSON.parse(fs.readFileSync(path.join(copy, OUTCOME), 'utf8')) as { testResults: Array<{ assertionResults: Array<{ status: string; fullName: string }> }> };
  return testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'passed').map(({ fullName }) => fullName);
}

async function main() {
  const words = process.argv.slice(2);
  const mutants = MUTANTS.filter(({ what }) => words.every(word => what.includes(word)));
  const copies = Array.from({ length: WORKERS }, copyProject);
  let passed = 0;
  let failed = 0;
  const report = (good: boolean, text: string, output: string) => {
    if (good) passed++; else failed++;
    process.stdout.write(`${good ? 'ok    ' : 'FAILED'} ${text}\n${good ? '' : output}`);
  };
  const eachWithCopy = async <T>(items: T[], work: (copy: string, item: T) => Promise<void>) => {
    const queue = [...items];
    await Promise.all(copies.map(async copy => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(copy, item);
    }));
  };
  try {
    // A test that is red without a mutant would be red with any, and so would one that is not there.
    await eachWithCopy([...new Set(mutants.map(({ test }) => test))], async (copy, test) => {
      const patterns = mutants.filter(mutant => mutant.test === test).map(({ only }) => only ?? '');
      const { red, output } = await runTest(copy, test, patterns.includes('') ? undefined : patterns.map(pattern => `(${pattern})`).join('|'));
      const green = passedTests(copy);
      const lacking = patterns.find(pattern => !green.some(name => new RegExp(pattern, 'i').test(name)));
      if (red || lacking !== undefined) report(false, `${test} is not green without a mutant${lacking ? `, or has no test '${lacking}'` : ''}`, output);
    });
    await eachWithCopy(mutants, async (copy, mutant) => {
      try {
        const restore = breakLine(copy, mutant);
        const { red, seconds, output } = await runTest(copy, mutant.test, mutant.only);
        restore();
        report(red, `${mutant.what}: ${mutant.test} ${red ? 'turns red' : 'STAYS GREEN'} (${seconds} s)`, output);
      } catch (error) {
        report(false, String(error), '');
      }
    });
  } finally {
    for (const copy of copies) fs.rmSync(copy, { recursive: true, force: true });
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

void main();
