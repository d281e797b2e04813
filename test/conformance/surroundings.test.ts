import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { request } from 'node:http';
import * as os from 'node:os';
import * as path from 'node:path';
import { storedName, writeImage } from '../../conformance/node/surroundings/images';
import { NameServer } from '../../conformance/node/surroundings/name-server';
import { AGENT_ADDRESS, PodIdentityAgent } from '../../conformance/node/surroundings/pod-identity-agent';
import { Sessions, Subject } from '../../conformance/node/surroundings/sessions';
import { freePort } from '../../conformance/processes';

const LLAMA: Subject = { namespace: 'serving', serviceAccount: 'llama' };

describe('the agent of EKS Pod Identity', () => {
  const sessions = new Sessions();
  const agent = new PodIdentityAgent(sessions);
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    await agent.start(port, '127.0.0.1');
  });
  afterAll(() => agent.stop());

  const ask = (token: string, host = AGENT_ADDRESS) => new Promise<{ status: number; body: string }>((resolve, reject) => {
    request({ port, path: '/v1/credentials', headers: { host, authorization: token } }, response => {
      let body = '';
      response.on('data', chunk => { body += chunk; });
      response.on('end', () => resolve({ status: response.statusCode!, body }));
    }).on('error', reject).end();
  });

  test('is reached at its own address only', async () => {
    expect(await ask(tokenOf(LLAMA), 'localhost')).toMatchObject({ status: 403, body: expect.stringContaining('Called agent through invalid address') });
  });

  test('takes tokens that can be read and are valid now, without checking their signature', async () => {
    for (const token of ['', 'x', 'a.b.c', tokenOf(LLAMA, { exp: Date.now() / 1000 - 1 })]) expect((await ask(token)).status).toBe(400);
  });

  test('has nothing for a service account until it has an association, nor for a token of another audience', async () => {
    const token = tokenOf(LLAMA);
    expect(await ask(token)).toMatchObject({ status: 404, body: expect.stringContaining('ResourceNotFoundException') });
    agent.associate(LLAMA);
    expect((await ask(tokenOf(LLAMA, { aud: ['sts.amazonaws.com'] }))).status).toBe(400);
    const { status, body } = await ask(token);
    expect(status).toBe(200);
    expect(body).not.toContain('\n');
    expect(sessions.state(JSON.parse(body).Token)).toBe('valid');
    expect(Object.keys(JSON.parse(body))).toEqual(['AccessKeyId', 'SecretAccessKey', 'Token', 'AccountId', 'Expiration']);
  });

  test('answers what it has for a token while the service behind it is away, and nothing to others', async () => {
    const token = tokenOf(LLAMA, { jti: 'cached' });
    const { body } = await ask(token);
    agent.reachable = false;
    expect(await ask(token)).toEqual({ status: 200, body });
    expect((await ask(tokenOf(LLAMA, { jti: 'another' }))).status).toBe(500);
    agent.reachable = true;
  });

  test('keeps back credentials that end within 15 s', async () => {
    agent.lifetime = 15;
    expect(await ask(tokenOf(LLAMA, { jti: 'short' }))).toMatchObject({ status: 500, body: expect.stringContaining('will expire within') });
    agent.lifetime = 20;
    expect((await ask(tokenOf(LLAMA, { jti: 'short' }))).status).toBe(200);
  });
});

test('a session token ends, and one that nobody issued is unknown', () => {
  const sessions = new Sessions();
  expect(sessions.state(sessions.issue(LLAMA, -1).sessionToken)).toBe('expired');
  expect(sessions.state('made up')).toBe('unknown');
  expect(sessions.counts).toEqual({ 'serving/llama': 1 });
});

test('names of AWS have one address, of IPv4, and no other name exists', () => {
  const names = new NameServer('amazonaws.com', '10.1.2.3');
  const answers = (name: string, type: number) => {
    const answer = names.answer(query(name, type))!;
    return { code: answer[3] % 16, records: answer.readUInt16BE(6), end: [...answer.subarray(-4)] };
  };
  expect(answers('acme.s3.eu-west-1.amazonaws.com', 1)).toEqual({ code: 0, records: 1, end: [10, 1, 2, 3] });
  expect(answers('acme.s3.eu-west-1.amazonaws.com', 28)).toMatchObject({ code: 0, records: 0 });
  expect(answers('acme.s3.eu-west-1.amazonaws.com.svc.cluster.local', 1)).toMatchObject({ code: 3, records: 0 });
  expect(answers('notamazonaws.com', 1)).toMatchObject({ code: 3, records: 0 });
});

test('an image of the same files has the same bytes, whenever they were written', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'image-'));
  try {
    const hashes = await Promise.all(['one', 'two'].map(async name => {
      const rootFolder = path.join(folder, name);
      fs.mkdirSync(path.join(rootFolder, 'bin'), { recursive: true });
      fs.writeFileSync(path.join(rootFolder, 'bin', 'a'), 'a', { mode: 0o755 });
      fs.utimesSync(path.join(rootFolder, 'bin', 'a'), 1, name === 'one' ? 1 : 2);
      const archive = path.join(folder, `${name}.tar`);
      await writeImage({ rootFolder, archive, references: ['localhost/a:1'], entrypoint: ['/bin/a'] });
      return createHash('sha256').update(fs.readFileSync(archive)).digest('hex');
    }));
    expect(hashes[0]).toBe(hashes[1]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('of a reference with a digest, the tag is no part of the name', () => {
  expect(storedName('docker.io/a/b:1')).toBe('docker.io/a/b:1');
  expect(storedName('localhost:5000/a/b:1@sha256:ab')).toBe('localhost:5000/a/b@sha256:ab');
});

function tokenOf({ namespace, serviceAccount }: Subject, more: object = {}): string {
  const claims = { 'aud': ['pods.eks.amazonaws.com'], 'exp': Date.now() / 1000 + 3600, 'kubernetes.io': { namespace, serviceaccount: { name: serviceAccount } }, ...more };
  return [{ alg: 'RS256' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).concat('signature').join('.');
}

function query(name: string, type: number): Buffer {
  const labels = name.split('.').map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, Buffer.from([0, 0, type, 0, 1])]);
}
