import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { FaultProxy } from '../../conformance/downloads/fault-proxy';

describe('the proxy that injects faults', () => {
  let server: Server;
  beforeAll(() => new Promise<void>(resolve => {
    server = createServer((request, response) => response.end(`${request.headers.host} ${request.url}`)).listen(0, '127.0.0.1', resolve);
  }));
  afterAll(() => void server.close());

  const upstream = () => (server.address() as AddressInfo).port;
  const get = (proxy: FaultProxy, path: string) => fetch(`${proxy.endpoint}${path}`).then(answer => answer.text(), () => 'no answer');

  test('leaves host and path as they are, which a signature covers', async () => {
    const proxy = await FaultProxy.start(upstream(), 'models/a/', []);
    expect(await get(proxy, '/bucket/models/a/b%20c?x=1')).toBe(`${new URL(proxy.endpoint).host} /bucket/models/a/b%20c?x=1`);
    expect(proxy.asked).toEqual({ get: 1, head: 0, list: 0, other: 0 });
    proxy.close();
  });

  test('acts on the objects and the turns of a rule, and on no other', async () => {
    const effect = ({ response }: { response: { end(text: string): unknown } }) => void response.end('fault');
    const proxy = await FaultProxy.start(upstream(), 'models/a/', [{ effect, objects: ['b'], after: 1, times: 1 }]);
    const answers = [];
    for (const name of ['b', 'c', 'b', 'b']) answers.push((await get(proxy, `/bucket/models/a/${name}`)).slice(0, 5) === 'fault');
    expect([answers, proxy.acted]).toEqual([[false, false, true, false], 1]);
    proxy.close();
  });

  test('tells of a fault that could not be injected as it is meant', async () => {
    const proxy = await FaultProxy.start(upstream(), 'models/a/', [{ effect: () => { throw new Error('no such header'); } }]);
    expect(await get(proxy, '/bucket/models/a/b')).toBe('no answer');
    expect(proxy.broken).toEqual(['no such header']);
    proxy.close();
  });
});
