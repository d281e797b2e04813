import { Gate } from './gates';
import { KubernetesObject } from './manifest';
import { containersOf } from './pods';
import { OLDER_MINOR } from '../tools/catalogue';

/** Something that is wrong in a manifest. */
export interface Defect {
  readonly name: string;
  /** The kind, and the name where it matters, of the good object that it is planted in. */
  readonly in: string;
  readonly edit: (object: any) => void;
  /** Where text says what an object can't. */
  readonly rewrite?: (text: string) => string;
  /** Who refuses it: nobody before does. */
  readonly refusedBy: Gate;
  /** What the reason names: it's refused for what was planted. */
  readonly reason: RegExp;
  /** The minor version of the server. @default - the current one */
  readonly minor?: string;
}

const template = (object: any): any => object.spec.template;
const pod = (object: any): any => template(object).spec;
const [downloader, server] = [(object: any): any => pod(object).initContainers[0], (object: any): any => pod(object).containers[0]];
const eachContainer = (change: (securityContext: any) => void) => (object: KubernetesObject) => {
  delete pod(object).securityContext;
  for (const container of containersOf(template(object))) change(container.securityContext);
};

/** Kinds of defects that were shipped once, here or elsewhere, or that a slip of the pen makes. */
export const DEFECTS: Defect[] = [
  // A server that validates strictly says so.
  { name: 'misspelt field', in: 'Deployment', edit: o => { downloader(o).securityContext.readOnlyRootFilesystm = true; }, refusedBy: 'server', reason: /readOnlyRootFilesystm/ },
  { name: 'misspelt kind', in: 'Deployment', edit: o => { o.kind = 'Deploymnt'; }, refusedBy: 'server', reason: /Deploymnt/ },
  { name: 'a number as text', in: 'Deployment', edit: o => { o.spec.replicas = '1'; }, refusedBy: 'server', reason: /replicas/ },
  { name: 'the same field twice', in: 'Deployment', edit: () => {}, rewrite: text => text.replace(/"replicas":1/, '"replicas":1,"replicas":2'), refusedBy: 'server', reason: /replicas/ },
  { name: 'a unit that there is not', in: 'Deployment', edit: o => { pod(o).volumes[0].emptyDir.sizeLimit = '16GiB'; }, refusedBy: 'server', reason: /quantit/ },
  { name: 'mount of a volume that there is not', in: 'Deployment', edit: o => { server(o).volumeMounts[0].name += 's'; }, refusedBy: 'server', reason: /volumeMounts\[0\].name.*Not found/ },
  { name: 'mount outside of the volume', in: 'Deployment', edit: o => { server(o).volumeMounts[0].subPath = '../models'; }, refusedBy: 'server', reason: /subPath/ },
  { name: 'two containers of one name', in: 'Deployment', edit: o => { server(o).name = downloader(o).name; }, refusedBy: 'server', reason: /Duplicate/ },
  { name: 'selector of other pods', in: 'Deployment', edit: o => { o.spec.selector.matchLabels = { app: 'other' }; }, refusedBy: 'server', reason: /selector/ },
  { name: 'label with a space', in: 'Deployment', edit: o => { template(o).metadata.labels.team = 'team a'; }, refusedBy: 'server', reason: /team a/ },
  { name: 'name with a capital', in: 'Deployment', edit: o => { o.metadata.name = 'Llama'; }, refusedBy: 'server', reason: /Llama/ },
  { name: 'token that lives too short', in: 'Deployment', edit: o => { tokenOf(o).expirationSeconds = 60; }, refusedBy: 'server', reason: /expirationSeconds/ },
  { name: 'misspelt size of a volume', in: 'Deployment', edit: o => { pod(o).volumes[0].emptyDir.sizelimit = '1Gi'; }, refusedBy: 'server', reason: /sizelimit/ },
  { name: 'sidecar with a probe that restarts on failure', in: 'Deployment image-volume', edit: o => { downloader(o).restartPolicy = 'OnFailure'; }, refusedBy: 'server', reason: /startupProbe/ },
  { name: 'image volume with a pull policy that there is not', in: 'Deployment image-volume', edit: o => { pod(o).volumes[0].image.pullPolicy = 'Sometimes'; }, refusedBy: 'server', reason: /pullPolicy/ },
  { name: 'misspelt port of a Service', in: 'Service', edit: o => { o.spec.ports[0].targetport = 8000; }, refusedBy: 'server', reason: /targetport/ },
  { name: 'misspelt token setting', in: 'ServiceAccount', edit: o => { o.automountToken = false; }, refusedBy: 'server', reason: /automountToken/ },
  { name: 'weight of a route above all bounds', in: 'HTTPRoute', edit: o => { o.spec.rules[0].backendRefs[0].weight = 9_000_000; }, refusedBy: 'server', reason: /weight/ },
  { name: 'restart policy of a group that there is not', in: 'LeaderWorkerSet', edit: o => { o.spec.leaderWorkerTemplate.restartPolicy = 'Never'; }, refusedBy: 'server', reason: /restartPolicy/ },
  { name: 'misspelt endpoints of a monitor', in: 'PodMonitor', edit: o => { o.spec.podMetricEndpoints = o.spec.podMetricsEndpoints; }, refusedBy: 'server', reason: /podMetricEndpoints/ },
  { name: 'operator of a node pool that there is not', in: 'NodePool', edit: o => { pod(o).requirements[1].operator = 'GreaterThan'; }, refusedBy: 'server', reason: /operator/ },
  { name: 'misspelt label of an instance', in: 'NodePool', edit: o => { pod(o).requirements[1].key = 'karpenter.k8s.aws/instance-generatoin'; }, refusedBy: 'server', reason: /karpenter\.k8s\.aws/ },
  { name: 'rate of a volume without a snapshot', in: 'EC2NodeClass', edit: o => { delete o.spec.blockDeviceMappings[1].ebs.snapshotID; }, refusedBy: 'server', reason: /snapshotID/ },
  { name: 'role and instance profile', in: 'EC2NodeClass', edit: o => { o.spec.instanceProfile = 'inference-nodes'; }, refusedBy: 'server', reason: /instanceProfile/ },
  { name: 'misspelt address of a model', in: 'InferenceService', edit: o => { rename(o.spec.predictor.model, 'storageUri', 'storageURI'); }, refusedBy: 'server', reason: /storageURI/ },
  { name: 'misspelt driver field', in: 'TridentBackendConfig', edit: o => { rename(o.spec, 'storageDriverName', 'storageDriverNam'); }, refusedBy: 'server', reason: /storageDriverNam/ },
  { name: 'driver that there is not', in: 'TridentBackendConfig', edit: o => { o.spec.storageDriverName = 'ontap-nass'; }, refusedBy: 'server', reason: /ontap-nass/ },
  { name: 'secret without its suffix', in: 'TridentBackendConfig', edit: o => { o.spec.credentials.name = o.spec.credentials.name.slice(0, -7); }, refusedBy: 'server', reason: /full ARN/ },
  { name: 'reference without a namespace', in: 'TridentVolumeReference', edit: o => { delete o.spec.pvcNamespace; }, refusedBy: 'server', reason: /pvcNamespace/ },
  { name: 'misspelt field of a reference', in: 'TridentVolumeReference', edit: o => { o.spec.pvcNamespce = 'platform'; }, refusedBy: 'server', reason: /pvcNamespce/ },
  { name: 'binding mode that there is not', in: 'StorageClass', edit: o => { o.volumeBindingMode = 'WaitForConsumer'; }, refusedBy: 'server', reason: /WaitForConsumer/ },
  { name: 'policy that is no CEL', in: 'ValidatingAdmissionPolicy', edit: o => { o.spec.validations[0].expression = 'variables.containers.all(c !has(c.volumeMounts))'; }, refusedBy: 'server', reason: /[Ss]yntax error/ },

  // A server takes it, and drops or changes it.
  { name: 'image volume where there is none yet', in: 'Deployment image-volume', edit: () => {}, refusedBy: 'round trip', reason: /volumes: lost/, minor: OLDER_MINOR },
  { name: 'users of a pod\'s own where there are none yet', in: 'Deployment', edit: o => { pod(o).hostUsers = false; }, refusedBy: 'round trip', reason: /hostUsers: lost/, minor: OLDER_MINOR },
  { name: 'restart policy of a container where there is none yet', in: 'Deployment', edit: o => { server(o).restartPolicy = 'Never'; }, refusedBy: 'round trip', reason: /restartPolicy: lost/, minor: OLDER_MINOR },

  // A server takes it, and refuses its pods.
  { name: 'a user is not asked for', in: 'Deployment', edit: eachContainer(context => { delete context.runAsNonRoot; }), refusedBy: 'pod', reason: /runAsNonRoot != true/ },
  { name: 'privileges may grow', in: 'Deployment', edit: eachContainer(context => { context.allowPrivilegeEscalation = true; }), refusedBy: 'pod', reason: /allowPrivilegeEscalation != false/ },
  { name: 'capabilities are kept', in: 'Deployment', edit: eachContainer(context => { delete context.capabilities; }), refusedBy: 'pod', reason: /unrestricted capabilities/ },
  { name: 'root', in: 'Deployment', edit: eachContainer(context => { context.runAsUser = 0; }), refusedBy: 'pod', reason: /runAsUser=0/ },
  { name: 'no seccomp profile', in: 'Deployment', edit: eachContainer(context => { context.seccompProfile = { type: 'Unconfined' }; }), refusedBy: 'pod', reason: /seccompProfile/ },
  { name: 'folder of the node', in: 'Deployment', edit: o => { pod(o).volumes[0] = { name: pod(o).volumes[0].name, hostPath: { path: '/models' } }; }, refusedBy: 'pod', reason: /hostPath/ },
  { name: 'image volume without an image', in: 'Deployment image-volume', edit: o => { delete pod(o).volumes[0].image.reference; }, refusedBy: 'pod', reason: /reference/ },

  // Servers take all of it.
  { name: 'sidecar that restarts on failure', in: 'Deployment image-volume', edit: o => { Object.assign(downloader(o), { restartPolicy: 'OnFailure', startupProbe: undefined }); }, refusedBy: 'rule', reason: /watcher.*OnFailure/ },
  { name: 'image volume of a server without an image', in: 'InferenceService chat', edit: o => { o.spec.predictor.volumes[0].image.reference = ''; }, refusedBy: 'rule', reason: /adapter has no image/ },
  { name: 'misspelt container to skip', in: 'Deployment', edit: o => { template(o).metadata.annotations['eks.amazonaws.com/skip-containers'] = 'sever'; }, refusedBy: 'rule', reason: /sever/ },
  { name: 'model that the application can write', in: 'Deployment', edit: o => { delete server(o).volumeMounts.find((mount: any) => mount.name.startsWith('model-')).readOnly; }, refusedBy: 'rule', reason: /can write/ },
  { name: 'Service of other pods', in: 'Service', edit: o => { o.spec.selector = { app: 'other' }; }, refusedBy: 'rule', reason: /selects/ },
  { name: 'route to no Service', in: 'HTTPRoute', edit: o => { o.spec.rules[0].backendRefs[1].name = 'chat-c'; }, refusedBy: 'rule', reason: /chat-c/ },
  { name: 'misspelt field in a variable of a policy', in: 'ValidatingAdmissionPolicy', edit: o => { inVariables(o, 'object.spec.initContainers :', 'object.spec.initContainres :'); }, refusedBy: 'rule', reason: /initContainres/ },
  { name: 'misspelt field of a volume in a policy', in: 'ValidatingAdmissionPolicy', edit: o => { inVariables(o, 'v.persistentVolumeClaim.claimName', 'v.persistentVolumeClaim.claimNam'); }, refusedBy: 'rule', reason: /claimNam,/ },
  { name: 'namespaces with a space', in: 'PersistentVolumeClaim', edit: o => { o.metadata.annotations['trident.netapp.io/shareToNamespace'] = 'serving, search'; }, refusedBy: 'rule', reason: /comma/ },
  { name: 'second reference for a claim', in: 'TridentVolumeReference', edit: o => { o.metadata.name = 'models-again'; }, refusedBy: 'rule', reason: /the same claim/ },
];

function tokenOf(object: any): any {
  return pod(object).volumes.find((volume: any) => volume.projected).projected.sources[0].serviceAccountToken;
}

function rename(object: any, from: string, to: string) {
  object[to] = object[from];
  delete object[from];
}

function inVariables(policy: any, from: string, to: string) {
  for (const variable of policy.spec.variables) variable.expression = variable.expression.replace(from, to);
}
