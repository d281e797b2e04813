import { succeed } from '../processes';
import { KubernetesObject } from '../static/manifest';
import { KUBERNETES } from '../tools/catalogue';

/** Both sides of a comparison get it. */
const LABEL = 'conformance=read';

/**
 * The objects of a file, as the real kubectl reads it. A command that works on files alone needs no cluster that has their kinds: each object gets a label,
 * in an original as in what became of it.
 */
export async function readByKubectl(file: string, folder: string): Promise<KubernetesObject[]> {
  return objectsOf(await kubectl(['label', '--local', '--filename', file, '--output', 'json', LABEL], folder));
}

/** What the real kubectl builds of a kustomization, read in the same way. */
export async function builtByKubectl(kustomization: string, folder: string): Promise<KubernetesObject[]> {
  const built = await kubectl(['kustomize', kustomization], folder);
  return objectsOf(await kubectl(['label', '--local', '--filename', '-', '--output', 'json', LABEL], folder, built));
}

function kubectl(args: string[], home: string, input?: string): Promise<string> {
  return succeed(KUBERNETES.file('kubectl'), args, { env: { PATH: process.env.PATH, HOME: home, KUBECONFIG: '/dev/null' }, input });
}

/** It prints one object after the other. */
function objectsOf(printed: string): KubernetesObject[] {
  return printed.split(/(?<=^\})\n(?=\{)/m).filter(text => text.trim() !== '').map(text => JSON.parse(text));
}
