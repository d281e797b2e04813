import { isAlias, isMap, isSeq } from 'yaml';
import { rank } from './kubernetes-yaml';
import { matchItems } from './list-matching';
import { sameValue } from './same-value';
import { endOf, Member, membersOf, Slot } from './yaml-members';
import { YamlDocument } from './yaml-reading';
import { afterKey, blockOf, JsonLayout, jsonOf, jsonPair, pairOf, styleOf, YamlStyle } from './yaml-style';

/** A piece of text that takes the place of another. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The text of a document with its value changed. The text stays as it is wherever the value does: pieces are put in, and none is written anew that
 * needs no change.
 * @internal
 */
export function editDocument(document: YamlDocument, changed: any): string {
  return new Editing(document).apply(changed);
}

class Editing {
  private readonly splices: Splice[] = [];
  /** Nodes with an anchor that hold a change: aliases of them are written out. */
  private readonly detached = new Set<unknown>();
  private readonly anchored: unknown[] = [];
  /** The objects of a list of them: each stays where it is. */
  private readonly objects: unknown;
  private readonly style: YamlStyle;
  /** Whether it is all in braces, as JSON is. */
  private readonly json: boolean;
  /** Columns by which members of JSON stand further in; 0 where it is one line. */
  private readonly jsonStep: number;
  /** Whether members in one line have spaces between them. */
  private readonly spaced: boolean;
  private readonly tabs: boolean;
  private readonly eol: string;
  private readonly text: string;

  constructor(private readonly document: YamlDocument) {
    this.text = document.text;
    this.objects = isMap(document.contents) ? document.contents.get('items') : undefined;
    this.style = styleOf(document.text, document.contents);
    this.json = (document.contents as any)?.flow === true;
    const [, indent = ''] = /\n([ \t]+)/.exec(document.text) ?? [];
    this.jsonStep = indent.length;
    this.spaced = !this.json || /[,:] /.test(this.text);
    this.tabs = this.json && indent.startsWith('\t');
    this.eol = /\r\n/.test(document.text) ? '\r\n' : '\n';
  }

  public apply(changed: any): string {
    const root = this.document.contents as any;
    this.visit({ after: root.range[0], from: root.range[0], column: 0, dash: false }, root, changed);
    // at one place insertions come before removals
    const order = this.splices.map((splice, index) => ({ ...splice, index })).sort((a, b) => a.start - b.start || a.end - b.end || a.index - b.index);
    let out = '';
    let position = 0;
    for (const { start, end, text } of order) {
      out += this.text.slice(position, start) + text;
      position = Math.max(position, end);
    }
    return out + this.text.slice(position);
  }

  private put(start: number, end: number, text: string) {
    for (const node of this.anchored) this.detached.add(node);
    const indented = this.tabs ? text.replace(/\n +/g, spaces => spaces.replace(/ /g, '\t')) : text;
    this.splices.push({ start, end, text: indented.replace(/\n/g, this.eol) });
  }

  private visit(slot: Slot, node: any, value: any, flow = false) {
    if (isAlias(node)) {
      const target = this.document.targetOf(node);
      if (this.detached.has(target) || !sameValue(this.document.valueOf(target), value)) this.replace(slot, node, value, flow);
      return;
    }
    const same = sameValue(this.document.valueOf(node), value);
    if (same && this.detached.size === 0) return;
    if (node?.anchor !== undefined) this.anchored.push(node);
    if (!flow && this.worthBlock(node, value)) {
      this.replace(slot, node, value, false);
    } else if (isMap(node) && isObject(value) && this.visitMap(slot, node, value, flow || node.flow === true)) {
      // done
    } else if (isSeq(node) && Array.isArray(value) && value.length > 0 && node.items.length > 0) {
      this.visitList(slot, node, value, flow || node.flow === true);
    } else if (!same) {
      this.replace(slot, node, value, flow);
    }
    if (node?.anchor !== undefined) this.anchored.pop();
  }

