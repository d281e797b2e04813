import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

const PAGE = path.join(__dirname, '..', 'docs', 'benchmarks.md');

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Median, and in parentheses the least and the most. */
export function withSpread(values: number[], digits = 2): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

export function table(header: string[], rows: string[][]): string {
  return [header, header.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

function packageVersions(): string[] {
  return ['aws-cdk-lib', 'cdk8s', 'constructs'].map(name => `${name} ${JSON.parse(fs.readFileSync(require.resolve(`${name}/package.json`), 'utf8')).version}`);
}

/** The machine, the versions of what is measured, how often it was, and the day. */
export function conditions(extent: string, versions = packageVersions()): string {
  const cpus = os.cpus();
  return `${new Date().toISOString().slice(0, 10)}, ${cpus.length} × ${cpus[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()}, `
    + `Node.js ${process.versions.node}, ${versions.join(', ')}; ${extent}, load average ${os.loadavg()[0].toFixed(1)} at the beginning.`;
}

/** Replaces one suite's section of the page; the others stay. */
export function writeSection(name: string, text: string) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const page = fs.readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no section ${begin} … ${end}`);
  fs.writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`);
}
