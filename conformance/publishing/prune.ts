import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, Site, Version } from './site';
import { ControlPlane } from '../cluster/control-plane';
import { Checks } from '../report';
import { done, refused } from '../s3/command-line';

const VERSIONS = ['1', '2', '3'].map(version => new Version('pruned', version));

/** What is removed, and why the others stay: the second is in use, the third the newest. */
const [REMOVED, USED] = VERSIONS;

export async function checkPrune(row: Checks, site: Site, plane: ControlPlane): Promise<void> {
  const { bucket, command } = site;
  const source = site.model('pruned', { 'config.json': 300, 'weights.bin': 100_000 });
  const digests: string[] = [];
  for (const version of VERSIONS) {
    digests.push(done(await command.run('publish', source, bucket.url, ...version.options)).digest);
    fs.writeFileSync(path.join(source, 'config.json'), `{"version": "${version.version}"}`);
  }
  const inventory = await inventoryOf(plane, site.folder, `serving/${USED.name}@${USED.version} ${digests[1]}`);
  const prune = (...more: string[]) => command.run('prune', bucket.url, '--name', 'pruned', '--keep', '1', '--min-age', '0d', ...more);
  const verify = (version: Version) => command.run('verify', bucket.url, ...version.options);

  await row.check('a plan by the inventory of a real cluster offers what nothing references', async () => {
    const before = await bucket.versions('');
    const { versions, removed } = done(await prune('--inventory', inventory));
    const decisions = versions.map(({ version, decision }: any) => `${version} ${decision}`).sort();
    expect('decisions', decisions, ['1 remove', '2 keep', '3 keep']);
    expect('removed, versions of objects', [removed, await bucket.versions('')], [[], before]);
  });
  await row.check('without an inventory nothing is removed', async () => refused(await prune('--delete'), /nothing is removed: without --inventory/));
  await row.check('what is removed is what was offered', async () => {
    const { removed } = done(await prune('--inventory', inventory, '--delete'));
    expect('removed', removed.map(({ version }: any) => version), ['1']);
    expect('keys', await bucket.keys(REMOVED.prefix), []);
    refused(await verify(REMOVED), /without it there is no published version/);
    for (const version of VERSIONS.slice(1)) done(await verify(version));
  });
  await row.check('--undo brings it back, with the same digest', async () => {
    done(await command.run('prune', bucket.url, '--undo', ...REMOVED.options));
    expect('digest', done(await verify(REMOVED)).digest, digests[0]);
  });
}

/** What `kubectl` prints of a real API server, with a Deployment that is scaled to nothing and names a model. */
async function inventoryOf(plane: ControlPlane, folder: string, models: string): Promise<string> {
  await plane.namespaces(['serving', 'kube-node-lease']);
  const labels = { app: 'server' };
  const container = { name: 'server', image: 'registry.example/server:1' };
  const template = { metadata: { labels, annotations: { 'cdk-eks-model-artifacts/models': models } }, spec: { containers: [container] } };
  await plane.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'server', namespace: 'serving' }, spec: { replicas: 0, selector: { matchLabels: labels }, template } });
  await plane.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'agent', namespace: 'kube-system' }, spec: { containers: [container] } });
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  await plane.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'node-1', namespace: 'kube-node-lease' }, spec: { renewTime } });
  const kinds = 'pods,replicasets,deployments,statefulsets,daemonsets,jobs,cronjobs,leases';
  const file = path.join(folder, 'inventory.json');
  fs.writeFileSync(file, await plane.kubectlOk(['get', kinds, '--all-namespaces', '-o', 'json']));
  return file;
}
