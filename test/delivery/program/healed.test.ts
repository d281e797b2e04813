import { findShell, withBench } from './bench';
import { HEALED } from './healed';
import { play } from './scenarios';

jest.setTimeout(60_000);

const dash = findShell('dash');
const run = dash ? test.concurrent : test.skip; // most of a run is waiting
const why = dash ? '' : ' (skipped: no dash on this machine)';

describe(`s5cmd under dash delivers the whole in spite of it${why}`, () => {
  run.each(HEALED.filter(({ only }) => only !== 'aws'))('$name', (scenario) => withBench(dash!, 's5cmd', (bench) => play(bench, scenario)));
});
