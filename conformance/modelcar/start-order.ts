import { podWithModelcar } from './delivered';
import { Kubelet, Pace, Started } from './kubelet';
import { Site } from './site';
import { ModelcarOrdering } from '../../lib/delivery';
import { Checks } from '../report';

const AT_ONCE = 8;

/** In tenths of what it would be: an image that takes a second and a half, containers that take up to a fifth of one, and a shell that the disk is slow to read. */
const PACE: Pace = { pull: 150, creation: () => Math.random() * 20, lag: () => Math.random() * 40 };

interface Order {
  readonly name: string;
  /** The spec of a pod. */
  readonly spec: (site: Site) => any;
  /** Whether the application may miss its model. */
  readonly races: boolean;
  /** How often it is started. */
  readonly runs: number;
}

const ORDERS: Order[] = [
  {
    name: 'an ordinary container alone, as KServe before 0.14 has it',
    spec: site => ({ ...podWithModelcar(site, { ordering: ModelcarOrdering.PREFETCH_INIT }), initContainers: [] }),
    races: true,
    runs: 50,
  },
  { name: 'prefetchInit: an ordinary container, its image pulled first', spec: site => podWithModelcar(site, { ordering: ModelcarOrdering.PREFETCH_INIT }), races: true, runs: 200 },
  {
    name: 'a native sidecar, its gate and the look after it taken away',
    spec: site => {
      const spec = podWithModelcar(site, { ordering: ModelcarOrdering.NATIVE_SIDECAR });
      const [{ startupProbe, ...sidecar }] = spec.initContainers;
      return { ...spec, initContainers: [sidecar] };
    },
    races: true,
    runs: 50,
  },
  { name: 'both, by a startup probe', spec: site => podWithModelcar(site, { version: '1.34' }), races: false, runs: 200 },
  { name: 'both, by a hook', spec: site => podWithModelcar(site, { version: '1.35' }), races: false, runs: 200 },
];

/** How often the application starts before its model, by what it waits for. */
export async function checkStartOrder(checks: Checks, site: Site, say: (text: string) => void): Promise<void> {
  for (const { name, spec, races, runs } of ORDERS) {
    await checks.check(name, async () => {
      const started = await times(runs, () => new Kubelet(site, PACE).run(spec(site)));
      const missed = started.filter(({ restarts }) => restarts > 0).length;
      say(`modelcar, ${name}: ${counts(started)}`);
      if (races !== missed > 0) throw new Error(`the application started before its model ${missed} times of ${runs}`);
      if (started.some(({ restarts, late }) => restarts > 1 && !late)) throw new Error('an application was started again twice, though its link was there');
    });
  }
}

/** So many of them, some at once. */
async function times(count: number, run: () => Promise<Started>): Promise<Started[]> {
  const results: Started[] = [];
  let left = count;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left-- > 0) results.push(await run());
  }));
  return results;
}

function counts(started: Started[]): string {
  const most = Math.max(...started.map(({ restarts }) => restarts));
  const each = Array.from({ length: most + 1 }, (_, restarts) => `${['never', 'once', 'twice'][restarts] ?? `${restarts} times`} ${started.filter(one => one.restarts === restarts).length}`);
  return `of ${started.length} applications were started again: ${each.join(', ')}`;
}
