import { Example, EXAMPLE_LIST, synthesise } from '../examples';
import { ApiServer } from './api-server';
import { Document, documents } from './manifest';
import { OBJECTS } from './objects';

/** What is applied together. */
export interface Delivered {
  readonly example: Pick<Example, 'name' | 'since' | 'unrestricted'>;
  readonly documents: Document[];
}

/** The manifests of every example, and good objects of the suite's own. */
export async function deliverAll(folder: string): Promise<Delivered[]> {
  const waiting = [...EXAMPLE_LIST];
  const done = new Map<string, Document[]>();
  const work = async () => {
    for (let example = waiting.shift(); example !== undefined; example = waiting.shift()) {
      const { manifests } = await synthesise(example, folder);
      done.set(example.name, Object.values(manifests).flatMap(documents));
    }
  };
  await Promise.all([work(), work()]); // the machine may have two cores
  return [
    ...EXAMPLE_LIST.map(example => ({ example, documents: done.get(example.name)! })),
    ...OBJECTS.map(({ object, since }) => ({ example: { name: `the suite's ${object.kind}`, since }, documents: [{ object, text: JSON.stringify(object) }] })),
  ];
}

/** Whether it is for the minor version of a server. */
export function isFor({ example: { since } }: Delivered, { minor }: ApiServer): boolean {
  return since === undefined || Number(minor.split('.')[1]) >= Number(since.split('.')[1]);
}
