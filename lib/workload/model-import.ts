import { Duration, Token } from 'aws-cdk-lib';
import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { importErrors } from './model-import-access';
import { ModelImportProps } from './model-import-props';
import { refuseStack } from './model-server-input';
import { ChartWithFile } from './rendered-manifests';
import { ServiceAccount } from './service-account';
import { unpinnedImages } from '../delivery/delivery-warnings';
import { checkModelName, checkTenant, checkVersion } from '../model/names';
import { checkImage, checkSubdomain, checkWorkloadName } from '../private/kubernetes-names';
import { checkWhole } from '../private/numbers';
import { sha256 } from '../private/sha256';
import { warn } from '../private/warn';

/** The user of the image; any other one would do. */
const USER = 65532;

const TOKEN_FOLDER = '/var/run/secrets/model-import';

/** A name of a pod has room for 63 characters; the Job's ends in ten and a hyphen, its pods' in five and one. */
const MAX_NAME = 63 - 11 - 6;

/**
 * A Job that publishes a model from inside the cluster, with the program that `npx cdk-eks-model-artifacts publish` runs: for a hub that only the
 * cluster reaches, or files too large for the way through a laptop. It is named after all that it does, so another version, or another source, is
 * another Job, and the same is done once. A pod that is started again goes on where the last one ended. Its digest is in the log: pin it where the
 * model is used.
 */
export class ModelImport extends Chart implements ChartWithFile {
  /** The Job. */
  public readonly job: ApiObject;

  /** @internal */
  public readonly _manifestFile: string;

  /**
   * @param scope a `ModelManifests`, or any cdk8s app or chart
   * @param id of the construct, and the first part of the Job's name: at most 46 characters
   * @param props what is published
   * @throws where the source is none that can be imported, or a name is not valid; at synth, where the identity may not publish the model
   */
  constructor(scope: Construct, id: string, props: ModelImportProps) {
    super(scope, checkWorkloadName(id));
    refuseStack(scope, id);
    if (id.length > MAX_NAME) throw new Error(`import '${id}' has a name of ${id.length} characters: at most ${MAX_NAME} leave room for what Kubernetes adds, shorten it`);
    const { identity } = props;
    const ttl = props.ttlAfterFinished ?? Duration.days(7);
    if (ttl.isUnresolved()) throw new Error(`ttlAfterFinished of import '${id}' must be known at synth: pass Duration.days(7)`);
    const labels = { 'app.kubernetes.io/name': 'model-import', 'app.kubernetes.io/instance': id };
    const spec = {
      backoffLimit: checkWhole(`backoffLimit of import '${id}'`, props.backoffLimit ?? 6, 0),
      ttlSecondsAfterFinished: checkWhole(`ttlAfterFinished of import '${id}'`, ttl.toSeconds({ integral: false }), 0),
      podFailurePolicy: { rules: FAILURE_RULES },
      template: { metadata: { labels }, spec: podSpec(id, props) },
    };
    // A Job can't be changed: what does something else has another name.
    const name = `${id}-${sha256(withoutCounters(JSON.stringify([spec, props.patches ?? []]))).slice(0, 10)}`;
    this.job = new ApiObject(this, 'Job', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: identity.namespace, labels },
      spec,
    });
    this.job.addJsonPatch(...props.patches ?? []);
    this._manifestFile = `${identity.namespace}.${id}.import.yaml`;
    ServiceAccount.ensure(this, identity);
    this.node.addValidation({ validate: () => importErrors(this, props) });
    for (const warning of unpinnedImages(spec)) warn(this, warning.id, warning.text);
  }
}

const CONTAINER = 'publish';

/**
 * A drained node is no failure of the import, and a command line that is wrong stays so (exit code 2).
 * https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
const FAILURE_RULES = [
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  { action: 'FailJob', onExitCodes: { containerName: CONTAINER, operator: 'In', values: [2] } },
];

function podSpec(id: string, props: ModelImportProps): any {
  checkImage(`image of import '${id}'`, props.image);
  const { hubTokenSecret: secret } = props;
  if (secret !== undefined) checkSubdomain(`Secret of import '${id}'`, secret);
  return {
    restartPolicy: 'Never', // the log of each attempt stays
    serviceAccountName: props.identity.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    nodeSelector: props.nodeSelector,
    tolerations: props.tolerations?.map(toleration => toleration._spec),
    containers: [{
      name: CONTAINER,
      image: props.image,
      imagePullPolicy: 'IfNotPresent',
      args: publishArguments(id, props),
      // Nobody but the service account is asked for credentials.
      env: [{ name: 'HOME', value: '/tmp' }, { name: 'AWS_EC2_METADATA_DISABLED', value: 'true' }],
      resources: props.resources ?? { requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '1Gi' } },
      volumeMounts: [
        { name: 'scratch', mountPath: '/tmp' },
        ...secret === undefined ? [] : [{ name: 'hub-token', mountPath: TOKEN_FOLDER, readOnly: true }],
      ],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    }],
    securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [
      { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
      ...secret === undefined ? [] : [{ name: 'hub-token', secret: { secretName: secret, items: [{ key: props.hubTokenKey ?? 'token', path: 'token' }], defaultMode: 0o440 } }],
    ],
  };
}

function publishArguments(id: string, { source, bucket, model, hubTokenSecret, hubTokenKey, args = [] }: ModelImportProps): string[] {
  checkSource(id, source);
  if (hubTokenSecret === undefined && hubTokenKey !== undefined) throw new Error(`import '${id}' has hubTokenKey without hubTokenSecret: name the Secret`);
  if (hubTokenSecret !== undefined && source.startsWith('s3://')) throw new Error(`import '${id}' reads from S3, which takes no token of a hub: leave hubTokenSecret out`);
  return [
    'publish',
    source,
    `s3://${bucket.bucketName}`,
    `--name=${checkModelName(model.name)}`,
    `--version=${checkVersion(model.version)}`,
    ...model.tenant === undefined ? [] : [`--tenant=${checkTenant(model.tenant)}`],
    `--region=${bucket.region}`,
    ...hubTokenSecret === undefined ? [] : [`--hub-token-file=${TOKEN_FOLDER}/token`],
    ...args,
  ];
}

function checkSource(id: string, source: string) {
  if (Token.isUnresolved(source) || /^s3:\/\/[^/]+(\/.*)?$/.test(source)) return;
  if (/^hf:\/\/[^@\s]+@[0-9a-f]{40}$/.test(source)) return;
  const why = source.startsWith('hf://') ? 'a commit in full, 40 hexadecimal digits, is the same for ever, which a branch or tag is not' : 'a pod has no other files';
  throw new Error(`source '${source}' of import '${id}' is not valid: give 'hf://org/repo@<commit>' or 's3://bucket/prefix/'; ${why}`);
}

/** Tokens are numbered as they are made, by whatever else is in the app. */
function withoutCounters(text: string): string {
  return text.replace(/([$#]\{Token\[[^\]]*)\.\d+\]\}/g, '$1]}');
}
