import * as fc from 'fast-check';
import { ManifestFile } from '../../lib/yaml/manifest-file';

/** How a random document is written. */
interface Writing {
  readonly step: number;
  readonly listStep: number;
  readonly eol: string;
  /** Decides at each place; cycles. */
  readonly choices: number[];
}

/** A writer of its own, with comments, empty lines, quotes and braces at random. */
class Writer {
  private index = 0;

  constructor(private readonly writing: Writing) {}

  public document(value: any): string {
    return this.lines(value, 0).join('\n').concat('\n').replace(/\n/g, this.writing.eol);
  }

  private chance(): number {
    return this.writing.choices[this.index++ % this.writing.choices.length];
  }

  private lines(value: any, column: number): string[] {
    const pad = ' '.repeat(column);
    const noise = () => this.chance() < 2 ? [`${pad}# comment ${this.index}`] : this.chance() < 1 ? [''] : [];
    if (Array.isArray(value)) {
      return value.flatMap(item => {
        const [first, ...rest] = this.item(item, column + 2);
        return [...noise(), `${pad}- ${first}`, ...rest];
      });
    }
    return Object.entries(value).flatMap(([key, item]) => {
      const [first, ...rest] = this.inline(item);
      if (first !== undefined) return [...noise(), `${pad}${key}: ${first}${this.comment(rest, first)}`, ...rest.map(line => line && pad + ' '.repeat(this.writing.step) + line)];
      const inner = column + (Array.isArray(item) ? this.writing.listStep : this.writing.step);
      return [...noise(), `${pad}${key}:${this.comment([], '')}`, ...this.lines(item, inner)];
    });
  }

  private item(value: any, column: number): string[] {
    const [first, ...rest] = this.inline(value);
    if (first !== undefined) return [`${first}${this.comment(rest, first)}`, ...rest.map(line => line && ' '.repeat(column) + line)];
    const lines = this.lines(value, column);
    while (/^ *(#|$)/.test(lines[0])) lines.shift();
    return [lines[0].slice(column), ...lines.slice(1)];
  }

  private comment(rest: string[], first: string): string {
    return rest.length === 0 && !/^[|>]/.test(first) && this.chance() < 2 ? `  # trailing ${this.index}` : '';
  }

  /** What fits behind a colon or dash; nothing where lines are needed. */
  private inline(value: any): string[] {
    if (value === null) return [['~', 'null', 'Null'][this.chance() % 3]];
    if (typeof value === 'string') return this.text(value);
    if (typeof value !== 'object') return [JSON.stringify(value)];
    if (Object.keys(value).length === 0) return [Array.isArray(value) ? '[]' : '{}'];
    return this.chance() < 2 ? [JSON.stringify(value).replace(/":/g, '": ').replace(/,"/g, ', "')] : [];
  }

  private text(value: string): string[] {
    if (value.includes('\n')) return ['|-', ...value.split('\n')];
    if (/^[a-x]+$/.test(value) && !['no', 'on', 'off', 'n'].includes(value) && this.chance() < 5) return [value];
    return this.chance() < 4 ? [JSON.stringify(value)] : [`'${value.replace(/'/g, "''")}'`];
  }
}

const key = fc.constantFrom('name', 'image', 'args', 'env', 'volumes', 'labels', 'spec', 'aa', 'bb', 'cc', 'zz', 'initContainers');
const scalar = fc.oneof(
  fc.constantFrom<any>('a', 'bcd', 'yes', '0777', '22:22', 'x: y', '#', "it's", 'two\nlines', 'more\n\n  of\nthem', '', ' '),
  fc.integer({ min: -5, max: 99 }), fc.boolean(), fc.constant(null),
);
const { value: anyValue } = fc.letrec<{ value: any }>(tie => ({
  value: fc.oneof({ maxDepth: 4, depthSize: 'small' }, { weight: 3, arbitrary: scalar },
    { weight: 2, arbitrary: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }) },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 4 }) }),
}));
const root = fc.uniqueArray(fc.tuple(fc.constantFrom('ka', 'kb', 'kc', 'kd', 'ke'), anyValue), { minLength: 2, maxLength: 5, selector: ([name]) => name })
  .map((entries): Record<string, any> => ({ apiVersion: 'v1', kind: 'Any', ...Object.fromEntries(entries) }));
const writing = fc.record({
  step: fc.constantFrom(2, 4),
  listStep: fc.constantFrom(0, 2, 4),
  eol: fc.constantFrom('\n', '\n', '\r\n'),
  choices: fc.array(fc.nat(9), { minLength: 40, maxLength: 60 }),
});

/** The value with something put in, taken out or changed at a few places. */
function edited(value: any, steps: number[], fresh: any[]): any {
  const copy = JSON.parse(JSON.stringify(value));
  let next = 0;
  const pick = () => steps[next++ % steps.length];
  for (let count = 0; count < fresh.length; count++) {
    let holder = copy;
    let names = Object.keys(holder).filter(name => !['apiVersion', 'kind'].includes(name));
    while (names.length > 0) {
      const name = names[pick() % names.length];
      const inner = holder[name];
      if (inner !== null && typeof inner === 'object' && pick() % 4 > 0) {
        holder = inner;
        names = Object.keys(holder);
        continue;
      }
      const way = pick() % 3;
      if (way === 0) holder[name] = fresh[count];
      else if (way === 1 && holder !== copy) Array.isArray(holder) ? holder.splice(Number(name), 1) : delete holder[name];
      else if (Array.isArray(holder)) holder.splice(Number(name), 0, fresh[count]);
      else holder.zz = fresh[count];
      break;
    }
  }
  return copy;
}

test('whatever is changed: the value is as asked, and what it does not concern stays as it is written', () => {
  const steps12 = fc.array(fc.nat(99), { minLength: 12, maxLength: 12 });
  fc.assert(fc.property(root, writing, steps12, fc.array(anyValue, { minLength: 1, maxLength: 3 }), (value, how, steps, fresh) => {
    const text = new Writer(how).document(value);
    const file = ManifestFile.parse('f.yaml', text);
    const [object] = file.objects;
    expect(object.value).toEqual(value);
    const changed = edited(value, steps, fresh);
    let after = '';
    try {
      after = file.textWith([changed]);
    } catch (error) {
      throw new Error(`${error}\n${text}\nto ${JSON.stringify(changed)}`);
    }
    expect(ManifestFile.parse('f.yaml', after).objects[0].value).toEqual(changed);
    for (const section of text.split(/(?<=\n)(?=k[a-e]:)/)) {
      const name = section.slice(0, 2);
      if (JSON.stringify(value[name]) === JSON.stringify(changed[name]) && /^k[a-e]:/.test(section)) expect(after).toContain(section.trimEnd());
    }
    if (how.eol === '\r\n') expect(after).not.toMatch(/[^\r]\n/);
    else expect(after).not.toContain('\r');
  }), { numRuns: Number(process.env.PROPERTY_RUNS ?? 25) });
});
