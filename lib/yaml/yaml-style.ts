import { isMap, isSeq } from 'yaml';
import { quoted, yamlOf } from './kubernetes-yaml';
import { resolveScalar } from './yaml-scalars';

/**
 * How a file is written.
 * @internal
 */
export interface YamlStyle {
  /** Columns by which a map stands further in than its key. */
  readonly step: number;
  /** Columns by which a list stands further in than its key. */
  readonly listStep: number;
  /** Columns from a dash to its item. */
  readonly dash: number;
}

/**
 * The style of the first collections of each kind.
 * @internal
 */
export function styleOf(text: string, root: any): YamlStyle {
  const style: { -readonly [key in keyof YamlStyle]?: number } = {};
  const column = (offset: number) => offset - text.lastIndexOf('\n', offset - 1) - 1;
  const visit = (node: any) => {
    if (isMap(node) && !node.flow) {
      for (const { key, value } of node.items as any[]) {
        if ((isMap(value) || isSeq(value)) && !value.flow && key?.range && value.range) {
          const inner = column(value.range[0]) - column(key.range[0]);
          if (isMap(value) && inner > 0) style.step ??= inner;
          if (isSeq(value) && inner >= 0) style.listStep ??= inner;
        }
        visit(value);
      }
    }
    if (isSeq(node) && !node.flow) {
      const [first] = node.items as any[];
      // an item below its dash says nothing about one beside it
      const [from, to] = isMap(first) && !first.flow ? [node.range![0], first.range![0]] : [0, 0];
      if (from < to && !text.slice(from, to).includes('\n')) style.dash ??= to - from;
      node.items.forEach(visit);
    }
  };
  visit(root);
  return { step: 2, listStep: style.step ?? 2, dash: 2, ...style };
}

/**
 * A value as the lines that begin at a column, the first without its indentation.
 * @internal
 */
export function blockOf(value: any, column: number, style: YamlStyle): string {
  if (isLeaf(value)) return scalarOf(value, Math.max(column - style.dash, 0), style.dash);
  const separator = `\n${' '.repeat(column)}`;
  if (Array.isArray(value)) return value.map(item => `-${' '.repeat(style.dash - 1)}${blockOf(item, column + style.dash, style)}`).join(separator);
  return Object.entries(value).map(([key, item]) => pairOf(key, item, column, style)).join(separator);
}

/**
 * A key and its value as the lines that begin at a column, the first without its indentation.
 * @internal
 */
export function pairOf(key: string, value: any, column: number, style: YamlStyle): string {
  return `${keyText(key)}:${afterKey(value, column, style)}`;
}

/**
 * What follows the colon of a key at a column.
 * @internal
 */
export function afterKey(value: any, column: number, style: YamlStyle): string {
  if (isLeaf(value)) return ` ${scalarOf(value, column, style.step)}`;
  const inner = column + (Array.isArray(value) ? style.listStep : style.step);
  return `\n${' '.repeat(inner)}${blockOf(value, inner, style)}`;
}

/** A scalar; further lines of it begin some columns after the column of its key or dash. */
function scalarOf(value: any, column: number, indent: number): string {
  const text = yamlOf({ k: value }, { indent, doubleQuotedMinMultiLineLength: Infinity }).slice('k: '.length).replace(/\n$/, '');
  return text.replace(/\n(?=[^\n])/g, `\n${' '.repeat(column)}`);
}

function keyText(key: string): string {
  return yamlOf({ [key]: 0 }).replace(/: 0\n$/, '');
}

/**
 * A value in JSON, which YAML takes in braces and brackets too.
 * @internal
 */
export function jsonOf(value: any, layout: JsonLayout): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value !== 'object') return String(value);
  const inner = { ...layout, column: layout.column + layout.step };
  const entries = Array.isArray(value) ? value.map(item => jsonOf(item, inner))
    : Object.entries(value).map(([key, item]) => jsonPair(key, item, inner));
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (entries.length === 0) return open + close;
  if (layout.step === 0) return `${open}${entries.join(layout.spaced ? ', ' : ',')}${close}`;
  const line = `\n${' '.repeat(layout.column + layout.step)}`;
  return `${open}${line}${entries.join(`,${line}`)}\n${' '.repeat(layout.column)}${close}`;
}

/**
 * A key and its value in JSON.
 * @internal
 */
export function jsonPair(key: string, value: any, layout: JsonLayout): string {
  const plain = !layout.json && /^[A-Za-z][-\w./]*$/.test(key) && typeof resolveScalar(key) === 'string';
  return `${plain ? key : quoted(key)}:${layout.spaced || !layout.json ? ' ' : ''}${jsonOf(value, layout)}`;
}

/**
 * How JSON is laid out: the column at which a value's own lines begin, and how much further in its members are; 0 for all in one line.
 * @internal
 */
export interface JsonLayout {
  readonly column: number;
  readonly step: number;
  readonly spaced: boolean;
  /** Whether it is a file of JSON, where keys are quoted. */
  readonly json: boolean;
}

/**
 * Whether a value takes no lines of its own: a scalar, or a collection without members.
 * @internal
 */
export function isLeaf(value: any): boolean {
  return value === null || typeof value !== 'object' || Object.keys(value).length === 0;
}
