import * as fs from 'node:fs';
import * as path from 'node:path';
import { writeImage } from './images';
import { PROGRAMS } from './model';
import { finish, succeed } from '../../processes';
import { SCIKIT_LEARN } from '../../tools/catalogue';
import { python } from '../../tools/python';
import { Tool } from '../../tools/tool';

/** How charts mention it. */
export const INFERENCE_REFERENCE = 'localhost/inference:1';

/** Of Python's standard library and of packages, what no server imports. */
const LEFT_OUT = /\/(test|tests|idlelib|ensurepip|lib2to3|tkinter|turtledemo|site-packages|pip|setuptools|__pycache__|config-[^/]*)$/;

/**
 * An image, as the archive `image.tar`, that serves a model that was trained by the suite: this machine's Python with scikit-learn and the shared
 * libraries that they load, at the paths that they have here.
 */
export const INFERENCE_IMAGE = new Tool({
  name: 'inference-image',
  version: SCIKIT_LEARN.version,
  inputs: [SCIKIT_LEARN.folder, fs.readFileSync(path.join(PROGRAMS, 'serve.py'), 'utf8')],
  make: async folder => {
    await SCIKIT_LEARN.ensure();
    const rootFolder = path.join(folder, 'root');
    const interpreter = await findInterpreter();
    const folders = [interpreter.standardLibrary, interpreter.packages];
    const libraries = await sharedLibraries([interpreter.executable, ...folders.flatMap(binaries)]);
    for (const each of [...folders, interpreter.executable, ...libraries]) copy(each, rootFolder);
    fs.cpSync(path.join(PROGRAMS, 'serve.py'), path.join(rootFolder, 'serve.py'));
    await compile(folders.map(each => path.join(rootFolder, each)));
    await writeImage({
      rootFolder,
      archive: path.join(folder, 'image.tar'),
      references: [INFERENCE_REFERENCE],
      entrypoint: [interpreter.executable, '/serve.py'],
      env: { PYTHONPATH: interpreter.packages },
    });
    fs.rmSync(rootFolder, { recursive: true });
  },
});

interface Interpreter {
  readonly executable: string;
  readonly standardLibrary: string;
  readonly packages: string;
}

async function findInterpreter(): Promise<Interpreter> {
  const asked = 'import json, os, sys, sysconfig; print(json.dumps({"executable": os.path.realpath(sys.executable), '
    + '"standardLibrary": sysconfig.get_path("stdlib"), "packages": sysconfig.get_path("purelib")}))';
  return JSON.parse(await succeed(python(SCIKIT_LEARN), ['-c', asked]));
}

function copy(from: string, rootFolder: string): void {
  const kept = (file: string) => file === from || !LEFT_OUT.test(file);
  fs.cpSync(from, path.join(rootFolder, from), { recursive: true, dereference: true, filter: kept });
}

function binaries(folder: string): string[] {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter(name => /\.so(\.|$)/.test(name)).map(name => path.join(folder, name));
}

/** What the dynamic linker would load for them, itself included. */
async function sharedLibraries(files: string[]): Promise<string[]> {
  const { stdout } = await finish('ldd', files);
  return [...new Set([...stdout.matchAll(/^\s.*?(\/\S+) \(0x/gm)].map(([, file]) => file))];
}

/** Ahead of time, for a container can't write what it compiled: without it, a start takes ten seconds longer. */
async function compile(folders: string[]): Promise<void> {
  await finish(python(SCIKIT_LEARN), ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', ...folders]);
}
