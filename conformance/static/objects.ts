import { KubernetesObject } from './manifest';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const IMAGE = `registry.example.com/server@${DIGEST}`;
const RESTRICTED = {
  allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' },
};

/** A workload with what no example has: a sidecar, and a volume of an image. */
const withImageVolume: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'image-volume', namespace: 'serving' },
  spec: {
    selector: { matchLabels: { app: 'image-volume' } },
    template: {
      metadata: { labels: { app: 'image-volume' } },
      spec: {
        initContainers: [{
          name: 'watcher', image: IMAGE, restartPolicy: 'Always', securityContext: RESTRICTED, startupProbe: { exec: { command: ['/ready'] }, periodSeconds: 2, failureThreshold: 900 },
        }],
        containers: [{ name: 'server', image: IMAGE, securityContext: RESTRICTED, volumeMounts: [{ name: 'model', mountPath: '/model', readOnly: true }] }],
        volumes: [{ name: 'model', image: { reference: `registry.example.com/model@${DIGEST}`, pullPolicy: 'IfNotPresent' } }],
      },
    },
  },
};

const nodePool: KubernetesObject = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'gpu' },
  spec: {
    template: {
      metadata: { labels: { workload: 'gpu' } },
      spec: {
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'gpu' },
        taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
        expireAfter: '720h',
        requirements: [
          { key: 'karpenter.sh/capacity-type', operator: 'In', values: ['on-demand'] },
          { key: 'karpenter.k8s.aws/instance-generation', operator: 'Gt', values: ['4'] },
        ],
      },
    },
    limits: { cpu: '96' },
    disruption: { consolidationPolicy: 'WhenEmptyOrUnderutilized', consolidateAfter: '5m' },
  },
};

const nodeClass: KubernetesObject = {
  apiVersion: 'karpenter.k8s.aws/v1',
  kind: 'EC2NodeClass',
  metadata: { name: 'gpu' },
  spec: {
    role: 'inference-nodes',
    amiSelectorTerms: [{ alias: 'bottlerocket@v1.40.0' }],
    subnetSelectorTerms: [{ tags: { 'karpenter.sh/discovery': 'inference' } }],
    securityGroupSelectorTerms: [{ tags: { 'karpenter.sh/discovery': 'inference' } }],
    blockDeviceMappings: [
      { deviceName: '/dev/xvda', ebs: { volumeSize: '10Gi', volumeType: 'gp3', encrypted: true } },
      { deviceName: '/dev/xvdb', ebs: { volumeSize: '200Gi', volumeType: 'gp3', encrypted: true, snapshotID: 'snap-0123456789abcdef0', volumeInitializationRate: 300 } },
    ],
  },
};

const inferenceService: KubernetesObject = {
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  metadata: { name: 'chat', namespace: 'serving', annotations: { 'serving.kserve.io/deploymentMode': 'Standard' } },
  spec: {
    predictor: {
      model: {
        modelFormat: { name: 'huggingface' },
        storageUri: `oci://registry.example.com/model@${DIGEST}`,
        resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '2Gi' } },
        volumeMounts: [{ name: 'adapter', mountPath: '/adapter', readOnly: true }],
      },
      volumes: [{ name: 'adapter', image: { reference: `registry.example.com/adapter@${DIGEST}` } }],
    },
  },
};

const backendConfig: KubernetesObject = {
  apiVersion: 'trident.netapp.io/v1',
  kind: 'TridentBackendConfig',
  metadata: { name: 'models', namespace: 'trident' },
  spec: {
    version: 1,
    storageDriverName: 'ontap-nas',
    backendName: 'models',
    svm: 'models',
    aws: { fsxFilesystemID: 'fs-0123456789abcdef0', apiRegion: 'eu-west-1' },
    credentials: { name: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:models-AbCdEf', type: 'awsarn' },
    defaults: { tieringPolicy: 'none', snapshotPolicy: 'none' },
    deletionPolicy: 'retain',
  },
};

const storageClass: KubernetesObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'models' },
  provisioner: 'csi.trident.netapp.io',
  parameters: { backendType: 'ontap-nas' },
  mountOptions: ['nfsvers=4.1', 'nconnect=16'],
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'Immediate',
  allowVolumeExpansion: true,
};

const sharedClaim: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'models', namespace: 'platform', annotations: { 'trident.netapp.io/shareToNamespace': 'serving,search' } },
  spec: { accessModes: ['ReadWriteMany'], storageClassName: 'models', resources: { requests: { storage: '100Gi' } } },
};

const claim: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'models', namespace: 'serving', annotations: { 'trident.netapp.io/shareFromPVC': 'platform/models' } },
  spec: { accessModes: ['ReadOnlyMany'], storageClassName: 'models', resources: { requests: { storage: '100Gi' } } },
};

const volumeReference: KubernetesObject = {
  apiVersion: 'trident.netapp.io/v1', kind: 'TridentVolumeReference', metadata: { name: 'models', namespace: 'serving' }, spec: { pvcName: 'models', pvcNamespace: 'platform' },
};

/** Refuses pods that could write a model that others read. */
const admissionPolicy: KubernetesObject = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'models-are-read-only' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }] },
    variables: [
      {
        name: 'claims',
        expression: "object.spec.?volumes.orValue([]).filter(v, has(v.persistentVolumeClaim) && v.persistentVolumeClaim.claimName.startsWith('models')).map(v, v.name)",
      },
      { name: 'containers', expression: 'object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])' },
    ],
    validations: [{
      expression: 'variables.containers.all(c, !has(c.volumeMounts) || c.volumeMounts.all(m, !(m.name in variables.claims) || (has(m.readOnly) && m.readOnly)))',
      message: 'mount models with readOnly: true',
    }],
  },
};

const everywhere = [nodePool, nodeClass, inferenceService, backendConfig, storageClass, sharedClaim, claim, volumeReference, admissionPolicy];

/** Good objects of kinds, and with fields, that no example has yet. */
export const OBJECTS: Array<{ readonly object: KubernetesObject; /** The oldest minor that has all its fields. */ readonly since?: string }> = [
  { object: withImageVolume, since: '1.35' }, ...everywhere.map(object => ({ object })),
];
