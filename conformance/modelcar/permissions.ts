import * as fs from 'node:fs';
import { Container, Who } from './container';
import { commandOf, find, podWithModelcar } from './delivered';
import { Site } from './site';
import { until } from '../processes';
import { Checks } from '../report';

interface Case {
  readonly name: string;
  /** Holds the model. */
  readonly modelcar: Who;
  /** Reads it. */
  readonly reader: Who;
  /** How the look ends, and what it says. */
  readonly ends: 0 | 66;
}

const plain = (user: number, group: number): Who => ({ user, group });
const ROOT_WITHOUT = plain(0, 0);
const ROOT_WITH: Who = { user: 0, group: 0, capable: true };

/** https://man7.org/linux/man-pages/man2/ptrace.2.html, "Ptrace access mode checking" */
const CASES: Case[] = [
  { name: 'the same user and group', modelcar: plain(1000, 1000), reader: plain(1000, 1000), ends: 0 },
  { name: 'the same user, another group', modelcar: plain(1000, 1000), reader: plain(1000, 1001), ends: 66 },
  { name: 'the same user, and the group among others', modelcar: plain(1000, 1000), reader: { user: 1000, group: 1001, groups: [1000] }, ends: 66 },
  { name: 'another user, the same group', modelcar: plain(1000, 1000), reader: plain(1001, 1000), ends: 66 },
  { name: 'the same user and group, and groups that the modelcar has not', modelcar: plain(1000, 1000), reader: { user: 1000, group: 1000, groups: [2000] }, ends: 0 },
  { name: 'both root without capabilities', modelcar: ROOT_WITHOUT, reader: ROOT_WITHOUT, ends: 0 },
  { name: 'both root, the modelcar with capabilities that the reader has not', modelcar: ROOT_WITH, reader: ROOT_WITHOUT, ends: 66 },
  { name: 'both root, the reader with more capabilities', modelcar: ROOT_WITHOUT, reader: ROOT_WITH, ends: 0 },
  { name: 'root without capabilities reads of another user', modelcar: plain(1000, 1000), reader: ROOT_WITHOUT, ends: 66 },
  { name: 'root with capabilities reads of another user', modelcar: plain(1000, 1000), reader: ROOT_WITH, ends: 0 },
];

/** The program that links and the one that looks, as a pod of the library has them, by processes of all kinds. */
export async function checkPermissions(checks: Checks, site: Site): Promise<void> {
  for (const { name, modelcar, reader, ends } of CASES) {
    await checks.check(name, async () => {
      const spec = podWithModelcar(site);
      const holder = await linked(site, spec, modelcar);
      try {
        const look = new Container(site.application, reader, commandOf(find(spec, 'verify')));
        const code = await look.ended;
        const says = ends === 0 ? /: 3 files, 50200 bytes, sha256:/ : new RegExp(`can't be read as user ${reader.user} of group ${reader.group}: .*Permission denied.*exit 66`);
        if (code !== ends || !says.test(look.said)) throw new Error(`the look ended with ${code}, and was to end with ${ends}: ${look.said}`);
        const application = new Container(site.application, reader, commandOf(find(spec, 'application')));
        if ((await application.ended === 0) !== (ends === 0)) throw new Error(`the application had it otherwise than the look: ${application.said.slice(0, 200)}`);
      } finally {
        await holder.stop();
      }
    });
  }
}

/** The modelcar of a pod, once its link is there. */
export async function linked(site: Site, spec: any, who: Who, change: (command: string[]) => string[] = command => command): Promise<Container> {
  const command = commandOf(find(spec, 'modelcar'));
  const holder = new Container(site.image, who, change(command));
  const link = site.outside(command.at(-1)!);
  await until(() => fs.lstatSync(link, { throwIfNoEntry: false }) !== undefined, 10);
  return holder;
}
