import { Need } from './machine';
import { Processes } from './processes';
import { Checks, Recorder } from './report';
import { Tool } from './tools/tool';

/** What a part works with. */
export interface Run {
  /** A folder that goes when the part ends. */
  readonly folder: string;
  /** Ended when the part ends, in reverse order. */
  readonly processes: Processes;
  /** Takes what came of checks that ran in another process. */
  readonly record: Recorder;
  /** A row of the table: what is checked, and the real part, with its version, that says so. */
  checks(by: string, what: string): Checks;
  /** A line for who watches. */
  say(text: string): void;
}

/** One tier of the conformance suite, which runs alone by `npm run conformance -- <name>`. */
export interface Part {
  readonly name: string;
  /** What a machine may lack: the part is then skipped, counted and named. Anything else that is missing is a failure. */
  readonly needs?: Need[];
  /** Programs of the machine that it runs, beside those that everything needs. */
  readonly programs?: string[];
  /** Made before it runs, unless the cache has them. */
  readonly tools: Tool[];
  run(run: Run): Promise<void>;
}
