import { Readable } from 'node:stream';

/** What is fetched at once: large enough for the request not to count, small enough to be fetched anew when it breaks. */
const RANGE = 2 ** 23;

/** Ranges that one file has under way: with 8 MiB each, 32 MiB of memory. */
const AHEAD = 4;

/** Bytes from `start` up to, but without, `end`, in order, of which some ranges are fetched at once. */
export function readInRanges(start: number, end: number, fetchRange: (first: number, last: number) => Promise<Uint8Array>): Readable {
  return Readable.from(chunks(start, end, fetchRange), { objectMode: false, highWaterMark: 1 });
}

async function* chunks(start: number, end: number, fetchRange: (first: number, last: number) => Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ahead: Array<Promise<Uint8Array>> = [];
  for (let at = start; at < end || ahead.length > 0;) {
    for (; at < end && ahead.length < AHEAD; at += RANGE) {
      const range = fetchRange(at, Math.min(end, at + RANGE) - 1);
      range.catch(() => undefined); // it is thrown when its turn comes
      ahead.push(range);
    }
    yield await ahead.shift()!;
  }
}
