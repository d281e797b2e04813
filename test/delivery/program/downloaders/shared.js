// What both stand-ins share: signing as far as the test server looks, ranged downloads, a temporary file beside the
// target that a kill leaves behind, as the real downloaders do.
'use strict';
const { createHash, randomInt } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

class S3Error extends Error {
  constructor(code, message, status) {
    super(message);
    Object.assign(this, { code, status });
  }
}

/** The proxy for a URL as the environment has it: never for loopback where `localDirect`, as in Go. */
function proxyFor(url, localDirect) {
  const { env } = process;
  const proxy = env.http_proxy || env.HTTP_PROXY;
  const direct = (env.no_proxy || env.NO_PROXY || '').split(',').map((name) => name.trim());
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return !proxy || direct.includes(url.hostname) || (local && localDirect) ? undefined : new URL(proxy);
}

/** IRSA: the SDK's own exchange of the token for credentials, at a stand-in of STS. */
async function webIdentity() {
  if (process.env.S3_ENDPOINT_URL) throw new Error('stand-in: AWS STS is asked at the S3 endpoint');
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: process.env.AWS_ROLE_ARN,
    WebIdentityToken: fs.readFileSync(process.env.AWS_WEB_IDENTITY_TOKEN_FILE, 'utf8'),
  });
  const answer = await fetch(process.env.STANDIN_STS, { method: 'POST', body });
  const text = await answer.text();
  if (process.env.AWS_STS_REGIONAL_ENDPOINTS !== 'regional') throw new Error('stand-in: the endpoint of the region is not chosen');
  if (!answer.ok) throw new Error(text);
  const reply = JSON.parse(text);
  return { key: reply.AccessKeyId, token: reply.Token };
}

/** One request; resolves with status, headers and a stream, rejects with an S3Error or the connection's error. */
function request(method, bucket, key, credentials, headers = {}) {
  const endpoint = new URL(process.env.S3_ENDPOINT_URL || process.env.AWS_ENDPOINT_URL_S3 || process.env.STANDIN_S3);
  const region = process.env.AWS_REGION;
  const proxy = proxyFor(endpoint, process.env.S3_ENDPOINT_URL !== undefined);
  const path = `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  return new Promise((resolve, reject) => {
    const sent = http.request({
      method,
      host: (proxy ?? endpoint).hostname,
      port: (proxy ?? endpoint).port,
      path: proxy ? endpoint.origin + path : path,
      agent: false,
      headers: {
        ...headers,
        'authorization': `AWS4-HMAC-SHA256 Credential=${credentials.key}/20240101/${region}/s3/aws4_request, SignedHeaders=host, Signature=0`,
        'x-amz-security-token': credentials.token,
      },
    }, (response) => {
      if (response.statusCode < 300) return resolve(response);
      let body = '';
      response.on('data', (chunk) => { body += chunk; });
      response.on('end', () => reject(new S3Error(/<Code>(.*)<\/Code>/.exec(body)?.[1] ?? '', /<Message>(.*)<\/Message>/.exec(body)?.[1] ?? '', response.statusCode)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Writes one range at its place in the open file; resolves with the object's size as this reply tells it. */
async function range(bucket, key, credentials, file, from, size, headers) {
  const response = await request('GET', bucket, key, credentials, { ...headers, range: `bytes=${from}-${from + size - 1}` });
  const total = Number(/\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1] ?? response.headers['content-length']);
  let at = from;
  await new Promise((resolve, reject) => {
    response.on('data', (chunk) => {
      fs.writeSync(file, chunk, 0, chunk.length, at);
      at += chunk.length;
    });
    response.on('end', () => (response.complete ? resolve() : reject(new Error('unexpected EOF'))));
    response.on('error', () => reject(new Error('unexpected EOF')));
  });
  return { total, headers: response.headers };
}

/** Into `<target><infix><random>`, then renamed. */
async function download(bucket, key, credentials, target, { partSize, infix, checksum, attempts, retryable }) {
  if (process.env.STANDIN_DISK_FULL) throw new Error(process.env.STANDIN_DISK_FULL);
  const temporary = `${target}${infix}${randomInt(1e8, 1e9)}`;
  const file = fs.openSync(temporary, 'wx', 0o600);
  process.once('SIGTERM', () => { fs.rmSync(temporary, { force: true }); process.exit(1); });
  try {
    let total = 1;
    for (let from = 0; from < total; from += partSize) {
      for (let attempt = 1; ; attempt++) {
        try {
          const got = await range(bucket, key, credentials, file, from, partSize, checksum ? { 'x-amz-checksum-mode': 'ENABLED' } : {});
          total = got.total;
          const expected = got.headers['x-amz-checksum-sha256'];
          const found = expected && createHash('sha256').update(fs.readFileSync(temporary)).digest('base64');
          if (checksum && expected !== found) throw new Error(`Expected checksum ${expected} did not match calculated checksum: ${found}`);
          break;
        } catch (error) {
          if (error.status === 416 && from === 0) { // an empty object has no range
            total = 0;
            break;
          }
          if (attempt >= attempts || !retryable(error)) throw error;
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
      }
    }
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  fs.closeSync(file);
  fs.renameSync(temporary, path.resolve(target));
}

module.exports = { download, proxyFor, request, S3Error, webIdentity };
