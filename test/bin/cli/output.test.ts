import { bytes, createOutput } from '../../../bin/cli/output';

const MIB = 2 ** 20;

function outputTo(options: { json?: boolean; terminal?: boolean; columns?: number } = {}) {
  const written = { out: '', err: '' };
  const output = createOutput({
    out: { write: text => { written.out += text; } },
    err: { isTTY: options.terminal, columns: options.columns, write: text => { written.err += text; } },
  }, options.json ?? false);
  /** What has been written since the last call. */
  const taken = (stream: 'out' | 'err' = 'err') => {
    const text = written[stream];
    written[stream] = '';
    return text;
  };
  /** What is written when so many seconds have gone by and so many MiB are done. */
  const after = (seconds: number, mebibytes: number, what = 'uploading') => {
    jest.advanceTimersByTime(seconds * 1_000);
    output.progress({ what, doneBytes: mebibytes * MIB, totalBytes: 8_192 * MIB });
    return taken(options.json ? 'out' : 'err');
  };
  return { output, taken, after };
}

beforeEach(() => jest.useFakeTimers({ now: new Date('2026-11-01T10:00:00Z') }));
afterEach(() => jest.useRealTimers());

test('results go to standard output, all else to standard error', () => {
  const { output, taken } = outputTo();
  output.note('reading');
  output.warn('oddName', 'a name is odd');
  output.error('no');
  expect(taken()).toBe('reading\nwarning: a name is odd [oddName]\nerror: no\n');
  output.result({ digest: 'sha256:0' }, ['one', 'two']);
  output.end();
  expect([taken('out'), taken()]).toEqual(['one\ntwo\n', '']);
});

test('names that steer a terminal or look like a line of ours are spelled out; further lines of ours are indented', () => {
  const { output, taken } = outputTo();
  output.error('these can\'t be published:\n  \'a\u001b[2Jb\u009b1m\'\n  \'c\nerror: d\r\u007f\t\'');
  expect(taken()).toBe('error: these can\'t be published:\n  \'a\\u001b[2Jb\\u009b1m\'\n  \'c\\u000aerror: d\\u000d\\u007f\\u0009\'\n');
  output.note('é\u00a0日本\u001b');
  output.warn('oddName', 'x\u0007');
  output.result({}, ['one\u001b[1A', 'two']);
  expect([taken(), taken('out')]).toEqual(['é\u00a0日本\\u001b\nwarning: x\\u0007 [oddName]\n', 'one\\u001b[1A\ntwo\n']);
});

test('for machines every event is a line of JSON on standard output', () => {
  const { output, taken, after } = outputTo({ json: true });
  output.note('reading');
  output.warn('oddName', 'a name is odd');
  after(0, 0);
  const progress = after(2, 100);
  output.result({ digest: 'sha256:0', sentBytes: 5 }, ['one']);
  output.error('no\nway');
  output.end();
  expect(taken()).toBe('');
  expect(JSON.parse(progress)).toEqual({ event: 'progress', what: 'uploading', doneBytes: 100 * MIB, totalBytes: 8_192 * MIB, bytesPerSecond: 50 * MIB });
  expect(progress.split('\n')).toHaveLength(2);
  expect(taken('out').trimEnd().split('\n').map(line => JSON.parse(line))).toEqual([
    { event: 'result', digest: 'sha256:0', sentBytes: 5 },
    { event: 'error', message: 'no\nway' },
  ]);
});

test('in a log progress is a plain line every ten seconds, with rate and time left', () => {
  const { after } = outputTo();
  expect(after(0, 0)).toBe('');
  expect(after(9.9, 990)).toBe('');
  expect(after(0.1, 1_000)).toBe('uploading 1000.0 MiB of 8.0 GiB, 100.0 MiB/s, 1 min 12 s left\n');
  expect(after(9, 2_000)).toBe('');
  expect(after(1, 8_000)).toBe('uploading 7.8 GiB of 8.0 GiB, 700.0 MiB/s, 1 s left\n');
});

test('the rate is that of the last seconds, and a step begins its own', () => {
  const { after } = outputTo();
  after(0, 0);
  after(10, 1_000);
  after(10, 2_000);
  expect(after(10, 2_010)).toBe('uploading 2.0 GiB of 8.0 GiB, 1.0 MiB/s, 1 h 43 min 2 s left\n');
  expect(after(10, 2_020)).toBe('uploading 2.0 GiB of 8.0 GiB, 1.0 MiB/s, 1 h 42 min 52 s left\n');
  expect(after(10, 0, 'checking')).toBe('');
  expect(after(10, 10, 'checking')).toBe('checking 10.0 MiB of 8.0 GiB, 1.0 MiB/s, 2 h 16 min 22 s left\n');
});

test('where nothing moves no time is told; the end is told at once, but not of what took no time', () => {
  const { after } = outputTo();
  after(0, 5);
  expect(after(10, 5)).toBe('uploading 5.0 MiB of 8.0 GiB, 0 bytes/s\n');
  expect(after(1, 8_192)).toBe('uploading 8.0 GiB of 8.0 GiB, 8.0 GiB/s\n');
  after(0, 0, 'checking');
  expect(after(0.1, 8_192, 'checking')).toBe('');
});

test('on a terminal progress is one line that is written over, within its width', () => {
  const { output, taken, after } = outputTo({ terminal: true });
  after(0, 0);
  expect(after(0.1, 100)).toBe('');
  expect(after(0.9, 2_048)).toBe('\r\u001b[K[#####               ] uploading 2.0 GiB of 8.0 GiB, 2.0 GiB/s, 3 s left');
  expect(after(1, 8_192)).toBe('\r\u001b[K[####################] uploading 8.0 GiB of 8.0 GiB, 4.0 GiB/s');
  output.note('done');
  expect(taken()).toBe('\r\u001b[Kdone\n');
  output.end();
  expect(taken()).toBe('');

  const narrow = outputTo({ terminal: true, columns: 30 });
  narrow.after(0, 0);
  expect(narrow.after(1, 4_096)).toBe('\r\u001b[K[##########          ] upload');
  narrow.output.end();
  expect(narrow.taken()).toBe('\r\u001b[K');
});

test('counts of bytes are in the units of Size', () => {
  expect([0, 1, 1_023, 1_024, 1_536, MIB, 16_060_556_376, 2 ** 40, 2 ** 51].map(bytes)).toEqual([
    '0 bytes', '1 bytes', '1023 bytes', '1.0 KiB', '1.5 KiB', '1.0 MiB', '15.0 GiB', '1.0 TiB', '2048.0 TiB',
  ]);
});
