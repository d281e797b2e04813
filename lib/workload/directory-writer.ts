import * as fs from 'node:fs';
import * as path from 'node:path';
import { IConstruct } from 'constructs';
import type { ManifestWriter } from './manifest-target';
import type { RenderedFile } from './rendered-manifests';
import { tokenErrors } from '../private/tokens';

/**
 * Writes manifests to a directory. The first line of each file says that it is ours and what it is called: so a file is known again without a
 * record beside it, and a copy under another name is the user's own.
 * @internal
 */
export class DirectoryWriter implements ManifestWriter {
  private readonly destination: string;

  constructor(directory: string) {
    this.destination = path.resolve(directory);
  }

  /** This writer, for one set of manifests: two in one directory would remove each other's files. */
  public claimedBy(hook: IConstruct): this {
    const claims = destinations.get(hook.node.root) ?? new Map<string, string>();
    destinations.set(hook.node.root, claims);
    const other = claims.get(this.destination);
    if (other !== undefined) {
      throw new Error(`manifests ${other} and ${hook.node.path} would both be written to ${this.destination}: give each a directory of its own`);
    }
    claims.set(this.destination, hook.node.path);
    return this;
  }

  public errors(files: RenderedFile[]): string[] {
    const errors: string[] = [];
    const obstacle = obstacleTo(this.destination);
    if (obstacle !== undefined) return [`${this.destination} can't be the directory of manifests, for ${obstacle} is a file: give another directory`];
    const entries = this.entries();
    for (const file of files) {
      for (const document of file.documents) {
        const what = `${document.kind} ${document.metadata?.name}`;
        errors.push(...tokenErrors(document).map(error => `${what}: ${error}`));
      }
      if (entries.has(file.name) && !this.contentOf(file.name, entries)?.startsWith(header(file.name))) {
        errors.push(`${path.join(this.destination, file.name)} is there already and was not written by this library: move it away, or write to another directory`);
      }
    }
    return errors;
  }

  public write(files: RenderedFile[]): void {
    fs.mkdirSync(this.destination, { recursive: true });
    const entries = this.entries();
    for (const file of files) {
      const text = `${header(file.name)}\n${file.text}`;
      const target = path.join(this.destination, file.name);
      if (this.contentOf(file.name, entries) !== text) writeAtomically(target, text);
    }
    const wanted = new Set(files.map(file => file.name));
    for (const name of entries.keys()) {
      if (!wanted.has(name) && this.contentOf(name, entries)?.startsWith(header(name))) fs.rmSync(path.join(this.destination, name));
    }
  }

  /** What is in the directory: asked for once, and not for every file. */
  private entries(): Map<string, fs.Dirent> {
    const entries = fs.existsSync(this.destination) ? fs.readdirSync(this.destination, { withFileTypes: true }) : [];
    return new Map(entries.map(entry => [entry.name, entry]));
  }

  /** What a regular file holds; undefined for anything else, links among them. */
  private contentOf(name: string, entries: Map<string, fs.Dirent>): string | undefined {
    return entries.get(name)?.isFile() ? fs.readFileSync(path.join(this.destination, name), 'utf8') : undefined;
  }
}

const destinations = new WeakMap<IConstruct, Map<string, string>>();

/** The nearest thing that is there of a path, where it is no directory. */
function obstacleTo(directory: string): string | undefined {
  let place = directory;
  while (!fs.existsSync(place)) place = path.dirname(place);
  return fs.statSync(place).isDirectory() ? undefined : place;
}

function header(name: string): string {
  return `# ${name}: written by cdk-eks-model-artifacts, which overwrites what is changed here.`;
}

/** A synth that is ended midway leaves the old file or the new one. */
function writeAtomically(target: string, text: string) {
  const temporary = `${target}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, target);
}
