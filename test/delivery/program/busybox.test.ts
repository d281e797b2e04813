import { findShell, withBench } from './bench';
import { HEALED } from './healed';
import { REFUSED } from './refused';
import { play } from './scenarios';

jest.setTimeout(60_000);

// The s5cmd image's shell and tools: no curl, no openssl. What differs from dash is how its tools behave.
const busybox = findShell('busybox');
const run = busybox ? test.concurrent : test.skip; // most of a run is waiting
const why = busybox ? '' : ' (skipped: no busybox on this machine)';
const touched = /S3-12|S3-13|file denied|stands still is ended|without a checksum header|pinned|cut between|names are names|stands still once/;

describe(`s5cmd under busybox${why}`, () => {
  const scenarios = [...REFUSED, ...HEALED].filter(({ name, only }) => only !== 'aws' && touched.test(name));
  run.each(scenarios)('$name', (scenario) => withBench(busybox!, 's5cmd', (bench) => play(bench, scenario)));
});
