import * as fs from 'node:fs';
import * as path from 'node:path';
import { Container, Who } from './container';
import { commandOf, find, podWithModelcar } from './delivered';
import { linked } from './permissions';
import { Site } from './site';
import { until } from '../processes';
import { Checks } from '../report';

const USER: Who = { user: 1000, group: 1000 };
const ROOT: Who = { user: 0, group: 0, capable: true };

/** The program of the library, with `ln -sf` in the place of `ln -sfn`. */
const followed = (command: string[]) => command.map(text => text.replace('ln -sfn ', 'ln -sf '));
const unforced = (command: string[]) => command.map(text => text.replace('ln -sfn ', 'ln -s '));

/** A modelcar that was started again finds the link of the one before: whose number may be that of a process by then. */
export async function checkLinks(checks: Checks, site: Site): Promise<void> {
  type Look = (first: Container, second: Container, link: string) => Promise<void>;
  const again = async (who: Who, change: (command: string[]) => string[], look: Look) => {
    const spec = podWithModelcar(site);
    const first = await linked(site, spec, who);
    const second = new Container(site.image, who, change(commandOf(find(spec, 'modelcar'))));
    try {
      await look(first, second, site.outside(commandOf(find(spec, 'modelcar')).at(-1)!));
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  };
  const leadsTo = (link: string, { child }: Container) => fs.readlinkSync(link) === `/proc/${child.pid}/root/models`;

  await checks.check('ours takes the place of a link to a process that lives', () => again(USER, command => command, async (_, second, link) => {
    await until(() => leadsTo(link, second), 10);
  }));
  await checks.check('ours takes the place of a link that leads nowhere', () => again(USER, command => command, async (first, second, link) => {
    await first.stop();
    await until(() => leadsTo(link, second), 10);
  }));
  await checks.check('ln -s alone ends where a link is that leads nowhere, as after a restart of the node', async () => {
    const spec = podWithModelcar(site);
    await (await linked(site, spec, USER)).stop();
    const second = new Container(site.image, USER, unforced(commandOf(find(spec, 'modelcar'))));
    if (await second.ended === 0 || !/File exists/.test(second.said)) throw new Error(`it ended with ${await second.ended}: ${second.said}`);
  });
  await checks.check('ln -sf ends where the folder that the link leads to may not be written', () => again(USER, followed, async (first, second, link) => {
    if (await second.ended === 0 || !leadsTo(link, first)) throw new Error(`it ended with ${await second.ended}, and the link leads to ${fs.readlinkSync(link)}`);
  }));
  await checks.check('ln -sf as root leaves the link as it is, and makes another inside the model', () => again(ROOT, followed, async (first, second, link) => {
    const inside = path.join(site.image, 'models', 'models');
    await until(() => fs.lstatSync(inside, { throwIfNoEntry: false }) !== undefined, 10);
    const [stale, nested] = [leadsTo(link, first), leadsTo(inside, second)];
    fs.rmSync(inside);
    if (!stale || !nested) throw new Error(`the link leads to ${fs.readlinkSync(link)}`);
  }));
}