  /** False where the map had to be replaced as a whole, which is the caller's to do. */
  private visitMap(slot: Slot, node: any, value: any, flow: boolean): boolean {
    const members = membersOf(this.document, node, slot);
    if (members.length === 0 || !node.srcToken) return false;
    if (Object.keys(value).length === 0) return false;
    const before = this.document.valueOf(node);
    const merges = members.filter(({ key }) => key === undefined);
    if (merges.length > 0 && this.mergesChange(members, value, before)) {
      this.replace(slot, node, value, flow);
      return true;
    }
    const own = new Map(members.filter(({ key }) => key !== undefined).map(member => [member.key!, member]));
    const added = Object.keys(value).filter(key => !own.has(key) && (!(key in before) || !sameValue(before[key], value[key])));
    const removed = new Set([...own.keys()].filter(key => !(key in value)));
    if (removed.size === members.length) {
      this.replace(slot, node, value, flow);
      return true;
    }
    // at one place what members need comes before what follows them
    for (const [key, member] of own) if (key in value) this.visit(member.slot, member.value, value[key], flow);
    this.remove(members, member => member.key !== undefined && removed.has(member.key), flow);
    const keys = members.map(({ key }) => key!);
    const ordered = isAlphabetical(keys) ? added.sort() : added.sort((a, b) => rank(a) - rank(b));
    const groups = new Map<number, string[]>();
    for (const key of ordered) {
      const index = merges.length > 0 ? members.length : placeOf(key, keys);
      groups.set(index, [...groups.get(index) ?? [], this.pairText(key, value[key], members, flow)]);
    }
    for (const [index, texts] of groups) this.insert(slot, members, index, texts, flow);
    return true;
  }

  /** Whether the map can't keep its merges. */
  private mergesChange(members: Member[], value: any, before: any): boolean {
    const winners = new Map<string, Member>();
    for (const member of members) {
      if (member.key !== undefined) {
        winners.set(member.key, member);
        continue;
      }
      const sources = isSeq(member.value) ? member.value.items as any[] : [member.value];
      if (sources.some(source => isAlias(source) && this.detached.has(this.document.targetOf(source)))) return true;
      for (const source of sources) for (const key of Object.keys(this.document.valueOf(source))) winners.set(key, member);
    }
    const own = new Set(members.map(({ key }) => key));
    return [...winners].some(([key, member]) => member.key === undefined && (!(key in value) || own.has(key) && !sameValue(before[key], value[key])));
  }

  private visitList(slot: Slot, node: any, value: any[], flow: boolean) {
    const members = membersOf(this.document, node, slot);
    const matches = node === this.objects ? value.map((_, index) => index) : matchItems(this.document.valueOf(node), value);
    const kept = new Set(matches);
    if (matches.every(match => match < 0)) {
      this.replace(slot, node, value, flow);
      return;
    }
    matches.forEach((match, at) => { if (match >= 0) this.visit(members[match].slot, members[match].value, value[at], flow); });
    this.remove(members, (_, index) => !kept.has(index), flow);
    let index = 0;
    for (let at = 0; at < value.length; at++) {
      if (matches[at] >= 0) {
        index = matches[at] + 1;
        continue;
      }
      const from = at;
      while (at + 1 < value.length && matches[at + 1] < 0) at++;
      this.insert(slot, members, index, value.slice(from, at + 1).map(item => this.itemText(item, members, flow)), flow);
    }
  }

  private pairText(key: string, value: any, members: Member[], flow: boolean): string {
    return flow ? jsonPair(key, value, this.layoutAt(members)) : pairOf(key, value, this.columnOf(members[0].start), this.style);
  }

  private itemText(value: any, members: Member[], flow: boolean): string {
    if (flow) return jsonOf(value, this.layoutAt(members));
    const column = this.columnOf(members[0].start) + this.style.dash;
    return `-${' '.repeat(this.style.dash - 1)}${blockOf(value, column, this.style)}`;
  }

  private insert(slot: Slot, members: Member[], index: number, texts: string[], flow: boolean) {
    const first = members[0].start;
    if (flow) {
      const own = this.beginsLine(first);
      const separator = own ? `\n${' '.repeat(this.columnOf(first))}` : this.spaced ? ' ' : '';
      if (index === 0) this.put(first, first, texts.map(text => `${text},${separator}`).join(''));
      else this.put(members[index - 1].end, members[index - 1].end, texts.map(text => `,${separator}${text}`).join(''));
      return;
    }
    const indent = ' '.repeat(this.columnOf(first));
    if (index > 0 || this.beginsLine(first) && slot.after < first && this.text.slice(slot.after, first).includes('\n')) {
      const place = this.lineEnd(index > 0 ? members[index - 1].end : slot.after);
      // a block of text at the end of a file ends with a line
      const last = place === this.text.length && /[|>][-+\d]*\n/.test(texts.join('\n')) ? '\n' : '';
      this.put(place, place, texts.map(text => `\n${indent}${text}`).join('') + last);
    } else {
      this.put(first, first, texts.map(text => `${text}\n${indent}`).join(''));
    }
  }

