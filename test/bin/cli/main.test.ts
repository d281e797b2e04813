import { Call, Command, CommandError, required, UsageError, wholeNumber } from '../../../bin/cli/command';
import { main } from '../../../bin/cli/main';
import { modelIdFrom, MODEL_OPTIONS } from '../../../bin/cli/model-id';

/** A command that does as it is told. */
function commandThat(run: (call: Call) => unknown): Command {
  return {
    summary: 'does it',
    usage: '<what> [options]\n\n  --count N   how often',
    options: { count: { type: 'string' }, tag: { type: 'string', multiple: true }, ...MODEL_OPTIONS },
    run: async call => void await run(call),
  };
}

async function ran(args: string[], run: (call: Call) => unknown = () => undefined) {
  let [out, err] = ['', ''];
  const streams = { out: { write: (text: string) => { out += text; } }, err: { write: (text: string) => { err += text; } } };
  const code = await main({ 'do': commandThat(run), 'do-later': commandThat(run) }, args, streams);
  return { code, out, err };
}

const fails = (error: unknown) => () => { throw error; };

const OVERVIEW = [
  'usage: cdk-eks-model-artifacts <command> …, with --json for machines, and --help; or --version',
  '  do        does it',
  '  do-later  does it',
  '',
].join('\n');

test.each([['--help'], ['-h'], ['help']])('%s lists the commands', async word => {
  expect(await ran([word])).toEqual({ code: 0, out: OVERVIEW, err: '' });
});

test('no command at all, and one that there is not, is a wrong call', async () => {
  expect(await ran([])).toEqual({ code: 2, out: '', err: OVERVIEW });
  expect(await ran(['undo', '--help'])).toEqual({ code: 2, out: '', err: `'undo' is not a command\n${OVERVIEW}` });
  expect(await ran(['toString'])).toMatchObject({ code: 2, err: expect.stringContaining("'toString' is not a command\n") });
});

test.each([['--help'], ['-h']])('a command explains itself with %s, whatever else is given, and does nothing', async word => {
  const run = jest.fn();
  expect(await ran(['do', 'it', '--wrong', word], run)).toEqual({
    code: 0, out: 'usage: cdk-eks-model-artifacts do <what> [options]\n\n  --count N   how often\n', err: '',
  });
  expect(run).not.toHaveBeenCalled();
});

test('an option that is given twice is a wrong call: a version can not be taken back', async () => {
  const run = jest.fn();
  expect(await ran(['do', '--count', '1', '--count=2'], run)).toMatchObject({ code: 2, err: expect.stringContaining('error: --count is given twice: give it once\n') });
  expect(run).not.toHaveBeenCalled();
});

test('--version says which release it is', async () => {
  let out = '';
  expect(await main({}, ['--version'], { out: { write: (text: string) => { out += text; } }, err: { write: () => {} } }, '1.2.3')).toBe(0);
  expect(out).toBe('1.2.3\n');
});

test('a code that the message begins with is said once', async () => {
  const error = Object.assign(new Error("EACCES: permission denied, open 'x'"), { code: 'EACCES' });
  expect((await ran(['do'], fails(error))).err).toBe("error: EACCES: permission denied, open 'x'\n");
});

test('a command gets its words and its options', async () => {
  const run = jest.fn();
  expect(await ran(['do', 'this', '--count=3', '--tag', 'a', 'that', '--tag', 'b', '--', '--json'], run)).toEqual({ code: 0, out: '', err: '' });
  expect(run.mock.calls[0][0]).toMatchObject({ words: ['this', 'that', '--json'], values: { count: '3', tag: ['a', 'b'] } });
});

test.each<[string, string[], string]>([
  ['an option that there is not', ['--cuont', '3'], "Unknown option '--cuont'"],
  ['an option without its value', ['--count'], "Option '--count <value>' argument missing"],
  ['a value where none belongs', ['--json=no'], "Option '--json' does not take an argument"],
])('%s is a wrong call, told in one line and where to look', async (_, args, message) => {
  const run = jest.fn();
  expect(await ran(['do', ...args], run)).toEqual({ code: 2, out: '', err: `error: ${message}\nsee cdk-eks-model-artifacts do --help\n` });
  expect(run).not.toHaveBeenCalled();
});

test('what a command refuses is exit code 1, what it was called with wrongly 2', async () => {
  expect(await ran(['do'], fails(new CommandError('the bucket is full: empty it')))).toEqual({ code: 1, out: '', err: 'error: the bucket is full: empty it\n' });
  expect(await ran(['do'], fails(new UsageError('--count is missing')))).toEqual({
    code: 2, out: '', err: 'error: --count is missing\nsee cdk-eks-model-artifacts do --help\n',
  });
});

test.each<[string, object, string]>([
  ['of the system', Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED: connect refused'],
  ['of the SDK', Object.assign(new Error('Access Denied'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }), 'AccessDenied: 403: Access Denied'],
  ['of the program', new TypeError('x is not a function'), 'TypeError: x is not a function'],
  ['without a name', new Error('odd'), 'odd'],
  ['without a message', Object.assign(new Error(''), { code: 'EPIPE' }), 'EPIPE'],
])('a failure %s is one line with what one searches for, without a stack trace', async (_, error, line) => {
  expect(await ran(['do'], fails(error))).toEqual({ code: 1, out: '', err: `error: ${line}\n` });
});

test('for machines a failure is a line of JSON, and the last', async () => {
  const { code, out, err } = await ran(['do', '--json'], call => {
    call.output.note('begins');
    throw new CommandError('the bucket\nis full');
  });
  expect([code, err]).toEqual([1, '']);
  expect(out).toBe('{"event":"note","message":"begins"}\n{"event":"error","message":"the bucket\\nis full"}\n');
});

test('options that name a version, and numbers, are told apart from what is none', async () => {
  const version = ['--name', 'llama', '--version', 'v1'];
  const taken: unknown[] = [];
  expect((await ran(['do', ...version, '--count', '7'], call => taken.push(modelIdFrom(call), wholeNumber(call, 'count', 1), required(call, 'name')))).code).toBe(0);
  expect(taken).toEqual([{ name: 'llama', version: 'v1', tenant: undefined }, 7, 'llama']);
  const wrong = async (args: string[], run: (call: Call) => unknown) => {
    const { code, err } = await ran(['do', ...args], run);
    return `${code} ${err.split('\n')[0]}`;
  };
  expect(await wrong(['--name', 'llama'], modelIdFrom)).toBe('2 error: --version is missing');
  expect(await wrong(['--name', '', '--version', 'v1'], modelIdFrom)).toBe('2 error: --name is missing');
  expect(await wrong(['--name', 'Llama', '--version', 'v1'], modelIdFrom)).toContain("2 error: model name 'Llama'");
  for (const count of ['-1', '1.5', '', '1e3', '0x1', '9'.repeat(16)]) {
    expect(await wrong([`--count=${count}`], call => wholeNumber(call, 'count', 1))).toBe(`2 error: --count is '${count}': give a whole number of at least 0`);
  }
});

test('what S3 says of a bucket names it', async () => {
  const error = Object.assign(new Error('The specified bucket does not exist'), { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 }, BucketName: 'modles' });
  expect((await ran(['do'], fails(error))).err).toBe('error: NoSuchBucket: 404: The specified bucket does not exist: modles\n');
});
