import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bytes, Files, findShell, sha256, Shell, SMALL_MODEL } from './bench';

jest.setTimeout(60_000);

const PROGRAM = readFileSync(join(__dirname, '..', '..', '..', 'lib', 'delivery', 'check-image.sh'), 'utf8');
const folders: string[] = [];
afterAll(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })));

/** A folder of an image, and what its manifest's digest is. */
interface Baked {
  readonly folder: string;
  readonly digest: string;
  readonly total: number;
}

function bake(files: Files = SMALL_MODEL, describe: (total: number) => string = total => JSON.stringify({ name: 'llama', totalBytes: total, by: 'tests' }, null, 2)): Baked {
  const root = mkdtempSync(join(tmpdir(), 'check-image-'));
  folders.push(root);
  chmodSync(root, 0o755);
  const folder = join(root, 'models');
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const all: Files = { ...files, 'model.json': Buffer.from(describe(total)) };
  const manifest = Object.entries(all).map(([name, content]) => `${sha256(content)}  ${name}\n`).join('');
  for (const [name, content] of Object.entries({ ...all, 'manifest.sha256': Buffer.from(manifest) })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content, { mode: 0o444 });
  }
  return { folder, digest: `sha256:${sha256(manifest)}`, total };
}

const USER = 65532;
const root = process.getuid?.() === 0;

