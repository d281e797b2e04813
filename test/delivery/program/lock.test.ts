import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench, bytes, digests, findShell, Outcome, Shell, withBench } from './bench';
import { boot, elsewhere, marker, MODEL, OTHER_BOOT, otherTmp, shared } from './place';
import { expectNoProcesses } from './scenarios';

jest.setTimeout(60_000);

const dash = findShell('dash');
const busybox = findShell('busybox');
const why = dash && existsSync('/usr/bin/flock') ? '' : ' (skipped: no dash or no flock on this machine)';
const run = why ? test.skip : test.concurrent; // most of a run is waiting

const inode = (b: Bench, name = '') => statSync(join(b.destination, 'models', name)).ino;
const kinds = (outcome: Outcome) => outcome.events.map(({ event }) => event).filter((event) => event !== 'progress');

const bench = (body: (bench: Bench) => Promise<void>) => () => withBench(dash!, 's5cmd', body);

describe(`a volume that pods share${why}`, () => {
  run('of two programs at once one fetches and the other waits and finds it', bench(async (b) => {
    const publication = b.publish(MODEL);
    b.s3.rules = [{ key: /config/, fault: 'trickle' }];
    const first = b.run(shared(b, publication));
    b.env = { TMPDIR: otherTmp(b) };
    const outcomes = [await b.run(shared(b, publication)), await first];
    expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual([[0, ''], [0, '']]);
    expect(outcomes.map(({ events }) => events.at(-1).cached).sort()).toEqual([false, true]);
    expect(b.s3.keys()).toHaveLength(publication.manifest.split('\n').length); // each once, and the manifest
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(b.leftovers()).toEqual(['.lock', '.ready']);
    await expectNoProcesses(b);
  }));

  run('the wait is told, and the kernel ends it when the holder is killed', bench(async (b) => {
    const publication = b.publish(MODEL);
    b.s3.rules = [{ key: /config/, fault: 'stall in body', times: 1 }];
    b.env = { MODEL_TRANSFER_STALL: '60', TRANSFER_BENCH: `${b.id}-holder` };
    const first = b.run(shared(b, publication));
    b.env = { MODEL_TRANSFER_STALL: '60', TMPDIR: otherTmp(b) };
    for (let wait = 0; wait < 400 && !b.s3.keys().some((key) => /config/.test(key)); wait++) await new Promise((resolve) => setTimeout(resolve, 50));
    const second = await b.run(shared(b, publication), (child) => child.stdout!.once('data', () => b.killAll(`${b.id}-holder`)));
    expect(second.events[0]).toEqual({ v: 1, event: 'wait', model: 'llama', seconds: expect.any(Number), reason: expect.stringContaining(`another pod fills or checks ${b.destination}`) });
    expect([second.code, second.stderr, (await first).signal]).toEqual([0, '', 'SIGKILL']);
    expect(digests(b.files())).toEqual(digests(publication.files));
  }));

  run('what another node published is hashed where it is, without network, and trusted on both', bench(async (b) => {
    const publication = b.publish(MODEL);
    await b.run(shared(b, publication));
    elsewhere(b);
    const before = [inode(b), inode(b, 'config.json')];
    b.s3.requests.length = b.agent.calls = 0;
    const outcome = await b.run(shared(b, publication));
    expect([outcome.code, outcome.stderr, b.s3.requests, b.agent.calls]).toEqual([0, '', [], 0]);
    expect(kinds(outcome)).toEqual(['check', 'ready']);
    expect([inode(b), inode(b, 'config.json')]).toEqual(before);
    expect(readFileSync(marker(b), 'utf8').split('\n').slice(1)).toEqual([OTHER_BOOT, boot(), '']);
    expect(kinds(await b.run(shared(b, publication)))).toEqual(['ready']);
  }));

  run('at most 64 boots are remembered, the latest', bench(async (b) => {
    const publication = b.publish(MODEL);
    await b.run(shared(b, publication));
    const boots = Array.from({ length: 80 }, (_, node) => `boot-${node}`);
    writeFileSync(marker(b), readFileSync(marker(b), 'utf8').replace(boot(), boots.join('\n')));
    await b.run(shared(b, publication));
    expect(readFileSync(marker(b), 'utf8').split('\n').slice(1, -1)).toEqual([...boots.slice(17), boot()]);
  }));

  run('only a file that is wrong is replaced, while readers keep the folder and the rest', bench(async (b) => {
    const publication = b.publish({ ...MODEL, 'linked/file': bytes('linked', 60) });
    await b.run(shared(b, publication));
    elsewhere(b);
    const models = join(b.destination, 'models');
    const before = [inode(b), inode(b, 'config.json')];
    writeFileSync(join(models, 'tokenizer', 'vocab.txt'), bytes('lost', 5_000)); // of the same size
    writeFileSync(join(models, 'tokenizer', 'extra\tfile'), 'not published');
    writeFileSync(join(models, 'linked', 'extra'), 'not published');
    mkdirSync(join(models, 'tokenizer', 'extra folder', 'deep'), { recursive: true });
    symlinkSync('config.json', join(models, 'extra link'));
    b.s3.requests.length = 0;
    const outcome = await b.run(shared(b, publication));
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(new Set(b.s3.keys())).toEqual(new Set([`${publication.prefix}tokenizer/vocab.txt`]));
    expect([inode(b), inode(b, 'config.json')]).toEqual(before);
    expect(digests(b.files())).toEqual(digests(publication.files));
    expect(existsSync(join(models, 'tokenizer', 'extra folder'))).toBe(false);
    expect(readFileSync(marker(b), 'utf8')).not.toContain(OTHER_BOOT);
    expect(b.leftovers()).toEqual(['.lock', '.ready']);
  }));

  run('a marker is not there while a wrong file still is', bench(async (b) => {
    const publication = b.publish(MODEL);
    await b.run(shared(b, publication));
    elsewhere(b);
    writeFileSync(join(b.destination, 'models', 'config.json'), bytes('lost', 200));
    b.s3.rules = [{ fault: 'denied' }];
    expect((await b.run(shared(b, publication))).code).toBe(66);
    expect(existsSync(marker(b))).toBe(false);
  }));
});

describe('a lock that cannot be had', () => {
  const refused = (shell: Shell | undefined, name: string, tools: Record<string, string>, says: RegExp) =>
    (shell ? test.concurrent : test.skip)(name, () => withBench(shell!, 's5cmd', async (b) => {
      const publication = b.publish(MODEL);
      const folder = join(b.root, 'tools');
      mkdirSync(folder);
      for (const [tool, text] of Object.entries(tools)) writeFileSync(join(folder, tool), text, { mode: 0o755 });
      b.env = { PATH: `${folder}:${b.shell.path}` };
      const outcome = await b.run(shared(b, publication));
      expect([outcome.code, outcome.termination]).toEqual([64, expect.stringMatching(says)]);
      expect(b.s3.requests).toEqual([]);
    }));
  // Debian's busybox lacks the applet that Alpine's has.
  const without = busybox && !existsSync(join(busybox.path, 'flock')) ? busybox : undefined;
  refused(without, 'an image without flock', {}, /--shared needs flock.*images\/downloader/);
  refused(dash, 'a file system without flock', { flock: '#!/bin/sh\n[ "$1" = -u ] || { echo "flock: 9: Function not implemented" >&2; exit 71; }\n' }, /Function not implemented.*mount Lustre with the option flock/);
});
