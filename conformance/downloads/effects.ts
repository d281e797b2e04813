import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Answer, Effect, Exchange } from './fault-proxy';
import { checksum } from '../bytes';

/** An error as S3 sends it. */
export function refuse(status: number, code: string, message = code): Effect {
  return exchange => send(exchange, { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(errorBody(code, message)) });
}

/** An error's body under HTTP 200. */
export function errorAsObject(code: string): Effect {
  return exchange => send(exchange, { status: 200, headers: { 'content-type': 'application/xml', 'etag': '"0"' }, body: Buffer.from(errorBody(code, code)) });
}

/** A web page under HTTP 200: what stands between answers in S3's place. */
export const signInPage: Effect = exchange => send(exchange, {
  status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<!DOCTYPE html><title>Sign in</title><p>Sign in to use this network.'),
});

/** Sends the client to where it came from, for ever. */
export const redirectToItself: Effect = exchange => send(exchange, {
  status: 307,
  headers: { 'content-type': 'application/xml', 'location': `http://${exchange.request.headers.host}${exchange.request.url}` },
  body: Buffer.from(errorBody('TemporaryRedirect', 'Please re-send this request to the specified temporary endpoint.')),
});

/** Nothing comes, and the connection stays. */
export const silence: Effect = () => undefined;

/** The connection ends by RST, before an answer. */
export const reset: Effect = ({ request }) => void request.socket.resetAndDestroy();

/** Nobody listens any more. */
export const vanish: Effect = exchange => exchange.close();

/** The right answer, after a while. */
export function late(milliseconds: number): Effect {
  return async exchange => {
    await new Promise(resolve => setTimeout(resolve, milliseconds));
    send(exchange, await exchange.ask());
  };
}

/** The answer, changed. Lengths are the client's to believe: `content-length` is what the change says, or the body's. */
export function altered(change: (answer: Answer, exchange: Exchange) => Partial<Answer>): Effect {
  return async exchange => {
    const answer = await exchange.ask();
    send(exchange, { ...answer, ...change(answer, exchange) });
  };
}

/** The body's first part, under the length of the whole. Then the connection ends, by FIN or RST, or stays. */
export function partial(share: number, then: 'end' | 'reset' | 'stay'): Effect {
  return async ({ ask, response, request }) => {
    const { status, headers, body } = await ask();
    response.writeHead(status, headers);
    response.write(body.subarray(0, position(body, share)), () => {
      if (then !== 'stay') setTimeout(() => then === 'reset' ? request.socket.resetAndDestroy() : response.destroy(), 10);
    });
  };
}

/** The body's first part, ended as if it were all: under its own length, or in chunks without one. */
export function short(share: number, framing: 'length' | 'chunks'): Effect {
  return altered(({ headers, body }) => {
    const { 'content-length': _, ...rest } = headers;
    const first = body.subarray(0, position(body, share));
    return { body: first, headers: framing === 'length' ? { ...rest, 'content-length': String(first.length) } : { ...rest, 'transfer-encoding': 'chunked' } };
  });
}

/** One bit is another. */
export function flip(share: number, bit: number, checksums: 'kept' | 'removed'): Effect {
  return altered(({ headers, body }) => {
    const flipped = Buffer.from(body);
    const at = position(body, share);
    const weight = 2 ** bit;
    if (body.length > 0) flipped[at] += Math.floor(flipped[at] / weight) % 2 === 0 ? weight : -weight;
    return { body: flipped, headers: checksums === 'kept' ? headers : withoutChecksums(headers) };
  });
}

/** A checksum of other bytes. */
export const wrongChecksum: Effect = altered(({ headers }) => ({
  headers: { ...withoutChecksums(headers), 'x-amz-checksum-sha256': checksum(Buffer.from('other bytes')) },
}));

/** So many bytes a second. */
export function drip(bytesPerSecond: number): Effect {
  return async ({ ask, response }) => {
    const { status, headers, body } = await ask();
    response.writeHead(status, headers);
    const step = Math.ceil(bytesPerSecond / 10);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(sent, sent += step));
      if (sent >= body.length) response.end();
    }, 100);
    response.on('close', () => clearInterval(timer));
  };
}

/** The bytes that were asked for, beginning at another place. */
export function shifted(share: number): Effect {
  return altered(({ body }) => {
    const from = Math.max(1, position(body, share));
    return { body: Buffer.concat([body.subarray(from), body.subarray(0, from)]) };
  });
}

/** As something compresses that breaks off: the header says so. */
export function cutGzip(share: number): Effect {
  return altered(({ headers, body }) => {
    const packed = gzipSync(body, { level: 1 });
    const first = packed.subarray(0, Math.max(1, position(packed, share)));
    return { body: first, headers: { ...headers, 'content-encoding': 'gzip', 'content-length': String(first.length) } };
  });
}

/** HTTP 206 for a range that nobody asked for: the object's last part. */
export function otherRange(share: number): Effect {
  return altered(({ headers, body }) => {
    const from = position(body, share);
    const rest = body.subarray(from);
    const range = `bytes ${from}-${Math.max(from, body.length - 1)}/${body.length}`;
    return { status: 206, body: rest, headers: { ...headers, 'content-length': String(rest.length), 'content-range': range } };
  });
}

/** Answers as if the object were another one, in all that S3 says of it. */
export function instead(bytes: Buffer): Effect {
  const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
  return exchange => {
    const { headers: asked } = exchange.request;
    if (asked['if-match'] !== undefined && asked['if-match'] !== etag) return refuse(412, 'PreconditionFailed')(exchange);
    const common = { 'content-type': 'application/octet-stream', 'accept-ranges': 'bytes', etag, 'last-modified': new Date().toUTCString() };
    const range = /^bytes=(\d+)-(\d*)$/.exec(asked.range ?? '');
    if (range === null) return send(exchange, { status: 200, headers: { ...common, 'content-length': String(bytes.length), 'x-amz-checksum-sha256': checksum(bytes) }, body: bytes });
    const from = Number(range[1]);
    if (from >= bytes.length) return refuse(416, 'InvalidRange')(exchange);
    const to = Math.min(range[2] === '' ? Infinity : Number(range[2]), bytes.length - 1);
    return send(exchange, { status: 206, headers: { ...common, 'content-range': `bytes ${from}-${to}/${bytes.length}` }, body: bytes.subarray(from, to + 1) });
  };
}

/** A list that leaves objects out. */
export function unlisted(left: (key: string) => boolean): Effect {
  return altered(({ headers, body }) => {
    const { 'content-length': _, ...rest } = headers;
    const entries = body.toString().replace(/<Contents>.*?<\/Contents>/gs, entry => left(/<Key>(.*?)<\/Key>/.exec(entry)![1]) ? '' : entry);
    const count = entries.split('<Contents>').length - 1;
    return { headers: rest, body: Buffer.from(entries.replace(/<KeyCount>\d+/, `<KeyCount>${count}`)) };
  });
}

/** Where a share of a body ends. */
function position(body: Buffer, share: number): number {
  return Math.floor(body.length * share);
}

function send({ operation, response }: Exchange, { status, headers, body }: Answer): void {
  const framed = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
  response.writeHead(status, { ...headers, ...framed ? {} : { 'content-length': String(body.length) } });
  response.end(operation === 'head' ? undefined : body);
}

function withoutChecksums(headers: Answer['headers']): Answer['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum')));
}

function errorBody(code: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>0</RequestId></Error>`;
}
