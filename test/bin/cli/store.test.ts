import type { S3Client } from '@aws-sdk/client-s3';
import { Call } from '../../../bin/cli/command';
import { Store } from '../../../bin/cli/store';
import { BucketServer } from '../s3-server';

jest.setTimeout(60_000); // for a machine with much else to do

test('the answer for a small object that breaks off is asked for again, four times at most', async () => {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S', AWS_REGION: 'us-west-2' });
  const server = await new BucketServer('models').start();
  const store = Store.at('s3://models', { words: [], values: { 'endpoint-url': server.endpoint }, output: {} as Call['output'] });
  try {
    server.main.put('small', 'content', { metadata: { attempt: '1' } });
    server.faults = [{ fault: 'cut', operation: 'GetObject', times: 3 }];
    expect(await store.get('small')).toMatchObject({ content: Buffer.from('content'), etag: server.main.current('small')!.etag, metadata: { attempt: '1' } });
    expect(await store.find('none')).toBeUndefined();
    server.faults = [{ fault: 'cut', operation: 'GetObject' }];
    await expect(store.find('small')).rejects.toThrow();
    expect(server.asked('GetObject').filter(key => key === 'small')).toHaveLength(4 + 4);
  } finally {
    store.client.destroy();
    await server.stop();
  }
});

test('a listing that is cut and does not go on is an error, not the end', async () => {
  const pages = [{ Contents: [{ Key: 'a', Size: 1 }], IsTruncated: true, NextContinuationToken: '2' }, { Contents: [{ Key: 'b', Size: 1 }], IsTruncated: true }];
  const store = new Store('models', { send: async () => pages.shift() } as unknown as S3Client);
  const keys: string[] = [];
  await expect((async () => {
    for await (const { key } of store.list('x/')) keys.push(key);
  })()).rejects.toThrow('the listing of s3://models/x/ is cut and says not where it goes on');
  expect(keys).toEqual(['a', 'b']);
});
