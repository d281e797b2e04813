import { CHECK_CONTEXT } from './check-context/command';
import type { Command } from './cli/command';
import { main } from './cli/main';
import { SIGN } from './sign/command';
import { VERIFY } from './verify/command';
import { PUBLISH } from './publish/command';

const COMMANDS: { [name: string]: Command } = { publish: PUBLISH };

void main(COMMANDS, process.argv.slice(2), { out: process.stdout, err: process.stderr }).then(code => { process.exitCode = code; });
