import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { AccessRecord, AccessRow, accessTable } from './access-table';
import { arnLabel, podRoleOf, roleLabel } from './grantees';
import type { IModelBucket } from './model-bucket';
import type { PrunerReference } from './model-bucket-props';
import { bucketDefinition } from './names';
import { BESIDE_MODELS, ROOTS } from './roots';
import { grantModels, ModelAccess } from '../access/model-grant';
import type { ModelReaderRole } from '../access/model-reader-role';
import { checkTenants, ReadRule, tenantRules } from '../access/read-rules';
import { checkRoleArn } from '../access/role-arn';
import { SessionTag } from '../access/session-tag';
import type { WorkloadIdentity } from '../access/workload-identity';
import { ModelArtifact } from '../model';
import { MODELS, SHARED, SIGNATURES } from '../model/layout';
import { checkTenant } from '../model/names';

/** Options of a grant by session tag. */
export interface SessionTagGrantOptions {
  /** ARNs of the clusters whose pods may read: the same namespace in another cluster may not. */
  readonly clusterArns: string[];

  /**
   * Sets of values of the tag that share models: `{ nlp: ['nlp-dev', 'nlp-prod'] }`. The models are below `models/<name of the set>/`.
   *
   * @default - none: every value reads its own
   */
  readonly tenants?: { [name: string]: string[] };
}

/** Options of a grant to read what tenants published. */
export interface TenantReadOptions {
  /** The tenants whose models may be read. */
  readonly tenants: string[];

  /**
   * Whether models for everybody may be read too.
   *
   * @default false
   */
  readonly shared?: boolean;
}

/** Options of a grant to publish. */
export interface PublishGrantOptions {
  /**
   * The tenants whose models may be published.
   *
   * @default - those of every tenant, and those for everybody; none where `shared` is true
   */
  readonly tenants?: string[];

  /**
   * Whether models for everybody may be published, beside those of the tenants that are named.
   *
   * @default - false where tenants are named
   */
  readonly shared?: boolean;
}

const PUBLISH = ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'];

/** Grants on the models of a bucket: only what a download or an upload needs, never a listing, a deletion or a tag. For deleting there is `ModelPruner`. */
export class ModelBucketGrants {
  /** The grants of a bucket. */
  public static forBucket(bucket: IModelBucket): ModelBucketGrants {
    const grants = known.get(bucket) ?? new ModelBucketGrants(bucket);
    known.set(bucket, grants);
    return grants;
  }

  private constructor(private readonly models: IModelBucket) {}

  /** Lets the grantee read one version of one model. For pods there are reader roles; this is for everybody else. */
  public read(grantee: iam.IGrantable, model: ModelArtifact): iam.Grant {
    return this.grant(grantee, { rules: [{ prefix: model.prefix }] });
  }

  /**
   * Lets pods read by the value of a session tag: those under `models/<value of the tag>/`, those of the sets that the value is in, and those for
   * everybody under `models/_shared/`. A session without that tag reads those for everybody, one without the tag of the cluster reads nothing.
   *
   * @throws where the name of a set, or a value in it, is not a DNS label, or a set is empty
   */
  public readBySessionTag(grantee: iam.IGrantable, tag: SessionTag, options: SessionTagGrantOptions): iam.Grant {
    const rules = tenantRules(tag, checkTenants(options.tenants ?? {}));
    const clusters = options.clusterArns.map(clusterLabel).join(', ');
    this._record(rules, namespaces => `pods of ${namespaces.replace(/^(every )?namespace/, `$1${tag.key.replace('kubernetes-', '')}`)} on ${clusters}`);
    return grantModels(grantee, [this.models], { rules, tag, session: { [SessionTag.EKS_CLUSTER_ARN.principalTag]: options.clusterArns } });
  }

  /**
   * Lets the grantee read the models of tenants, and their signatures, whatever namespace it is in: for roles that have no session tags, as with IRSA (IAM roles for
   * service accounts), and for identities with a role of their own.
   *
   * @throws where `tenants` is empty and `shared` is not true, or a name is not valid
   */
  public readTenants(grantee: iam.IGrantable, options: TenantReadOptions): iam.Grant {
    const owners = ownersOf(options);
    if (owners.length === 0) {
      throw new Error('tenants is empty: name the tenants, or set shared to true for the models for everybody');
    }
    return this.grant(grantee, { rules: rulesBelow([MODELS, SIGNATURES], owners) });
  }

