import { Alias, Document, isAlias, isMap, isPair, isScalar, isSeq, LineCounter, ParsedNode, parseDocument, Scalar, YAMLMap } from 'yaml';
import { keyOf, resolveScalar } from './yaml-scalars';

/**
 * A document of a file of manifests: its text, its nodes, and its value as kubectl would send it; undefined for none.
 * @internal
 */
export interface YamlDocument {
  readonly text: string;
  readonly contents: ParsedNode | null;
  readonly value: any;
  /** What a node stands for. */
  valueOf(node: any): any;
  /** The node that an alias stands for. */
  targetOf(alias: Alias): any;
  /** The line of a place in the text, the first being 0. */
  lineOf(offset: number): number;
}

/**
 * An error in a file that has a line, the first being 0.
 * @internal
 */
export class YamlError extends Error {
  constructor(message: string, public readonly line: number) {
    super(message);
  }
}

/**
 * A file's text cut where kubectl cuts it: before each line of three dashes. The parts make up the text.
 * @internal
 */
export function documentsIn(text: string): string[] {
  const parts: string[] = [];
  let line = 0;
  for (const part of text.split(/(?<=\n)(?=---)/)) {
    const [, after] = /^---[ \t\r]*(.*)/.exec(part) ?? [];
    if (after && !after.startsWith('#')) throw new YamlError(`invalid document separator '---${after}': nothing but a comment may follow the dashes, as kubectl has it`, line);
    parts.push(part);
    line += part.split('\n').length - 1;
  }
  return parts;
}

/**
 * Reads one document as kubectl does: sigs.k8s.io/yaml, https://pkg.go.dev/sigs.k8s.io/yaml. Where it takes the last of two keys, this one throws.
 * @internal
 */
export function readDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { keepSourceTokens: true, schema: 'failsafe', version: '1.1', uniqueKeys: false, merge: false, lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const lineOf = (offset: number) => lines.linePos(offset).line - 1;
  const [error] = document.errors;
  if (error) throw new YamlError(error.message, lineOf(Math.min(error.pos[0], text.length)));
  const after = /(?:^|\n)\.\.\.(?=\s|$)(?:[ \t]*#.*|\s)*(?=[^\s#])/.exec(text.slice(document.range[1]));
  if (after) throw new YamlError('kubectl reads nothing after a line of three dots: write --- instead', lineOf(document.range[1] + after[0].length));
  const reader = new Reader(document, lineOf);
  const value = document.contents === null ? null : reader.valueOf(document.contents);
  return {
    text,
    contents: document.contents as ParsedNode | null,
    value: value ?? undefined,
    valueOf: node => reader.valueOf(node),
    targetOf: alias => reader.targetOf(alias),
    lineOf,
  };
}

class Reader {
  private readonly open = new Set<unknown>();

  constructor(private readonly document: Document, private readonly lineOf: (offset: number) => number) {}

  public valueOf(node: any): any {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.valueOf(this.targetOf(node));
    if (isScalar(node)) return this.scalar(node as Scalar);
    if (isSeq(node)) return this.within(node, () => node.items.map(item => this.valueOf(item)));
    if (isMap(node)) return this.within(node, () => Object.fromEntries(this.entries(node)));
    return isPair(node) ? Object.fromEntries(this.entries({ items: [node] } as any)) : null;
  }

  public targetOf(alias: Alias): any {
    const target = alias.resolve(this.document);
    if (target === undefined) throw this.error(`unknown anchor '${alias.source}'`, alias);
    return target;
  }

  /** Keys in their order; `<<` takes effect where it stands, and a later key wins: so goyaml has it. */
  private entries(map: YAMLMap): Map<string, any> {
    const entries = new Map<string, any>();
    const own = new Set<string>();
    for (const pair of map.items as any[]) {
      if (isMerge(pair.key)) {
        for (const [key, value] of this.merged(pair.value)) entries.set(key, value);
        continue;
      }
      const key = keyOf(this.valueOf(pair.key));
      if (key === undefined) throw this.error('kubectl takes no map, list, null or binary as a key', pair.key ?? pair.value);
      if (own.has(key)) throw this.error(`key "${key}" already set in map`, pair.key);
      own.add(key);
      entries.set(key, this.valueOf(pair.value));
    }
    return entries;
  }

  private merged(node: any): Map<string, any> {
    const target = isAlias(node) ? this.targetOf(node) : node;
    if (isMap(target)) return this.within(target, () => this.entries(target as YAMLMap));
    if (!isSeq(target) || isAlias(node)) throw this.error('map merge requires map or sequence of maps as the value', node);
    // the earlier of them wins
    return new Map([...target.items].reverse().flatMap(item => {
      if (isSeq(isAlias(item) ? this.targetOf(item) : item)) throw this.error('map merge requires map or sequence of maps as the value', item);
      return [...this.merged(item)];
    }));
  }

  private scalar(node: Scalar): any {
    const text = String(node.value ?? '');
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag === undefined) return node.type === Scalar.PLAIN ? this.finite(resolveScalar(text), node) : text;
    return this.tagged(tag, text, node);
  }

  private tagged(tag: string, text: string, node: Scalar): any {
    if (tag === '!!binary') return Buffer.from(text, 'base64').toString('utf8');
    if (!['!!bool', '!!int', '!!float', '!!null'].includes(tag)) return text;
    const value = resolveScalar(text);
    const type = value === null ? '!!null' : typeof value === 'boolean' ? '!!bool' : typeof value === 'string' ? '!!str' : Number.isInteger(Number(value)) ? '!!int' : '!!float';
    if (type !== tag && !(tag === '!!float' && type === '!!int')) throw this.error(`cannot decode ${type} \`${text}\` as a ${tag}`, node);
    return this.finite(value, node);
  }

  private finite(value: unknown, node: Scalar): unknown {
    if (typeof value === 'number' && !Number.isFinite(value)) throw this.error(`JSON knows no ${value}, so kubectl can't send it`, node);
    return value;
  }

  private within<T>(node: unknown, read: () => T): T {
    if (this.open.has(node)) throw this.error('an anchor\'s value contains itself', node);
    this.open.add(node);
    const value = read();
    this.open.delete(node);
    return value;
  }

  private error(message: string, node: any): YamlError {
    return new YamlError(message, this.lineOf(node?.range?.[0] ?? 0));
  }
}

/**
 * Whether a key takes the keys of another map in.
 * @internal
 */
export function isMerge(key: any): boolean {
  return isScalar(key) && key.value === '<<' && (key.tag === undefined ? key.type === Scalar.PLAIN : key.tag === 'tag:yaml.org,2002:merge');
}
