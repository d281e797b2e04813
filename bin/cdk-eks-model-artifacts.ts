import type { Command } from './cli/command';
import { main } from './cli/main';

const COMMANDS: { [name: string]: Command } = {};

void main(COMMANDS, process.argv.slice(2), { out: process.stdout, err: process.stderr }).then(code => { process.exitCode = code; });
