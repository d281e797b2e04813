import { isMap, isScalar, isSeq, Scalar } from 'yaml';
import { isMerge, YamlDocument } from './yaml-reading';

/**
 * Where a node sits: behind an indicator (the colon of a key, a dash) of a key or an item that begins at a column.
 * @internal
 */
export interface Slot {
  /** Where the indicator ends. */
  readonly after: number;
  /** Where the node's tag, anchor or value begins. */
  readonly from: number;
  readonly column: number;
  readonly dash: boolean;
}

/**
 * A pair of a map, or an item of a list.
 * @internal
 */
export interface Member {
  /** Where its key or dash begins, in a list in brackets its value. */
  readonly start: number;
  /** Where its value ends. */
  readonly end: number;
  readonly slot: Slot;
  readonly value: any;
  /** Of a pair; undefined for a merge. */
  readonly key?: string;
}

/**
 * The members of a map or list.
 * @internal
 */
export function membersOf(document: YamlDocument, node: any, slot: Slot): Member[] {
  const tokens: any[] = node.srcToken?.items ?? [];
  const items = tokens.filter(token => token.key || token.sep || token.value || token.start.some((part: any) => part.type === 'seq-item-ind' || part.type === 'explicit-key-ind'));
  return node.items.map((item: any, index: number) => {
    const token = items[index];
    const pair = isMap(node);
    const value = pair ? (item as any).value : item;
    const start = firstOf(token.start) ?? token.key?.offset ?? token.value?.offset ?? value?.range?.[0] ?? slot.from;
    const parts: any[] = pair ? token.sep ?? [] : token.start;
    const indicator = parts.find(part => part.type === (pair ? 'map-value-ind' : 'seq-item-ind'));
    const keyEnd = pair ? (item as any).key?.range?.[1] ?? start : start;
    const after = indicator ? indicator.offset + indicator.source.length : keyEnd;
    const props = parts.filter(part => part.offset >= after && ['anchor', 'tag'].includes(part.type));
    const from = props[0]?.offset ?? token.value?.offset ?? after;
    const ownSlot = { after, from, column: document.columnOf(start), dash: !pair };
    const lastProp = props.at(-1);
    const end = Math.max(endOf(value, after, document.text), lastProp ? lastProp.offset + lastProp.source.length : 0, after);
    const key = pair && !isMerge((item as any).key) ? document.keyOf((item as any).key) : undefined;
    return { start, end, slot: ownSlot, value, key };
  });
}

/**
 * Where a node's own text ends, without comments and line breaks after it.
 * @internal
 */
export function endOf(node: any, after: number, text: string): number {
  if (node === null || node === undefined) return after;
  if ((isMap(node) || isSeq(node)) && !node.flow && node.items.length > 0) {
    const last = node.items.at(-1) as any;
    const value = isMap(node) ? last.value : last;
    const token = (node.srcToken as any)?.items.at(-1);
    const parts: any[] = [...token?.start ?? [], ...token?.sep ?? []].filter(part => !['space', 'newline', 'comment'].includes(part.type));
    const indicatorEnd = Math.max(0, ...parts.map(part => part.offset + part.source.length));
    return Math.max(endOf(value, indicatorEnd, text), indicatorEnd, isMap(node) ? last.key?.range?.[1] ?? 0 : 0);
  }
  if (isScalar(node) && (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED)) {
    const [start, end] = node.range!;
    const keep = /^[|>][-\d]*\+/.test(text.slice(start, end)); // its empty lines are part of it
    return start + text.slice(start, end).replace(keep ? /\r?\n$/ : /(\r?\n)+$/, '').length;
  }
  if (isScalar(node) && node.range![0] === node.range![1]) return after;
  return node.range[1];
}

function firstOf(parts: any[]): number | undefined {
  return parts.find(part => !['space', 'newline', 'comment', 'comma'].includes(part.type))?.offset;
}
