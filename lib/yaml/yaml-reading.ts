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
  /** What a key is in JSON. */
  keyOf(node: any): string | undefined;
  /** The node that an alias stands for. */
  targetOf(alias: Alias): any;
  /** The line of a place in the text, the first being 0. */
  lineOf(offset: number): number;
  /** The column of a place in the text, the first being 0. */
  columnOf(offset: number): number;
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
 * A file's text cut where kubectl cuts it: before each line of three dashes, and between objects of JSON. The parts make up the text.
 * @internal
 */
export function documentsIn(text: string): string[] {
  const objects = jsonObjectsIn(text);
  if (objects !== undefined) return objects;
  const parts = text.split(/(?<=\n)(?=---)/);
  parts.forEach((part, index) => {
    const [, after] = /^---[ \t\r]*(.*)/.exec(part) ?? [];
    if (!after || after.startsWith('#')) return;
    const line = parts.slice(0, index).join('').split('\n').length - 1;
    throw new YamlError(`invalid document separator '---${after}': kubectl takes nothing but a comment behind the dashes`, line);
  });
  return parts;
}

/** The objects of a stream of JSON, as jq writes it; undefined for anything else. */
function jsonObjectsIn(text: string): string[] | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    depth += token === '{' ? 1 : token === '}' ? -1 : 0;
    if (token !== '}' || depth !== 0) continue;
    parts.push(text.slice(start, index + 1));
    start = index + 1;
  }
  if (parts.length < 2 || !parts.every(isJson) || text.slice(start).trim() !== '') return undefined;
  return [...parts.slice(0, -1), parts.at(-1) + text.slice(start)];
}

function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What the YAML library finds wrong, and kubectl does not. */
const KUBECTL_TAKES = 'Comments must be separated';

/** What kubectl knows in JSON and not in YAML. */
const JSON_ESCAPE = /(?<!\\)(?:\\\\)*\\(?:\/|ud[89a-f])/i;

/** What kubectl refuses as it is, or takes for the end of a line. */
const CONTROL = /[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]/;

/**
 * Reads one document as kubectl does: sigs.k8s.io/yaml, https://pkg.go.dev/sigs.k8s.io/yaml. Where it takes the last of two keys, this one throws.
 * @internal
 */
export function readDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { keepSourceTokens: true, schema: 'failsafe', version: '1.1', uniqueKeys: false, merge: false, lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const lineOf = (offset: number) => lines.linePos(offset).line - 1;
  const control = text.search(CONTROL);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0');
    throw new YamlError(`the character U+${code} can't stand in a manifest as it is: write "\\u${code.toLowerCase()}" in double quotes`, lineOf(control));
  }
  const error = document.errors.find(({ message }) => !message.startsWith(KUBECTL_TAKES));
  if (error?.code === 'MULTIPLE_DOCS') throw new YamlError('kubectl reads nothing after a line of three dots: write --- instead', lineOf(error.pos[0]));
  if (error) throw new YamlError(error.message, lineOf(Math.min(error.pos[0], text.trimEnd().length)));
  const reader = new Reader(document, text, lineOf);
  const value = document.contents === null ? null : reader.valueOf(document.contents);
  return {
    text,
    contents: document.contents as ParsedNode | null,
    value: value ?? undefined,
    valueOf: node => reader.valueOf(node),
    keyOf: node => reader.keyOf(node),
    targetOf: alias => reader.targetOf(alias),
    lineOf,
    columnOf: offset => lines.linePos(offset).col - 1,
  };
}

class Reader {
  private readonly open = new Set<unknown>();

  private readonly json: boolean;

  constructor(private readonly document: Document, private readonly text: string, private readonly lineOf: (offset: number) => number) {
    this.json = isJson(text);
  }

  public valueOf(node: any): any {
    if (node === null || node === undefined) return null;
    if (isAlias(node)) return this.valueOf(this.targetOf(node));
    if (isScalar(node)) return this.scalar(node as Scalar);
    if (isSeq(node)) {
      if (!node.flow) for (const { start } of (node.srcToken as any)?.items ?? []) this.refuseTab(start);
      return this.within(node, () => node.items.map(item => this.valueOf(item)));
    }
    if (isMap(node)) return this.within(node, () => Object.fromEntries(this.entries(node)));
    return isPair(node) ? Object.fromEntries(this.entries({ items: [node] } as any)) : null;
  }

  public targetOf(alias: Alias): any {
    const target = alias.resolve(this.document);
    if (target === undefined) throw this.error(`unknown anchor '${alias.source}'`, alias);
    return target;
  }

  public keyOf(node: any): string | undefined {
    const scalar = isAlias(node) ? this.targetOf(node) : node;
    return isScalar(scalar) ? keyOf(this.valueOf(scalar), String(scalar.value)) : undefined;
  }

  /** Keys in their order; `<<` takes effect where it stands, and a later key wins: so goyaml has it. */
  private entries(map: YAMLMap): Map<string, any> {
    const entries = new Map<string, any>();
    const own = new Set<string>();
    for (const pair of map.items as any[]) {
      this.refuseColon(pair);
      const { start = [], sep = [] } = pair.srcToken ?? {};
      if (!map.flow && start.some((part: any) => part.type === 'explicit-key-ind')) this.refuseTab([...start, ...sep]);
      if (isMerge(pair.key)) {
        for (const [key, value] of this.merged(pair.value)) entries.set(key, value);
        continue;
      }
      const key = this.keyOf(pair.key);
      if (key === undefined) throw this.error('a key must be a string, or a number that it is written as: put it in quotes', pair.key ?? pair.value);
      if (own.has(key)) throw this.error(`key "${key}" already set in map`, pair.key);
      own.add(key);
      entries.set(key, this.valueOf(pair.value));
    }
    return entries;
  }

  /** To kubectl the colon of `{a:}` is part of the text. */
  private refuseColon({ key, srcToken }: any) {
    const colon = srcToken?.sep?.find((part: any) => part.type === 'map-value-ind');
    if (colon && isScalar(key) && key.type === Scalar.PLAIN && /[,[\]{}]/.test(this.text[colon.offset + 1] ?? '')) throw this.error('kubectl takes the colon for a part of the text: write a space behind it', key);
  }

  /** Behind a dash, and the ? and : of a key that has a ?, kubectl takes a tab for the beginning of something. */
  private refuseTab(parts: any[]) {
    const tab = parts.find(({ type, source }, index) => type === 'space' && source.includes('\t') && parts[index - 1]?.type.endsWith('-ind'));
    if (tab) throw new YamlError('kubectl takes no tab behind a dash, a question mark or the colon that belongs to it: write a space', this.lineOf(tab.offset));
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
    if (node.type === Scalar.QUOTE_DOUBLE && !this.json && JSON_ESCAPE.test(this.text.slice(node.range![0], node.range![1]))) {
      throw this.error('kubectl takes the escapes \\/ and \\ud800 to \\udfff in JSON alone', node);
    }
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
