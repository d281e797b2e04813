import * as path from 'node:path';
import { checkPrune } from './prune';
import { checkPublish } from './publish';
import { checkRecipe } from './recipe';
import { Site } from './site';
import { checkWhereSomethingWas } from './unversioned';
import { checkVerify } from './verify';
import { ControlPlane } from '../cluster/control-plane';
import { Part, Run } from '../part';
import { AWS_CLI_NEWEST } from '../tools/bench-catalogue';
import { KUBERNETES, VERSITYGW } from '../tools/catalogue';
import { PackageGone } from '../tools/debian';

/** Models are published, verified and pruned by the project's own command on a real S3 server. */
export const PUBLISHING: Part = {
  name: 'publishing',
  tools: [VERSITYGW, KUBERNETES],
  async run(run) {
    const { checks, folder, processes } = run;
    const site = await Site.make(processes, path.join(folder, 'versioned'));
    await checkPublish(checks(VERSITYGW.title, 'publish: whole or not at all, once, by one publisher'), site);
    await checkVerify(checks(VERSITYGW.title, 'verify: what is whole, changed, missing or too much'), site);
    const plane = await ControlPlane.start(processes, path.join(folder, 'cluster'));
    await checkPrune(checks(`${VERSITYGW.title}, ${KUBERNETES.title}`, 'prune: plan, removal, undo'), site, plane);
    const unversioned = await Site.make(processes, path.join(folder, 'unversioned'), false);
    await checkWhereSomethingWas(checks(VERSITYGW.title, 'publish: where something was removed'), unversioned);
    await recipe(run, site);
  },
};

/** With a CLI that its suite may not have any more. */
async function recipe({ checks }: Run, site: Site): Promise<void> {
  const row = checks(AWS_CLI_NEWEST.title, 'the script of docs/publishing.md');
  try {
    await AWS_CLI_NEWEST.ensure();
  } catch (error) {
    if (!(error instanceof PackageGone)) throw error;
    return row.skip('the script', error.message);
  }
  await checkRecipe(row, site, AWS_CLI_NEWEST);
}
