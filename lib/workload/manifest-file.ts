import { editDocument } from './yaml-editing';
import { documentsIn, readDocument, YamlDocument, YamlError } from './yaml-reading';
import { sameValue } from '../private/same-value';

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
  private readonly documents: YamlDocument[];

  private constructor(private readonly name: string, text: string) {
    this.documents = this.reported(0, () => documentsIn(text)).reduce<YamlDocument[]>((read, part) => [...read, this.read(part, linesOf(read))], []);
    this.objects = this.documents.flatMap((document, index) => this.objectsOf(document, index));
  }

  /** The file with all changes. */
  public get text(): string {
    return this.documents.map(document => document.text).join('');
  }

  private objectsOf(document: YamlDocument, index: number): ManifestObject[] {
    if (document.value === undefined) return [];
    return pathsIn(document.value).map(path => new ManifestObject({
      line: () => linesOf(this.documents.slice(0, index)) + this.documents[index].lineOf(startOf(this.documents[index].contents, path)) + 1,
      value: () => path.reduce((value, key) => value[key], this.documents[index].value),
      replace: changed => this.replace(index, path, changed),
    }));
  }

  private replace(index: number, path: (string | number)[], changed: any) {
    const document = this.documents[index];
    const plain = withoutUndefined(changed);
    const items = () => document.value.items.map((item: any, at: number) => at === path[1] ? plain : item);
    const value = path.length === 0 ? plain : { ...document.value, items: items() };
    if (sameValue(value, document.value)) return;
    const edited = this.edited(document, value);
    if (edited === undefined) {
      const line = linesOf(this.documents.slice(0, index)) + 1;
      throw new Error(`${this.name}:${line}: ${document.value.kind} could not be changed in place: please report this with the file; `
        + 'written in another style (blocks instead of braces, no anchors) it can be');
    }
    this.documents[index] = edited;
  }

  private edited(document: YamlDocument, value: any): YamlDocument | undefined {
    try {
      const edited = readDocument(editDocument(document, value));
      return sameValue(edited.value, value) ? edited : undefined;
    } catch (error) {
      if (error instanceof YamlError) return undefined;
      throw error;
    }
  }

  private read(text: string, line: number): YamlDocument {
    return this.reported(line, () => {
      const document = readDocument(text);
      const { value } = document;
      for (const path of value === undefined ? [] : pathsIn(value)) {
        const object = path.reduce<any>((inner, key) => inner[key], value);
        if (object === null || typeof object !== 'object' || Array.isArray(object)) {
          throw new YamlError(`${JSON.stringify(object)} is no Kubernetes object`, document.lineOf(startOf(document.contents, path)));
        }
      }
      return document;
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

/** How an object reaches its file. */
interface Access {
  line(): number;
  value(): any;
  replace(changed: any): void;
}

/**
 * One object of a file.
 * @internal
 */
export class ManifestObject {
  constructor(private readonly access: Access) {}

  /** The line that it begins at, the first being 1. */
  public get line(): number {
    return this.access.line();
  }

  /** The object as kubectl would send it; an integer that a number can't hold is a bigint. Not to be changed. */
  public get value(): any {
    return this.access.value();
  }

  /**
   * Changes the object: its text changes where the value differs, and nowhere else.
   *
   * @throws where its text can't be changed so
   */
  public replace(changed: any): void {
    this.access.replace(changed);
  }
}

/** Where the objects of a document are in its value: kubectl takes whatever has items for a list of them. */
function pathsIn(value: any): (string | number)[][] {
  return Array.isArray(value?.items) ? value.items.map((_: any, item: number) => ['items', item]) : [[]];
}

function linesOf(documents: YamlDocument[]): number {
  return documents.reduce((lines, { text }) => lines + text.split('\n').length - 1, 0);
}

function startOf(contents: any, path: (string | number)[]): number {
  const node = path.length === 0 ? contents : contents.getIn(path, true);
  return (node ?? contents).range[0];
}

function withoutUndefined(value: any): any {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, withoutUndefined(item)]));
}
