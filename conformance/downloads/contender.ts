import { Model } from './model';

/** What a contender is pointed at. */
export interface Target {
  /** S3 by path style: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** With a slash at its end. */
  readonly prefix: string;
  /** An empty folder, which is given to it whole. */
  readonly destination: string;
  /** A folder of its own for all else. */
  readonly scratch: string;
  /** Where credentials are had as from EKS Pod Identity. Who can't ask takes `ACCOUNT`. */
  readonly agent: { readonly uri: string; readonly tokenFile: string };
  readonly model: Model;
}

/** A command line that starts a download. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment. */
  readonly env: NodeJS.ProcessEnv;
}

/** A downloader, called as its documentation has it. */
export interface Contender {
  /** As the table has it. */
  readonly name: string;
  readonly version: string;
  /** Where it leaves the model, below the destination: every object of the prefix by its name. @default - the destination itself */
  readonly delivered?: string;
  command(target: Target): Command;
}