  /**
   * Lets the grantee publish: put new objects and read them back, claims of versions below `publishing/` and signatures below `signatures/` too.
   * What is published already stays, for the bucket refuses to overwrite it.
   */
  public publish(grantee: iam.IGrantable, options: PublishGrantOptions = {}): iam.Grant {
    if (options.tenants?.length === 0) {
      throw new Error('tenants is empty: name the tenants, or leave it out for all of them');
    }
    const owners = ownersOf(options);
    return this.grant(grantee, { rules: rulesBelow(ROOTS, owners.length > 0 ? owners : ['']), actions: PUBLISH, keyActions: ['kms:Decrypt', 'kms:GenerateDataKey'] });
  }

  /**
   * Who can read, publish and delete below which prefix, by the grants made so far: one row for each prefix that a grant names. What the bucket's
   * own policy denies, and what others allow elsewhere, is not in it.
   */
  public accessTable(): AccessRow[] {
    return accessTable(recordsOf(this.models));
  }

  /**
   * Notes what somebody was granted, for the access table.
   * @internal
   */
  public _record(rules: ReadRule[], who: (namespaces: string) => string, what: Pick<AccessRecord, 'publish' | 'publisherArn' | 'pruner' | 'podRole'> = {}): void {
    recordsOf(this.models).push(...rules.map(rule => ({ rule, who, ...what })));
  }

  /**
   * Notes pruners of other apps.
   * @internal
   */
  public _prunedBy(pruners: PrunerReference[] = []): void {
    for (const pruner of pruners) {
      checkRoleArn('pruner', pruner.roleArn);
      this._record([{ prefix: MODELS }], () => `role ${arnLabel(pruner.roleArn, this.models.bucket)}`, { pruner });
    }
  }

  /**
   * Who may delete, by the pruners made so far.
   * @internal
   */
  public _pruners(): PrunerReference[] {
    return recordsOf(this.models).flatMap(({ pruner }) => pruner ?? []);
  }

  /** @internal */
  public _records(): AccessRecord[] {
    return recordsOf(this.models);
  }

  private grant(grantee: iam.IGrantable, access: ModelAccess): iam.Grant {
    refuseReaderRole(grantee);
    const identity = grantee as Partial<WorkloadIdentity>;
    const grant = grantModels(grantee, [this.models], { ...access, session: identity._session });
    identity._granted?.(this.models, access.rules);
    const who = () => identity._label ?? roleLabel(grantee.grantPrincipal, this.models.bucket);
    const rules = access.rules.filter(({ prefix }) => !BESIDE_MODELS.some(root => prefix.startsWith(root))); // a row for each tenant, not three
    const publish = access.actions === PUBLISH;
    const publisherArn = publish ? (grantee.grantPrincipal as Partial<iam.IRole>).roleArn : undefined;
    this._record(rules, who, { publish, publisherArn, podRole: podRoleOf(grantee) });
    return grant;
  }
}

const known = new WeakMap<IModelBucket, ModelBucketGrants>();
const records = new WeakMap<IConstruct, Map<IConstruct | string, AccessRecord[]>>();

/** However often a bucket is taken for a model bucket in an app, its table is one. */
function recordsOf({ bucket, bucketName }: IModelBucket): AccessRecord[] {
  const inApp = records.get(bucket.node.root) ?? new Map<IConstruct | string, AccessRecord[]>();
  records.set(bucket.node.root, inApp);
  const key = bucketDefinition(bucket) ?? (Token.isUnresolved(bucketName) ? bucket : bucketName);
  const found = inApp.get(key) ?? [];
  inApp.set(key, found);
  return found;
}

/** Each with its closing slash: without it, a grant for `team` would reach `team-a`. */
function ownersOf({ tenants = [], shared = false }: PublishGrantOptions): string[] {
  return [...tenants.map(tenant => `${checkTenant(tenant)}/`), ...shared ? [`${SHARED}/`] : []];
}

function rulesBelow(roots: string[], owners: string[]): ReadRule[] {
  return roots.flatMap(root => owners.map(owner => ({ prefix: `${root}${owner}` })));
}

/** Its pods are of every namespace, so each would get what is meant for one; and with a target role they never hold it. */
function refuseReaderRole(grantee: iam.IGrantable) {
  const { _readRules, node } = grantee as Partial<ModelReaderRole>;
  if (!_readRules) return;
  throw new Error(`${node!.path} is a reader role, which pods of every namespace share: name the namespaces in its tenants, call grantRead of that role for a model with a prefix of its own, `
    + 'or grant to an identity or a ServiceAccountRole');
}

function clusterLabel(arn: string): string {
  const name = arn.split('cluster/')[1];
  return name === undefined || Token.isUnresolved(name) ? 'a cluster' : `cluster ${name}`;
}
