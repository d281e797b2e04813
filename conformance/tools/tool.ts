import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { sha256 } from '../bytes';

/** Where tools are kept between runs, beside the caches of what builds them. */
export const CACHE = path.resolve(process.env.CONFORMANCE_CACHE
  || path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'cdk-eks-model-artifacts', 'conformance'));

/** What is half made, which goes also when the suite is ended. */
const unfinished = new Set<string>();
process.on('exit', () => unfinished.forEach(folder => fs.rmSync(folder, { recursive: true, force: true })));

/** Says which version a tool has, if not the one that was asked for. */
const VERSION_FILE = '.version';

export interface ToolProps {
  readonly name: string;
  readonly version: string;
  /** Everything that another tool than this would differ in. */
  readonly inputs: string[];
  /** Makes it in an empty folder, which is moved to its place: nothing may hold the path of that folder. Answers its version where that is another. */
  readonly make: (folder: string) => Promise<string | void>;
  /** @default CACHE */
  readonly cache?: string;
}

/** A program that the suite runs, made once and kept in a folder whose name tells what it was made of. */
export class Tool {
  readonly name: string;
  /** Where it is, once it was made. */
  readonly folder: string;

  constructor(private readonly props: ToolProps) {
    this.name = props.name;
    const digest = sha256([props.version, ...props.inputs].join('\0')).slice(0, 12);
    this.folder = path.join(props.cache ?? CACHE, 'tools', `${props.name}-${props.version.replace(/[^\w.-]/g, '-')}-${digest}`); // a colon would end an entry of PATH
  }

  /** What was made, or would be. */
  get version(): string {
    const file = this.file(VERSION_FILE);
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : this.props.version;
  }

  /** `<name> <version>`, as the table has it. */
  get title(): string {
    return `${this.name} ${this.version}`;
  }

  /** A file of it. */
  file(name: string): string {
    return path.join(this.folder, name);
  }

  get made(): boolean {
    return fs.existsSync(this.folder);
  }

  /** Makes it unless it is there. One that was ended half way is made anew. */
  async ensure(): Promise<void> {
    if (this.made) return;
    fs.mkdirSync(path.dirname(this.folder), { recursive: true });
    const folder = fs.mkdtempSync(`${this.folder}.`);
    unfinished.add(folder);
    try {
      const version = await this.props.make(folder);
      if (typeof version === 'string') fs.writeFileSync(path.join(folder, VERSION_FILE), version);
      if (!this.made) fs.renameSync(folder, this.folder);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
      unfinished.delete(folder);
    }
  }
}

/** Every file below a folder, as inputs of a tool. */
export function contents(folder: string): string[] {
  return fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
    .map(name => path.join(folder, name)).filter(file => fs.statSync(file).isFile()).map(file => fs.readFileSync(file, 'utf8'));
}
