import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { succeed } from '../processes';
import { CACHE, Tool } from './tool';

/** A virtual environment is of use only to the interpreter that made it. Empty where there is none: what needs it says so. */
export const INTERPRETER = spawnSync('python3', ['-c', 'import sys; print(sys.version)'], { encoding: 'utf8' }).stdout ?? '';

/** A virtual environment with what `conformance/python/<name>.txt` pins, by version and hash. `of` is the package whose version is the tool's. */
export function pythonTool(name: string, of: string): Tool {
  const requirements = path.join(__dirname, '..', 'python', `${name}.txt`);
  const text = fs.readFileSync(requirements, 'utf8');
  const version = new RegExp(`^${of}==([^ ;\\\\]+)`, 'm').exec(text)?.[1];
  if (version === undefined) throw new Error(`${requirements} pins no version of ${of}`);
  return new Tool({
    name,
    version,
    inputs: [text, INTERPRETER],
    make: folder => installPinned(folder, requirements),
  });
}

/** Makes a virtual environment with what a file pins. */
export async function installPinned(folder: string, requirements: string): Promise<void> {
  await succeed('python3', ['-m', 'venv', folder]);
  await succeed(path.join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes', '--cache-dir', path.join(CACHE, 'pip'), '-r', requirements]);
}

/** How a module of a virtual environment is run: its scripts name the folder that it was made in, so they are of no use. */
export function python(tool: Tool): string {
  return tool.file('bin/python');
}
