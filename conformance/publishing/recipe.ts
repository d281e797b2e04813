import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, REGION, Site, Version } from './site';
import { ROOT } from '../examples';
import { finish, Finished } from '../processes';
import { Checks } from '../report';
import { done } from '../s3/command-line';
import { clientEnvironment } from '../s3/gateway';
import { Tool } from '../tools/tool';

/** The script of docs/publishing.md, for another version than the one that it names. */
function script(version: Version): string {
  const [, text] = /^```sh publish\n([\s\S]*?)^```/m.exec(fs.readFileSync(path.join(ROOT, 'docs', 'publishing.md'), 'utf8')) ?? [];
  if (text === undefined) throw new Error('docs/publishing.md has no block ```sh publish');
  const named = text.replace(/^version=.*$/m, `version=serving/${version.name}/${version.version}/`);
  if (named === text) throw new Error('the script names no version');
  return named;
}

/** What publishes without our command: the script of the documentation, with the real AWS CLI. */
export async function checkRecipe(row: Checks, site: Site, cli: Tool): Promise<void> {
  const { bucket, command, gateway } = site;
  const sizes = { 'config.json': 300, 'a b.txt': 1, "it's": 20_000, 'weights/ü/é 文.bin': 9_000_000 };
  const [byScript, byCommand] = ['by-script', 'by-command'].map(name => new Version(name));
  const source = site.model('recipe', sizes);
  const pristine = path.join(site.folder, 'pristine'); // the script writes into its folder
  fs.cpSync(source, pristine, { recursive: true });
  const run = (folder: string, version: Version): Promise<Finished> => finish('sh', ['-c', script(version)], {
    cwd: folder,
    env: { ...clientEnvironment(REGION), PATH: `${cli.folder}:${process.env.PATH}`, HOME: site.folder, AWS_ENDPOINT_URL: gateway.endpoint },
  });

  await row.check('the script publishes what the command does, byte for byte', async () => {
    const { digest } = done(await command.run('publish', pristine, bucket.url, ...byCommand.options));
    const { code, stdout, stderr } = await run(source, byScript);
    expect(`exit code (${stderr.slice(-500)})`, code, 0);
    expect('digest', /sha256:[0-9a-f]{64}/.exec(stdout)?.[0], digest);
    await site.holds(byScript, pristine);
    done(await command.run('verify', bucket.url, ...byScript.options, '--digest', digest));
    expect('already published', done(await command.run('publish', pristine, bucket.url, ...byScript.options)).alreadyPublished, true);
  });
  await row.check('the script ends where other content has claimed the version', async () => {
    const version = new Version('claimed');
    await bucket.write(version.claim, 'theirs\n');
    const { code } = await run(site.model('claimed', { 'weights.bin': 1000 }), version);
    expect('exit code, keys', [code, await bucket.keys(version.prefix)], [1, []]);
  });
}
