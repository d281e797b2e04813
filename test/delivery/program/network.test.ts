import { networkInterfaces } from 'node:os';
import { Bench, bytes, digests, Files, findShell, Shell, withBench } from './bench';
import { PodIdentityAgent } from './pod-identity-agent';
import { Proxy } from './proxy';
import { expectNoProcesses } from './scenarios';
import { Fetcher } from '../../../lib/delivery/program';

jest.setTimeout(60_000);

// curl and busybox wget ask the agent; the AWS CLI does so by itself.
const CLIENTS: Array<[string, Fetcher, Shell | undefined]> = [['curl', 's5cmd', findShell('dash')], ['busybox wget', 's5cmd', findShell('busybox')], ['the AWS CLI', 'aws', findShell('bash')]];
const ipv6 = Object.values(networkInterfaces()).flat().some((address) => address?.address === '::1');
const MODEL: Files = { 'config.json': bytes('config', 200) };

/** S3 by a name that only the proxy knows. */
async function throughProxy(b: Bench, env: (proxy: string) => Record<string, string>): Promise<void> {
  const proxy = new Proxy('s3.behind-proxy.test', () => b.s3.endpoint);
  try {
    const publication = b.publish(MODEL);
    b.env = { AWS_ENDPOINT_URL: 'http://s3.behind-proxy.test', ...env(await proxy.start()) };
    const outcome = await b.run(b.arguments(publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(new Set(proxy.asked)).toEqual(new Set(['s3.behind-proxy.test']));
    await expectNoProcesses(b);
  } finally {
    proxy.stop();
  }
}

describe.each(CLIENTS)('%s', (_, fetcher, shell) => {
  const run = shell ? test.concurrent : test.skip; // most of a run is waiting

  run.each<[string, (proxy: string) => Record<string, string>]>([
    ['lower case', (proxy) => ({ http_proxy: proxy, https_proxy: proxy, all_proxy: proxy, no_proxy: 'internal.test' })],
    ['capitals', (proxy) => ({ HTTP_PROXY: proxy, HTTPS_PROXY: proxy, ALL_PROXY: proxy, NO_PROXY: 'internal.test' })],
  ])('S3-28 S3 is asked through the proxy and the agent is not: %s', (__, env) => withBench(shell!, fetcher, (b) => throughProxy(b, env)));

  (ipv6 ? run : test.skip)('the agent by its IPv6 address, beside a proxy', () => withBench(shell!, fetcher, async (b) => {
    await throughProxy(b, (proxy) => ({ http_proxy: proxy, HTTP_PROXY: proxy, NO_PROXY: 'internal.test' }));
    expect(b.agent.calls).toBeGreaterThan(0);
  }, new PodIdentityAgent('::1')));
});
