import { Command } from '../../../bin/cli/command';
import { main } from '../../../bin/cli/main';

/** What a command said, and how it ended. */
export interface Ran {
  readonly code: number;
  /** Events, without progress. */
  readonly events: any[];
  readonly result: any;
  /** Texts of the events of one kind, in their order. */
  said(event: 'note' | 'warning' | 'error'): string[];
}

/** Runs a command in this process, and reads what it says to machines. */
export async function run(command: Command, args: string[]): Promise<Ran> {
  let out = '';
  const streams = { out: { write: (text: string) => { out += text; } }, err: { write: () => undefined } };
  const code = await main({ it: command }, ['it', ...args, '--json'], streams);
  const events = out.split('\n').filter(line => line !== '').map(line => JSON.parse(line)).filter(({ event }) => event !== 'progress');
  return {
    code,
    events,
    said: kind => events.filter(({ event }) => event === kind).map(({ message }) => message),
    result: events.find(({ event }) => event === 'result'),
  };
}
