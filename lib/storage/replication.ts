import { Annotations, Names, Stack, Stage, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct, IConstruct } from 'constructs';
import type { IModelBucket } from './model-bucket';
import { bucketDefinition, bucketProperties } from './names';
import { requireOwnerPolicies } from './owner-policies';
import { checkDestination } from './replication-checks';
import { destinationPolicies, destinationStatements, Replica, replicationStatements } from './replication-policies';
import { describeBucket } from './same-bucket';

/** S3's Replication Time Control has this one value. */
const TIME_CONTROL_MINUTES = 15;

/**
 * Copies what is published from now on to other buckets. Deletions stay where they are made: no delete marker is replicated.
 * @internal
 */
export class Replication extends Construct {
  public readonly configuration: s3.CfnBucket.ReplicationConfigurationProperty;
  public readonly replicas: Replica[];
  public readonly roleArn: string;

  constructor(scope: Construct, private readonly source: IModelBucket, definition: s3.CfnBucket, destinations: IModelBucket[], timeControl: boolean) {
    super(scope, 'Replication');
    this.replicas = destinations.map((bucket, index) => {
      checkDestination(source, bucket, destinations.slice(0, index));
      return { bucket, bucketArn: this.arnOf(bucket), otherAccount: bucket.account !== undefined && bucket.account !== source.account };
    });
    this.remember();
    this.roleArn = this.makeRole(definition.attrArn);
    this.configuration = { role: this.roleArn, rules: this.replicas.map((replica, index) => this.rule(replica, index + 1, timeControl)) };
    for (const { bucket } of this.replicas) this.after(definition, bucket);
    this.reportPolicies();
    Annotations.of(scope).addInfoV2('cdk-eks-model-artifacts:replicationStartsNow',
      'models that were published before a destination was added are not replicated to it: copy them once, with S3 Batch Replication');
  }

  /** A name is taken literally: a reference to another region, or account, can't be made. */
  private arnOf(bucket: IModelBucket): string {
    return Token.isUnresolved(bucket.bucketName) ? bucket.bucket.bucketRef.bucketArn : `arn:${Stack.of(this).partition}:s3:::${bucket.bucketName}`;
  }

  private makeRole(sourceArn: string): string {
    const stack = Stack.of(this);
    // A policy of another account can only mention a role by its name. Roles have no region, so the name has: the same stack may be in two.
    const roleName = this.replicas.some(({ otherAccount }) => otherAccount)
      ? `${Names.uniqueResourceName(this, { maxLength: 40, separator: '-' })}-${stack.region}`
      : undefined;
    const role = new iam.Role(this, 'Role', {
      description: 'S3 replicates models with it',
      roleName,
      assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'),
    });
    for (const statement of replicationStatements(this.source, sourceArn, this.replicas)) role.addToPolicy(statement);
    return roleName === undefined ? role.roleArn : stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: roleName });
  }

  private rule({ bucket, bucketArn, otherAccount }: Replica, priority: number, timeControl: boolean): s3.CfnBucket.ReplicationRuleProperty {
    const within = timeControl ? { minutes: TIME_CONTROL_MINUTES } : undefined;
    return {
      id: `models-to-${Token.isUnresolved(bucket.bucketName) ? Names.nodeUniqueId(bucket.bucket.node) : bucket.bucketName}`,
      priority,
      status: 'Enabled',
      filter: { prefix: 'models/' },
      deleteMarkerReplication: { status: 'Disabled' },
      sourceSelectionCriteria: this.source.encryptionKey && { sseKmsEncryptedObjects: { status: 'Enabled' } },
      destination: {
        bucket: bucketArn,
        account: otherAccount ? bucket.account : undefined,
        accessControlTranslation: otherAccount ? { owner: 'Destination' } : undefined,
        encryptionConfiguration: this.source.encryptionKey && { replicaKmsKeyId: bucket.encryptionKey!.keyRef.keyArn },
        metrics: { status: 'Enabled', eventThreshold: within }, // without metrics a replication that fails is not heard of
        replicationTime: within && { status: 'Enabled', time: within },
      },
    };
  }

  /** S3 refuses a destination that is not there, or not versioned. */
  private after(definition: s3.CfnBucket, destination: IModelBucket) {
    const defined = bucketDefinition(destination.bucket);
    if (!defined) return;
    if (Stage.of(defined) === Stage.of(this)) definition.addResourceDependency(defined); // stages are deployed in the order that their owner chose
    this.node.addValidation({
      validate: () => bucketProperties(defined).VersioningConfiguration?.Status === 'Enabled' ? []
        : [`${defined.node.path} is not versioned, and S3 replicates to versioned buckets alone: enable versioning`],
    });
  }

  private reportPolicies() {
    for (const replica of this.replicas.filter(({ otherAccount }) => otherAccount)) {
      const ours = replica.bucket as Partial<{ addToResourcePolicy(statement: iam.PolicyStatement): void }>;
      if (ours.addToResourcePolicy) {
        for (const statement of destinationStatements(this.source.bucket, this.roleArn, replica)) ours.addToResourcePolicy(statement);
      }
      requireOwnerPolicies(this, () => destinationPolicies(this.source, this.roleArn, replica)
        .filter(({ resourceArn }) => !ours.addToResourcePolicy || resourceArn !== replica.bucketArn));
    }
  }

  /** What S3 replicated to a bucket it does not replicate again. */
  private remember() {
    const sources = replicating.get(this.node.root) ?? new Map<string, string[]>();
    replicating.set(this.node.root, sources);
    const [from, to] = [describeBucket(this.source), this.replicas.map(({ bucket }) => describeBucket(bucket))];
    sources.set(from, to);
    if (reaches(sources, to, from)) {
      throw new Error(`bucket ${from} would replicate to itself, by way of ${to.join(' and ')}: publish to one bucket, and replicate from that one to all others`);
    }
    this.node.addValidation({
      validate: () => {
        for (const again of to.filter(name => sources.has(name))) {
          Annotations.of(this).addWarningV2('cdk-eks-model-artifacts:replicasNotReplicated',
            `bucket ${again} replicates to ${sources.get(again)!.join(', ')}, but not what ${from} replicates to it: name those buckets as destinations of ${from} too`);
        }
        return [];
      },
    });
  }
}

const replicating = new WeakMap<IConstruct, Map<string, string[]>>();

function reaches(sources: Map<string, string[]>, from: string[], wanted: string): boolean {
  return from.some(name => name === wanted || reaches(sources, sources.get(name) ?? [], wanted));
}
