import { Example, EXAMPLE_LIST, NO_MANIFESTS, synthesised } from '../examples';
import { ApiServer } from './api-server';
import { Document, documents } from './manifest';
import { OBJECTS } from './objects';

/** What is applied together. */
export interface Delivered {
  readonly example: Pick<Example, 'name' | 'since' | 'unrestricted'>;
  readonly documents: Document[];
}

/** The manifests of every example, and good objects of the suite's own. */
export async function deliverAll(): Promise<Delivered[]> {
  const waiting = [...EXAMPLE_LIST];
  const done = new Map<string, Document[]>();
  const work = async () => {
    for (let example = waiting.shift(); example !== undefined; example = waiting.shift()) {
      const { manifests } = await synthesised(example);
      done.set(example.name, expected(example, Object.values(manifests).flatMap(documents)));
    }
  };
  await Promise.all([work(), work()]); // the machine may have two cores
  return [
    ...EXAMPLE_LIST.map(example => ({ example, documents: done.get(example.name)! })),
    ...OBJECTS.map(({ object, since }) => ({ example: { name: `the suite's ${object.kind}`, since }, documents: [{ object, text: JSON.stringify(object) }] })),
  ];
}

/** Nothing that is not there is taken for good. */
function expected({ name, pods }: Example, found: Document[]): Document[] {
  if (found.length === 0 && pods !== NO_MANIFESTS) throw new Error(`example ${name} wrote no manifest: write some to its folder 'manifests', or say NO_MANIFESTS in its line of EXAMPLE_LIST`);
  if (found.length > 0 && pods === NO_MANIFESTS) throw new Error(`example ${name} writes manifests, and its line of EXAMPLE_LIST says NO_MANIFESTS: say how many of its pods are Ready`);
  return found;
}

/** Whether it is for the minor version of a server. */
export function isFor({ example: { since } }: Delivered, { minor }: ApiServer): boolean {
  return since === undefined || Number(minor.split('.')[1]) >= Number(since.split('.')[1]);
}
