import { parseArgs } from 'node:util';
import { Call, Command, CommandError, UsageError } from './command';
import { createOutput, Output, Streams } from './output';

const GLOBAL = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** Runs a command line and returns its exit code: 0 done, 1 refused or failed, 2 called wrongly. */
export async function main(commands: { [name: string]: Command }, args: string[], streams: Streams, release = 'unknown'): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    streams.out.write(`${release}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) {
    const asked = name === '--help' || name === '-h' || name === 'help';
    (asked ? streams.out : streams.err).write(`${name === undefined || asked ? '' : `'${name}' is not a command\n`}${overview(commands)}`);
    return asked ? 0 : 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    streams.out.write(`usage: ${PROGRAM} ${name} ${command.usage}\n`);
    return 0;
  }
  const output = createOutput(streams, rest.includes('--json'));
  try {
    await command.run(read(command, rest, output));
    return 0;
  } catch (error) {
    output.error(error instanceof CommandError || error instanceof UsageError ? error.message : unexpected(error));
    if (error instanceof UsageError) streams.err.write(`see ${PROGRAM} ${name} --help\n`);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    output.end();
  }
}

const PROGRAM = 'cdk-eks-model-artifacts';

function read(command: Command, args: string[], output: Output): Call {
  try {
    const options = { ...GLOBAL, ...command.options };
    const { values, positionals, tokens } = parseArgs({ args, options, allowPositionals: true, tokens: true });
    const given = tokens.flatMap(token => token.kind === 'option' ? [token.name] : []);
    const twice = given.find((option, index) => given.indexOf(option) !== index && !(options as Command['options'])[option].multiple);
    if (twice !== undefined) throw new UsageError(`--${twice} is given twice: give it once`);
    return { words: positionals, values: values as Call['values'], output };
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message.split('. To specify')[0]);
  }
}

function overview(commands: { [name: string]: Command }): string {
  const width = Math.max(...Object.keys(commands).map(name => name.length));
  return [
    `usage: ${PROGRAM} <command> …, with --json for machines, and --help; or --version`,
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ].join('\n');
}

interface ServiceError {
  readonly code: string;
  readonly $metadata: { readonly httpStatusCode?: number };
  readonly BucketName: string;
}

/** What the SDK and the system say, in one line, with the code that one searches for. */
function unexpected(error: unknown): string {
  const { name, message, code, $metadata, BucketName } = error as Partial<Error & ServiceError>;
  const label = code ?? (name !== 'Error' ? name : undefined);
  return [label !== undefined && message?.startsWith(label) ? undefined : label, $metadata?.httpStatusCode, message, BucketName].filter(part => part !== undefined && part !== '').join(': ');
}
