import { findShell, withBench } from './bench';
import { HEALED } from './healed';
import { REFUSED } from './refused';
import { play, Scenario } from './scenarios';

jest.setTimeout(60_000);

// Its image has bash as sh. Only what touches the downloader; the rest is covered with s5cmd.
const bash = findShell('bash');
const run = bash ? test.concurrent : test.skip; // most of a run is waiting
const why = bash ? '' : ' (skipped: no bash on this machine)';
const touched = /S3-02|denied|stays expired|body that stands still is|flipped bit under|flipped bit without|disk that fills|S3-05|names are names|S3-29/;

const own: Scenario[] = [
  { name: '503 for ever', code: 69, says: [/kept failing/, /model-00001/, /Failed|503|SlowDown/], rules: [{ key: /model-00001/, fault: '503' }] },
];

describe(`aws under bash${why}`, () => {
  const scenarios = [...REFUSED, ...HEALED].filter(({ name, only }) => only !== 's5cmd' && touched.test(name));
  run.each([...scenarios, ...own])('$name', (scenario) => withBench(bash!, 'aws', (bench) => play(bench, scenario)));
});
