import * as fs from 'node:fs';
import * as path from 'node:path';
import { IConstruct } from 'constructs';
import { isJson, JsonRecord, JSON_RECORD } from './json-record';
import type { ManifestWriter } from './manifest-target';
import type { RenderedFile } from './rendered-manifests';
import { tokenErrors } from '../private/tokens';

const MARK = ': written by cdk-eks-model-artifacts, which overwrites what is changed here.';

/**
 * Writes manifests to a directory, and to folders in it, one deep. The first line of each file says that it is ours and what it is called: so a
 * file is known again without a record beside it, and a copy under another name is the user's own. JSON alone has a record, as it has no comments.
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
    const record = this.record(entries);
    const names = files.some(({ name }) => isJson(name)) ? [...files.map(({ name }) => name), JSON_RECORD] : files.map(({ name }) => name);
    for (const { document, file } of files.flatMap(({ documents, name }) => documents.map(each => ({ document: each, file: name })))) {
      const what = document.kind === undefined ? file : `${document.kind} ${document.metadata?.name}`;
      errors.push(...tokenErrors(document).map(error => `${what}: ${error}`));
    }
    if (files.some(({ name }) => name === JSON_RECORD)) {
      errors.push(`${JSON_RECORD} can't be the name of a file of manifests, as the record of JSON files has it: give the file another name`);
    }
    const inTheWay = names.map(name => this.obstacleTo(name, entries, record)).filter((name): name is string => name !== undefined);
    for (const name of new Set(inTheWay)) {
      errors.push(`${path.join(this.destination, name)} is there already and was not written by this library: move it away, or write to another directory`);
    }
    return errors;
  }

  public write(files: RenderedFile[]): void {
    const entries = this.entries();
    const record = this.record(entries);
    const put = (name: string, text: string) => writeChanged(path.join(this.destination, name), text);
    fs.mkdirSync(this.destination, { recursive: true });
    const wanted = new Set(files.map(file => file.name));
    const hasJson = files.some(({ name }) => isJson(name));
    if (hasJson) {
      wanted.add(JSON_RECORD);
      const changed = files.some(({ name, text }) => isJson(name) && !record.holds(name, text));
      if (changed) put(JSON_RECORD, withHeader(JSON_RECORD, record.textFor(files, true)));
    }
    for (const { name, text } of files) put(name, isJson(name) ? text : withHeader(name, text));
    for (const name of entries.keys()) {
      if (!wanted.has(name) && this.isOurs(name, entries, record)) this.remove(name);
    }
    if (hasJson) put(JSON_RECORD, withHeader(JSON_RECORD, record.textFor(files, false)));
  }

  /** What is in the directory and in the folders in it: asked for once, and not for every file. */
  private entries(): Map<string, fs.Dirent> {
    const top = entriesOf(this.destination);
    const inFolders = top.filter(folder => folder.isDirectory())
      .flatMap(folder => entriesOf(path.join(this.destination, folder.name)).map(entry => [`${folder.name}/${entry.name}`, entry] as const));
    return new Map([...top.map(entry => [entry.name, entry] as const), ...inFolders]);
  }

  private record(entries: Map<string, fs.Dirent>): JsonRecord {
    return JsonRecord.parse(this.isOurs(JSON_RECORD, entries) ? this.contentOf(JSON_RECORD, entries) : undefined);
  }

  /** What is in the way of a file: itself, or its folder. */
  private obstacleTo(name: string, entries: Map<string, fs.Dirent>, record: JsonRecord): string | undefined {
    const folder = path.posix.dirname(name);
    if (folder !== '.' && entries.has(folder) && !entries.get(folder)!.isDirectory()) return folder;
    return entries.has(name) && !this.isOurs(name, entries, record) ? name : undefined;
  }

  private isOurs(name: string, entries: Map<string, fs.Dirent>, record?: JsonRecord): boolean {
    if (isJson(name)) return record !== undefined && record.has(name) && record.holds(name, this.contentOf(name, entries));
    const expected = header(name);
    return this.startOf(name, entries, Buffer.byteLength(expected)) === expected;
  }

  private remove(name: string) {
    fs.rmSync(path.join(this.destination, name));
    const folder = path.posix.dirname(name);
    if (folder !== '.' && entriesOf(path.join(this.destination, folder)).length === 0) fs.rmdirSync(path.join(this.destination, folder));
  }

  /** What a regular file holds; undefined for anything else, links among them. */
  private contentOf(name: string, entries: Map<string, fs.Dirent>): string | undefined {
    return entries.get(name)?.isFile() ? fs.readFileSync(path.join(this.destination, name), 'utf8') : undefined;
  }

  /** The first bytes of a regular file: others in the directory may be large. */
  private startOf(name: string, entries: Map<string, fs.Dirent>, bytes: number): string | undefined {
    if (!entries.get(name)?.isFile()) return undefined;
    const file = fs.openSync(path.join(this.destination, name), 'r');
    try {
      const buffer = Buffer.alloc(bytes);
      return buffer.toString('utf8', 0, fs.readSync(file, buffer, 0, bytes, 0));
    } finally {
      fs.closeSync(file);
    }
  }
}

/**
 * A text without the first line that this writer put there, as where it is read again.
 * @internal
 */
export function withoutHeader(text: string): string {
  const [first] = text.split('\n', 1);
  return /^# .+/.test(first) && first.trimEnd().endsWith(MARK) ? text.slice(first.length + 1) : text;
}

const destinations = new WeakMap<IConstruct, Map<string, string>>();

/** The nearest thing that is there of a path, where it is no directory. */
function obstacleTo(directory: string): string | undefined {
  let place = directory;
  while (!fs.existsSync(place)) place = path.dirname(place);
  return fs.statSync(place).isDirectory() ? undefined : place;
}

function header(name: string): string {
  return `# ${name}${MARK}`;
}

/** In the line ends that the file has. */
function withHeader(name: string, text: string): string {
  return `${header(name)}${text.includes('\r\n') ? '\r\n' : '\n'}${text}`;
}

function entriesOf(directory: string): fs.Dirent[] {
  return fs.existsSync(directory) ? fs.readdirSync(directory, { withFileTypes: true }) : [];
}

/** A synth that is ended midway leaves the old file or the new one. */
function writeChanged(target: string, text: string) {
  if (fs.existsSync(target) && fs.readFileSync(target, 'utf8') === text) return;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, target);
}
