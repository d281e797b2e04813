import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Call, CommandError, text, UsageError } from '../cli/command';

/** How long the hub may take. */
export interface Patience {
  /** Without a byte for so long, a request is begun again. */
  readonly stallMs: number;
  /** So many failures in a row, without a byte between them, end it. */
  readonly attempts: number;
  /** The first pause after a failure; each further one is twice as long. */
  readonly pauseMs: number;
}

const PATIENCE: Patience = { stallMs: 60_000, attempts: 6, pauseMs: 1_000 };

/** Longest wait that a hub may ask for. */
const MAX_WAIT_MS = 10 * 60_000;

/** A failure that may be gone when it is tried again. */
class Transient extends Error {
  constructor(message: string, readonly waitMs = 0) {
    super(message);
  }
}

/** A model hub with the API of Hugging Face: https://huggingface.co/docs/hub/api */
export class HubClient {
  /** @throws where the endpoint is none, or the token can't be read */
  public static at(call: Call, patience: Partial<Patience> = {}): HubClient {
    const asked = text(call, 'hub-endpoint') ?? process.env.HF_ENDPOINT ?? 'https://huggingface.co';
    const url = URL.canParse(asked) ? new URL(asked) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '' || url.password !== '') {
      throw new UsageError(`--hub-endpoint is '${asked.replace(/^.*@/s, '…@')}': give a URL without a user's name, such as https://huggingface.co`);
    }
    const token = tokenOf(call);
    // A token in clear text is anybody's on the way.
    if (token && url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
      throw new UsageError(`${asked} is not encrypted, and the token from ${token.file} would be sent to it: use https`);
    }
    return new HubClient(asked.replace(/\/+$/, ''), token, { ...PATIENCE, ...patience }, call);
  }

  private constructor(
    public readonly endpoint: string,
    private readonly token: { readonly value: string; readonly file: string } | undefined,
    private readonly patience: Patience,
    private readonly call: Call,
  ) {}

  /** The entries of all pages of a listing. */
  public async entries(repo: string, url: string): Promise<unknown[]> {
    const entries: unknown[] = [];
    for (let next: string | undefined = url; next !== undefined;) {
      const page: string = next;
      const { value, link } = await this.json(repo, page);
      if (!Array.isArray(value)) throw new CommandError(`${page} answers no list of files: is it a hub?`);
      entries.push(...value);
      // https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api: the hub pages in the same way.
      const following = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(link ?? '')?.[1];
      next = following === undefined ? undefined : new URL(following, page).href;
      if (next !== undefined && new URL(next).origin !== new URL(this.endpoint).origin) throw new CommandError(`${page} goes on at another host, ${next}: the token is not sent there`);
    }
    return entries;
  }

  public async object(repo: string, url: string): Promise<{ readonly [key: string]: any }> {
    const { value } = await this.json(repo, url);
    return typeof value === 'object' && value !== null ? value : {};
  }

  /** The bytes of a file from `start` up to, but without, `end`. A stream that breaks or stands still is taken up where it was. */
  public bytes(repo: string, url: string, start: number, end: number): Readable {
    return start === end ? Readable.from([]) : Readable.from(this.chunks(repo, url, start, end), { objectMode: false, highWaterMark: 2 ** 20 });
  }

  private async *chunks(repo: string, url: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    let etag: string | undefined;
    for (let at = start, failures = 0; at < end;) {
      const stopped = new AbortController();
      try {
        const response = await this.request(repo, url, stopped.signal, `bytes=${at}-${end - 1}`);
        const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
        if (response.status !== 206 || Number(range?.[1]) !== at) {
          if (at > 0) throw new CommandError(`${url} broke off at byte ${at} and serves no ranges: it can't be taken up there, try again`);
        }
        // Weak and strong ETags are for the same bytes where they are the same.
        const now = response.headers.get('etag') ?? undefined;
        if (etag !== undefined && now !== etag) throw new CommandError(`${url} changed while it was read`);
        etag = now;
        const reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
        for (;;) {
          const { done, value } = await this.within(reader.read(), stopped);
          if (done) break;
          if (value.length > end - at) throw new CommandError(`${url} has more bytes than the hub lists for it`);
          at += value.length;
          failures = 0;
          yield value;
        }
        if (at < end) throw new Transient(`${url} ended at byte ${at} of ${end}`);
      } catch (error) {
        await this.pauseAfter(error, ++failures, url);
      } finally {
        stopped.abort();
      }
    }
  }

  private async json(repo: string, url: string): Promise<{ value: unknown; link?: string }> {
    for (let failures = 0; ;) {
      const stopped = new AbortController();
      try {
        const response = await this.request(repo, url, stopped.signal);
        const body = await this.within(response.text(), stopped);
        return { value: parse(url, body), link: response.headers.get('link') ?? undefined };
      } catch (error) {
        await this.pauseAfter(error, ++failures, url);
      } finally {
        stopped.abort();
      }
    }
  }

  /** Redirects are followed; `fetch` sends the token to no other host (https://fetch.spec.whatwg.org/#http-redirect-fetch). */
  private async request(repo: string, url: string, signal: AbortSignal, range?: string): Promise<Response> {
    const stopped = new AbortController();
    signal.addEventListener('abort', () => stopped.abort());
    const response = await this.within(fetch(url, {
      signal: stopped.signal,
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'cdk-eks-model-artifacts',
        ...this.token && { authorization: `Bearer ${this.token.value}` },
        ...range && { range },
      },
    }), stopped);
    if (response.ok) return response;
    const waitMs = waitOf(response.headers);
    await response.body?.cancel();
    if ([408, 425, 429].includes(response.status) || response.status >= 500) throw new Transient(`${url} answers ${response.status}`, waitMs);
    throw this.refusal(repo, url, response);
  }

  /** https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/utils/_http.py names the codes. */
  private refusal(repo: string, url: string, { status, headers }: Response): CommandError {
    const code = headers.get('x-error-code');
    const who = this.token ? `with the token from ${this.token.file}` : `without a token${process.env.HF_TOKEN ? ' (HF_TOKEN is not read)' : ''}`;
    const help = `write a token that may read it to a file and give that as --hub-token-file (${who}: ${status})`;
    if (code === 'GatedRepo') return new CommandError(`${repo} is gated: ask for access at ${this.endpoint}/${repo}, then ${help}`);
    if (code === 'RevisionNotFound') return new CommandError(`${repo} has no such commit: look it up with: git ls-remote ${this.endpoint}/${repo} main`);
    if (code === 'RepoNotFound' || status === 401) return new CommandError(`${repo} is not there, or is private: check the name, or ${help}`);
    if (status === 403) return new CommandError(`${repo} may not be read: ${help}`);
    return new CommandError(`${url} answers ${status}${code ? ` ${code}` : ''}`);
  }

  private async within<T>(promise: Promise<T>, stopped: AbortController): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Transient(`no byte for ${this.patience.stallMs / 1_000} s`));
        stopped.abort();
      }, this.patience.stallMs);
    });
    promise.catch(() => undefined); // where it loses, its failure is nobody's
    try {
      return await Promise.race([promise, stalled]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws where it makes no sense to try again */
  private async pauseAfter(error: unknown, failures: number, url: string): Promise<void> {
    if (error instanceof CommandError) throw error;
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    if (failures >= this.patience.attempts) {
      const proxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
      throw new CommandError(`${url} can't be read: ${reason}, ${failures} times${proxy ? '; a proxy is set, which Node.js uses from version 24 on, with NODE_USE_ENV_PROXY=1' : ''}`);
    }
    const waitMs = Math.max(error instanceof Transient ? error.waitMs : 0, this.patience.pauseMs * 2 ** (failures - 1) * (1 + Math.random()));
    if (waitMs > 10_000) this.call.output.note(`${reason}: trying again in ${Math.round(waitMs / 1_000)} s`);
    await sleep(waitMs);
  }
}

function parse(url: string, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new CommandError(`${url} answers no JSON: is it a hub?`);
  }
}

/** What `Retry-After` asks for, in seconds or as a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function waitOf(headers: Headers): number {
  const value = headers.get('retry-after') ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_WAIT_MS);
}

/**
 * The token, from a file: a command line is seen by others. Without the option it is taken from where the hub's own client keeps it:
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
function tokenOf(call: Call): { readonly value: string; readonly file: string } | undefined {
  const asked = text(call, 'hub-token-file') ?? process.env.HF_TOKEN_PATH;
  const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache');
  const file = asked ?? path.join(process.env.HF_HOME ?? path.join(cache, 'huggingface'), 'token');
  let value;
  try {
    value = fs.readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (asked === undefined) return undefined;
    throw new UsageError(`the token's file can't be read: ${(error as Error).message}`);
  }
  if (value === '' && asked === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(value)) throw new UsageError(`${file} holds no token: write one to it, as one line`);
  return { value, file };
}
