import type { PlainFile } from './rendered-manifests';
import { sha256 } from '../private/sha256';

/**
 * Name of the record of the JSON files of a directory.
 * @internal
 */
export const JSON_RECORD = 'json-files.txt';

/** @internal */
export function isJson(name: string): boolean {
  return name.toLowerCase().endsWith('.json');
}

/**
 * JSON has no comments, so a JSON file can't say itself whose it is: a file beside it has its SHA-256 and its name. One that somebody changed is not
 * ours any more.
 * @internal
 */
export class JsonRecord {
  /** @param text of the record; undefined where there is none */
  public static parse(text: string | undefined): JsonRecord {
    return new JsonRecord(text?.split('\n').filter(line => /^[0-9a-f]{64} {2}/.test(line)) ?? []);
  }

  private constructor(private readonly lines: string[]) {}

  public holds(name: string, content: string | undefined): boolean {
    return content !== undefined && this.lines.includes(lineOf(name, content));
  }

  public has(name: string): boolean {
    return this.lines.some(each => each.slice(66) === name);
  }

  /** The text of a record of these files; with the lines that are here already, while a file may be the old or the new one. */
  public textFor(files: PlainFile[], keepOld: boolean): string {
    const lines = files.filter(({ name }) => isJson(name)).map(({ name, text }) => lineOf(name, text));
    return [...new Set([...keepOld ? this.lines : [], ...lines])].map(each => `${each}\n`).join('');
  }
}

function lineOf(name: string, content: string): string {
  return `${sha256(content)}  ${name}`;
}
