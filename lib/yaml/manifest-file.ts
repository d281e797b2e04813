import { sameValue } from './same-value';
import { editDocument } from './yaml-editing';
import { documentsIn, readDocument, YamlDocument, YamlError } from './yaml-reading';

/**
 * One object of a file.
 * @internal
 */
export interface ManifestObject {
  /** The line that it begins at, the first being 1. */
  readonly line: number;
  /** The object as kubectl would send it; an integer that a number can't hold is a bigint. Not to be changed. */
  readonly value: any;
}

/** A document of a file. Its nodes are many times its text, so they are not kept. */
interface Part {
  readonly text: string;
  /** The line that it begins at, the first being 0. */
  readonly line: number;
  readonly value: any;
  readonly objects: ManifestObject[];
}

/**
 * A file of manifests, read as kubectl reads it and changed in place.
 * @internal
 */
export class ManifestFile {
  /**
   * @param name for errors
   * @param text what is in it
   * @throws with name and line, where kubectl would refuse it, or a key is there twice
   */
  public static parse(name: string, text: string): ManifestFile {
    return new ManifestFile(name, text);
  }

  /** The objects in their order, those in lists as themselves. */
  public readonly objects: ManifestObject[];
  private readonly parts: Part[] = [];

  private constructor(public readonly name: string, text: string) {
    let line = 0;
    for (const part of this.reported(0, () => documentsIn(text))) {
      this.parts.push(this.read(part, line));
      line += part.split('\n').length - 1;
    }
    this.objects = this.parts.flatMap(({ objects }) => objects);
  }

  /**
   * The text with other objects: it changes where one of them differs, and nowhere else.
   *
   * @param values of all objects, in their order
   * @throws where the text can't be changed so
   */
  public textWith(values: any[]): string {
    let next = 0;
    return this.parts.map(part => {
      const changed = values.slice(next, next += part.objects.length).map(withoutUndefined);
      return part.objects.every(({ value }, index) => sameValue(value, changed[index])) ? part.text : this.edited(part, changed);
    }).join('');
  }

  private edited({ text, line, value }: Part, changed: any[]): string {
    const wanted = isList(value) ? { ...value, items: changed } : changed[0];
    try {
      const edited = editDocument(readDocument(text), wanted);
      if (sameValue(readDocument(edited).value, wanted)) return edited;
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
    }
    throw new Error(`${this.name}:${line + 1}: ${value.kind} could not be changed in place: please report this with the file; `
      + 'written in another style (blocks instead of braces, no anchors) it can be');
  }

  private read(text: string, line: number): Part {
    return this.reported(line, () => {
      const document = readDocument(text);
      return { text, line, value: document.value, objects: objectsOf(document, line) };
    }, text);
  }

  private reported<T>(line: number, read: () => T, text = ''): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof YamlError)) throw error;
      const template = /\{\{/.test(text) ? '; if this is a template of a Helm chart, render it first: helm template' : '';
      throw new Error(`${this.name}:${line + error.line + 1}: ${error.message}${template}`);
    }
  }
}

function objectsOf({ value, contents, lineOf }: YamlDocument, line: number): ManifestObject[] {
  if (value === undefined) return [];
  const found: [value: any, node: any][] = isList(value) ? value.items.map((item: any, index: number) => [item, (contents as any).getIn(['items', index], true)]) : [[value, contents]];
  return found.map(([object, node]) => {
    const start = lineOf((node ?? contents).range[0]);
    if (object === null || typeof object !== 'object' || Array.isArray(object)) throw new YamlError(`${JSON.stringify(object)} is no Kubernetes object`, start);
    return { line: line + start + 1, value: object };
  });
}

/** kubectl takes whatever has items for a list of objects. */
function isList(value: any): boolean {
  return Array.isArray(value?.items);
}

function withoutUndefined(value: any): any {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, withoutUndefined(item)]));
}