  private remove(members: Member[], gone: (member: Member, index: number) => boolean, flow: boolean) {
    let kept = false;
    members.forEach((member, index) => {
      if (!gone(member, index)) {
        kept = true;
      } else if (flow) {
        if (kept) this.put(members[index - 1].end, member.end, '');
        else this.put(member.start, members[index + 1].start, '');
      } else if (this.beginsLine(member.start)) {
        const start = this.text.lastIndexOf('\n', member.start - 1);
        const end = this.lineEnd(member.end);
        if (start < 0) this.put(0, this.text.indexOf('\n', end) < 0 ? end : this.text.indexOf('\n', end) + 1, '');
        else this.put(start - (this.text[start - 1] === '\r' ? 1 : 0), end, '');
      } else {
        this.put(member.start, members[index + 1].start, '');
      }
    });
  }

  private replace(slot: Slot, node: any, value: any, flow: boolean) {
    const end = Math.max(endOf(node, slot.after, this.text), slot.from);
    if (flow || this.json) {
      const layout = { ...this.layoutAt([]), column: this.indentOf(slot.from), step: this.json ? this.jsonStep : 0 };
      this.put(slot.from, end, `${slot.from === slot.after && layout.spaced ? ' ' : ''}${jsonOf(value, layout)}`);
      return;
    }
    const text = slot.dash ? `${' '.repeat(this.style.dash - 1)}${blockOf(value, slot.column + this.style.dash, this.style)}` : afterKey(value, slot.column, this.style);
    const [head] = text.split('\n', 1);
    // comments behind the key, and behind the old value, stay behind the first line
    const below = isBlock(node) && !slot.dash && this.text.slice(slot.after, end).includes('\n');
    this.put(slot.after, slot.after, head);
    this.put(below ? this.lineEnd(slot.after) : slot.after, end, '');
    this.put(this.lineEnd(end), this.lineEnd(end), text.slice(head.length));
  }

  /** Whether a list or map in brackets, which no other is around, is better a block: where a text of several lines comes in, and no comment would go. */
  private worthBlock(node: any, value: any): boolean {
    if (this.json || node?.flow !== true || !multiline(value) || multiline(this.document.valueOf(node))) return false;
    return !/#[^\n]*\n/.test(this.text.slice(node.range[0], node.range[1]));
  }

  private layoutAt(members: Member[]): JsonLayout {
    const own = members.length > 0 && this.beginsLine(members[0].start);
    const column = own ? this.columnOf(members[0].start) : 0;
    return { column, step: !own ? 0 : this.json ? this.jsonStep : this.style.step, spaced: this.spaced, json: this.json };
  }

  private columnOf(offset: number): number {
    return this.document.columnOf(offset);
  }

  private indentOf(offset: number): number {
    return /^[ \t]*/.exec(this.text.slice(offset - this.columnOf(offset)))![0].length;
  }

  private beginsLine(offset: number): boolean {
    return /^[ \t]*$/.test(this.text.slice(offset - this.columnOf(offset), offset));
  }

  /** The end of a line, before what breaks it. */
  private lineEnd(offset: number): number {
    const end = this.text.indexOf('\n', offset);
    return end < 0 ? this.text.length : this.text[end - 1] === '\r' ? end - 1 : end;
  }
}

/** Where a new key goes: in its place where the keys are in the order of the alphabet, or else behind the last that usually comes before it. */
function placeOf(key: string, keys: string[]): number {
  if (isAlphabetical(keys)) return keys.filter(other => other < key).length;
  return isUsual(key) ? keys.map(other => rank(other) < rank(key)).lastIndexOf(true) + 1 : keys.length;
}

function isAlphabetical(keys: string[]): boolean {
  return keys.length >= 3 && keys.every((other, index) => index === 0 || keys[index - 1] < other);
}

function isUsual(key: string): boolean {
  return rank(key) < rank('');
}

/** Whether a node is a list or map with lines of its own. */
function isBlock(node: any): boolean {
  return (isMap(node) || isSeq(node)) && !node.flow;
}

function isObject(value: any): boolean {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function multiline(value: any): boolean {
  if (typeof value === 'string') return value.trimEnd().includes('\n');
  return value !== null && typeof value === 'object' && Object.values(value).some(multiline);
}
