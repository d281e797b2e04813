import { App, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { ACCOUNT, REGION, TemplatePolicies } from './policy-simulator';
import { ModelReaderRole } from '../../lib/access';
import { ModelArtifact } from '../../lib/model';
import { ModelBucket } from '../../lib/storage';

export const BUCKET = 'models-example';
export const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/k`;

export const CLUSTER = {
  blue: `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/blue`,
  green: `arn:aws:eks:${REGION}:${ACCOUNT}:cluster/green`,
};

/** A bucket with readers of one cluster, readers of two, and publishers: every policy that the library writes. */
export function policiesOfAnApp() {
  const stack = new Stack(new App(), 'Models', { env: { account: ACCOUNT, region: REGION } });
  const encryptionKey = kms.Key.fromKeyArn(stack, 'Key', KEY);
  const bucket = new ModelBucket(stack, 'Bucket', { bucketName: BUCKET, encryptionKey });
  const blue = eks.Cluster.fromClusterAttributes(stack, 'Blue', { clusterName: 'blue' });
  const green = eks.Cluster.fromClusterAttributes(stack, 'Green', { clusterName: 'green' });

  const readers = new ModelReaderRole(stack, 'Readers', { cluster: blue, buckets: [bucket] });
  const model = { name: 'llama', version: '1', size: Size.gibibytes(1) };
  readers.grantRead(bucket, ModelArtifact.of({ ...model, prefix: 'legacy/open/v1' }));
  readers.grantRead(bucket, ModelArtifact.of({ ...model, prefix: 'legacy/owned/v1', tenant: 'team' }));
  const both = new ModelReaderRole(stack, 'Both', { cluster: blue, additionalClusters: [green], buckets: [bucket] });

  const publisher = (id: string, tenants?: string[]) => {
    const role = new iam.Role(stack, id, { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
    bucket.grants.publish(role, { tenants });
    return role;
  };
  const one = publisher('PublishOne', ['team']);
  const all = publisher('PublishAll');
  const pinned = new iam.Role(stack, 'Pinned', { assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com') });
  bucket.grants.read(pinned, ModelArtifact.of({ ...model, tenant: 'team' }));

  const policies = new TemplatePolicies(Template.fromStack(stack));
  const idOf = (role: iam.IRole) => stack.getLogicalId(role.node.defaultChild as iam.CfnRole);
  return {
    policies,
    bucketPolicy: policies.bucket(stack.getLogicalId(bucket.bucket as any)),
    readers: policies.identity(idOf(readers.role)),
    readersTrust: policies.trust(idOf(readers.role)),
    both: policies.identity(idOf(both.role)),
    bothTrust: policies.trust(idOf(both.role)),
    publishOne: policies.identity(idOf(one)),
    publishAll: policies.identity(idOf(all)),
    pinned: policies.identity(idOf(pinned)),
  };
}
