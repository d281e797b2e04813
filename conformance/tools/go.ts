import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { CACHE, contents, Tool } from './tool';

const MODULES = path.join(__dirname, '..', 'modules');

export interface GoToolProps {
  /** The module whose version in go.mod is the tool's. Without it, the tool is a program of the suite's own. */
  readonly of?: string;
  /** Binaries, by the package that each is built from. */
  readonly binaries: Record<string, string>;
  readonly tags?: string[];
  /** Values of variables, by their full names; `$VERSION` is the tool's. */
  readonly variables?: Record<string, string>;
}

/** Binaries that are built from a module in `conformance/modules`, which pins what they are made of by go.mod and go.sum. */
export function goTool(module: string, props: GoToolProps): Tool {
  const source = path.join(MODULES, module);
  const version = props.of === undefined ? 'own' : requiredVersion(source, props.of);
  return new Tool({
    name: module,
    version,
    inputs: [...contents(source), JSON.stringify(props)],
    make: async folder => {
      const variables = Object.entries(props.variables ?? {}).map(([name, value]) => `-X ${name}=${value.replaceAll('$VERSION', version)}`);
      for (const [binary, from] of Object.entries(props.binaries)) {
        const args = ['build', '-mod=readonly', '-trimpath', '-tags', (props.tags ?? []).join(','), '-ldflags', ['-s', '-w', ...variables].join(' '), '-o', path.join(folder, binary), from];
        await succeed('go', args, { cwd: source, env: GO_ENVIRONMENT });
      }
    },
  });
}

/** Files of modules, copied out of what `go mod download` brings: nothing is compiled. */
export function goFiles(module: string, of: string, name: string, files: Array<{ of: string; under: string; only?: RegExp }>): Tool {
  const source = path.join(MODULES, module);
  return new Tool({
    name,
    version: requiredVersion(source, of),
    inputs: [...contents(source), JSON.stringify(files.map(each => [each.of, each.under, String(each.only)]))],
    make: async folder => {
      for (const each of files) {
        const { Dir } = JSON.parse(await succeed('go', ['mod', 'download', '-json', `${each.of}@v${requiredVersion(source, each.of)}`], { cwd: source, env: GO_ENVIRONMENT }));
        const under = path.join(Dir, each.under);
        for (const file of fs.readdirSync(under).filter(entry => /\.yaml$/.test(entry) && (each.only ?? /./).test(entry))) {
          fs.writeFileSync(path.join(folder, file), fs.readFileSync(path.join(under, file)));
        }
      }
    },
  });
}

/** Go with the caches of the suite. */
export const GO_ENVIRONMENT = {
  ...process.env,
  CGO_ENABLED: '0',
  GOTOOLCHAIN: 'local',
  GOFLAGS: '-buildvcs=false',
  GOCACHE: path.join(CACHE, 'go', 'build'),
  GOMODCACHE: path.join(CACHE, 'go', 'mod'),
};

function requiredVersion(source: string, module: string): string {
  const line = fs.readFileSync(path.join(source, 'go.mod'), 'utf8').split('\n').map(each => each.trim().replace(/^require /, '').split(' ')).find(([name]) => name === module);
  if (!line?.[1]?.startsWith('v')) throw new Error(`${source}/go.mod requires no version of ${module}`);
  return line[1].slice(1);
}