describe.each(['dash', 'busybox'] as const)('a look at the folder of a model image under %s', name => {
  const shell: Shell | undefined = findShell(name);
  const run = shell ? test : test.skip;
  const asRoot = shell && root ? test : test.skip;
  const why = shell ? root ? '' : ' (skipped: needs root)' : ` (skipped: no ${name} on this machine)`;

  const look = (folder: string, digest = '', uid?: number) => {
    const options = { cwd: '/', encoding: 'utf8', env: { PATH: shell!.path }, ...uid === undefined ? {} : { uid, gid: uid } } as const;
    const { status, stdout, stderr } = spawnSync(shell!.sh, ['-c', PROGRAM, 'check-image', 'serving/llama@1', folder, digest], options);
    return { status, stdout, stderr };
  };
  const refused = (made: { folder: string }, code: number, says: string, digest?: string, uid?: number) => {
    const { status, stdout, stderr } = look(made.folder, digest, uid);
    expect([status, stdout, stderr.split('\n')[0]]).toEqual([code, '', expect.stringContaining(says)]);
    expect(stderr).toContain(`(exit ${code})`);
    expect(stderr.trim().split('\n')).toHaveLength(1); // of the tools' own words, what matters is in it
  };

  run(`takes what is right, and says what it saw${why}`, () => {
    const { folder, digest, total } = bake();
    expect(look(folder, digest)).toEqual({ status: 0, stdout: `model serving/llama@1: 5 files, ${total} bytes, ${digest}\n`, stderr: '' });
    expect(look(folder).status).toBe(0); // without a digest, whatever manifest is there
  });

  run(`refuses another model${why}`, () => {
    const made = bake();
    const other = bake({ ...SMALL_MODEL, 'config.json': bytes('other', 200) });
    refused(other, 65, `manifest.sha256 has the digest ${other.digest}, pinned is ${made.digest}: this is the image of another model, or of another version`, made.digest);
  });

  run(`refuses a model of which a file is missing, or is a folder${why}`, () => {
    const made = bake();
    rmSync(join(made.folder, 'tokenizer/vocab.txt'));
    refused(made, 65, '/tokenizer/vocab.txt is missing, no file, or out of reach', made.digest);
    mkdirSync(join(made.folder, 'tokenizer/vocab.txt'));
    refused(made, 65, '/tokenizer/vocab.txt is missing, no file, or out of reach', made.digest);
  });

  run(`refuses what nobody published, beside the model${why}`, () => {
    for (const extra of ['modeling_llama.py', 'tokenizer/extra.json', '.hidden']) {
      const made = bake();
      writeFileSync(join(made.folder, extra), '');
      refused(made, 65, 'holds 7 files, and manifest.sha256 names 5 beside itself: something is in the image that was not published', made.digest);
    }
    const linked = bake();
    symlinkSync('/', join(linked.folder, 'folder'));
    refused(linked, 65, 'holds 7 files', linked.digest);
    const made = bake();
    mkdirSync(join(made.folder, 'empty'));
    expect(look(made.folder, made.digest).status).toBe(0);
  });

  run(`refuses a model of which a file is short, or long${why}`, () => {
    const made = bake();
    truncateSync(join(made.folder, 'model-00001.safetensors'), 899_999);
    refused(made, 65, `hold ${made.total - 1} bytes, model.json says ${made.total}: not all of the model is in the image`, made.digest);
    truncateSync(join(made.folder, 'model-00001.safetensors'), 900_001);
    refused(made, 65, `hold ${made.total + 1} bytes`, made.digest);
  });

  run(`refuses an empty folder, and none, and says what was to be there${why}`, () => {
    const made = bake();
    for (const file of ['manifest.sha256', 'model.json']) {
      const [from, to] = [file, 'elsewhere'].map(each => join(made.folder, each));
      renameSync(from, to);
      refused(made, 66, `${made.folder} holds no manifest.sha256 and model.json: is it the image of a model, and its folder?`);
      renameSync(to, from);
    }
    refused({ folder: '/nowhere' }, 66, '/nowhere holds no manifest.sha256');
    symlinkSync('/proc/1234567/root/models', join(dirname(made.folder), 'dangling'));
    refused({ folder: join(dirname(made.folder), 'dangling') }, 66, 'holds no manifest.sha256');
  });

  run(`refuses a description without a total${why}`, () => {
    for (const description of ['{}', '{"totalBytes":"12"}', '{"totalBytes":1.5}', '']) refused(bake(SMALL_MODEL, () => description), 65, 'model.json has no totalBytes');
  });

  asRoot(`refuses what another user can't read, and says who that was${why}`, () => {
    const made = bake();
    expect(look(made.folder, made.digest, USER).status).toBe(0);
    chmodSync(join(made.folder, 'config.json'), 0o400);
    refused(made, 66, `config.json can't be read as user ${USER} of group ${USER}: files of a model image must have mode 0444`, made.digest, USER);
    expect(look(made.folder, made.digest).status).toBe(0);
    chmodSync(join(made.folder, 'config.json'), 0o444);
    chmodSync(join(made.folder, 'tokenizer'), 0o700);
    refused(made, 65, `/tokenizer/vocab.txt is missing, no file, or out of reach as user ${USER} of group ${USER}: not all of the model is in the image, or a folder has not mode 0555`, made.digest, USER);
    chmodSync(join(made.folder, 'tokenizer'), 0o755);
    chmodSync(join(made.folder, 'manifest.sha256'), 0o400);
    refused(made, 66, `${made.folder} can't be read as user ${USER} of group ${USER}: the application would not read it either`, made.digest, USER);
    chmodSync(join(made.folder, 'manifest.sha256'), 0o444);
    chmodSync(made.folder, 0o700);
    refused(made, 66, `${made.folder} can't be read as user ${USER}`, made.digest, USER);
  });

  run(`looks at more files than one command takes, with blanks, quotes and dollars in their names${why}`, () => {
    const files: Files = Object.fromEntries(Array.from({ length: 801 }, (_, index) => [`shards/part ${index} of $(id) 'x' "y".bin`, bytes(`${index}`, 10 + index % 7)]));
    const { folder, digest, total } = bake({ ...files, '-rf': bytes('option', 9), ' leading and trailing ': bytes('blank', 3), 'ünï/*.txt': bytes('star', 5) });
    const { status, stdout, stderr } = look(folder, digest);
    expect([status, stdout, stderr]).toEqual([0, `model serving/llama@1: 805 files, ${total} bytes, ${digest}\n`, '']);
    truncateSync(join(folder, "shards/part 800 of $(id) 'x' \"y\".bin"), 1);
    expect(look(folder, digest).status).toBe(65);
  });

  run(`follows the links that a hub's cache has, and counts what they lead to${why}`, () => {
    const { folder, digest } = bake();
    renameSync(join(folder, 'model-00001.safetensors'), join(dirname(folder), 'f00d'));
    symlinkSync('../f00d', join(folder, 'model-00001.safetensors'));
    expect(look(folder, digest)).toMatchObject({ status: 0, stderr: '' });
  });

  run(`looks at the last line of a manifest that ends without a newline, too${why}`, () => {
    const { folder } = bake();
    const manifest = join(folder, 'manifest.sha256');
    const text = `${readFileSync(manifest, 'utf8')}${sha256('x')}  extra.bin`;
    chmodSync(manifest, 0o644);
    writeFileSync(manifest, text);
    refused({ folder }, 65, 'extra.bin is missing', `sha256:${sha256(text)}`);
  });
});

const clean = spawnSync('shellcheck', ['--version']).status === 0 ? test : test.skip;

clean('is clean for shellcheck', () => {
  expect(spawnSync('shellcheck', ['-s', 'sh', '-'], { input: PROGRAM, encoding: 'utf8' }).stdout).toBe('');
});
