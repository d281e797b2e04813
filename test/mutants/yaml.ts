import { Mutant } from './mutant';

const SCALARS = { file: 'lib/yaml/yaml-scalars.ts', test: 'test/yaml/yaml-reading.test.ts' };
const READING = { file: 'lib/yaml/yaml-reading.ts', test: 'test/yaml/yaml-reading.test.ts' };
const EDITING = { file: 'lib/yaml/yaml-editing.ts', test: 'test/yaml/manifest-file.test.ts' };

/** Breaks of how manifests are read and changed in place. */
export const YAML_MUTANTS: Mutant[] = [
  { ...SCALARS, what: 'yaml: an octal number of YAML 1.1 is decimal', replace: '0o?([0-7]+)|(0|', by: '0o([0-7]+)|(0|' },
  { ...SCALARS, what: 'yaml: a big integer loses digits', replace: 'Number.isSafeInteger(number) ||', by: 'true ||' },
  { ...READING, what: 'yaml: the last of two keys wins', replace: 'if (own.has(key)) throw', by: 'if (false) throw' },
  { ...READING, what: 'yaml: the later of merged maps wins', replace: '[...target.items].reverse()', by: '[...target.items]' },
  { ...READING, what: 'yaml: what follows three dots is lost', replace: "error?.code === 'MULTIPLE_DOCS'", by: 'false' },
  { ...READING, what: 'yaml: a line break of YAML 1.1 is let through', replace: '\\x7f-\\x9f\\u2028\\u2029\\ufffe\\uffff]/;', by: '\\x7f-\\x9f\\ufffe\\uffff]/;' },
  { ...EDITING, what: 'yaml: a change shows through an alias', replace: 'for (const node of this.anchored) this.detached.add(node);', by: '' },
  { ...EDITING, what: 'yaml: line breaks of Windows are mixed with others', replace: 'indented.replace(/\\n/g, this.eol)', by: 'indented' },
  { ...EDITING, what: 'yaml: a comment behind an old value goes', replace: 'this.put(this.lineEnd(end), this.lineEnd(end), text', by: 'this.put(end, this.lineEnd(end), text' },
  { ...READING, what: 'yaml: a tab that kubectl refuses is let through', replace: 'if (tab) throw', by: 'if (false) throw' },
  { ...EDITING, what: 'yaml: comments in braces go', replace: 'return !/#[^\\n]*\\n/.test(', by: 'return !/^$/.test(' },
  { ...EDITING, what: 'yaml: an item below its dash stands for those beside it', file: 'lib/yaml/yaml-style.ts', replace: " && !text.slice(from, to).includes('\\n')", by: '' },
  { ...EDITING, what: 'yaml: a document is read for each of its objects', file: 'lib/yaml/manifest-file.ts', replace: 'return { line: line + start + 1, value: object };', by: 'return { line: line + start + 1, value: readDocument(JSON.stringify(object)).value };' },
  {
    file: 'lib/yaml/list-matching.ts',
    test: 'test/yaml/manifest-file.test.ts',
    what: 'yaml: an object of a list is written anew',
    replace: 'const alike = end - start === next - old;',
    by: 'const alike = false;',
  },
];
