/**
 * Strict schemas of the kinds of Trident that manifests have: its own CRDs let any field through, and a misspelt one shows
 * only in the status of the backend. Fields are those of its drivers' configuration for FSx for ONTAP:
 * https://docs.netapp.com/us-en/trident/trident-use/trident-fsx-examples.html
 */
const text = { type: 'string', minLength: 1 };
const oneOf = (...values: string[]) => ({ type: 'string', enum: values });

/** Kubernetes refuses fields that are not listed. */
function object(properties: Record<string, object>, ...required: string[]) {
  return { type: 'object', properties, ...required.length > 0 ? { required } : {} };
}

/** Trident finds the secret's region and account in its full ARN, suffix included, and in nothing else. */
const credentials = {
  ...object({ name: text, type: oneOf('awsarn') }, 'name'),
  'x-kubernetes-validations': [{
    rule: "!has(self.type) || self.name.matches('^arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$')",
    message: 'name must be the full ARN of a secret, with its suffix of six characters',
  }],
};

const backendConfig = object({
  version: { type: 'integer', enum: [1] },
  storageDriverName: oneOf('ontap-nas', 'ontap-nas-economy', 'ontap-nas-flexgroup', 'ontap-san', 'ontap-san-economy'),
  backendName: text,
  svm: text,
  aws: object({ fsxFilesystemID: { type: 'string', pattern: '^fs-[0-9a-f]+$' }, apiRegion: text }, 'fsxFilesystemID'),
  credentials,
  managementLIF: text,
  dataLIF: text,
  storagePrefix: { type: 'string' },
  nfsMountOptions: text,
  autoExportPolicy: { type: 'boolean' },
  autoExportCIDRs: { type: 'array', items: text },
  limitVolumeSize: text,
  deletionPolicy: oneOf('delete', 'retain'),
  // Texts, all of them.
  defaults: object({
    snapshotDir: oneOf('true', 'false'),
    snapshotPolicy: text,
    snapshotReserve: { type: 'string', pattern: '^[0-9]*$' },
    unixPermissions: { type: 'string', pattern: '^[0-7-rwx]+$' },
    exportPolicy: text,
    tieringPolicy: oneOf('none', 'snapshot-only', 'auto', 'all'),
    spaceReserve: oneOf('none', 'volume'),
    splitOnClone: oneOf('true', 'false'),
    skipRecoveryQueue: oneOf('true', 'false'),
  }),
}, 'version', 'storageDriverName', 'aws', 'credentials');

const volumeReference = object({ pvcName: text, pvcNamespace: text }, 'pvcName', 'pvcNamespace');

/** CRDs of those kinds. */
export const TRIDENT_CRDS = [crd('TridentBackendConfig', backendConfig), crd('TridentVolumeReference', volumeReference)];

function crd(kind: string, spec: object) {
  const [group, singular] = ['trident.netapp.io', kind.toLowerCase()];
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${singular}s.${group}` },
    spec: {
      group,
      names: { kind, singular, plural: `${singular}s` },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: object({ apiVersion: text, kind: text, metadata: { type: 'object' }, spec }, 'spec') } }],
    },
  };
}
