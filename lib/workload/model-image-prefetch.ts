import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { refuseStack } from './model-server-input';
import { ChartWithFile } from './rendered-manifests';
import { Toleration } from './toleration';
import { unpinnedImages } from '../delivery/delivery-warnings';
import { SLEEPING } from '../delivery/model-image-container';
import { tenantWarnings } from '../delivery/model-image-warnings';
import { dnsLabel } from '../model/names';
import { ModelImage } from '../oci/model-image';
import { checkNamespace, checkNodeSelector, checkSubdomain, checkWorkloadName } from '../private/kubernetes-names';
import { sha256 } from '../private/sha256';
import { warn } from '../private/warn';

/** Properties of a prefetch. */
export interface ModelImagePrefetchProps {
  /**
   * Namespace of the DaemonSet: one whose pods may pull the images.
   * @jsii suppress JSII5018
   */
  readonly namespace: string;

  /** The images. Each needs a shell. */
  readonly images: ModelImage[];

  /**
   * Labels that a node must have to get the images.
   *
   * @default - every node, but for those whose taints are not tolerated
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Taints that do not keep the images away, such as that of nodes with GPUs.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];

  /**
   * Name of a PriorityClass.
   *
   * @default - the cluster's default
   */
  readonly priorityClassName?: string;
}

/** An unprivileged user, which needs nothing in the image. */
const USER = 65532;

/**
 * Brings model images to nodes before pods need them, and keeps them there: a DaemonSet with a sleeping container of each image, as the kubelet removes
 * images that no container has when the disk gets full. A node that comes later gets them too, beside the first pods that want them.
 *
 * What it spares is the pull, which is nearly all of a cold start: KServe measured 4,586 s for 140 GB as an image volume on a node without the image, and
 * 11.7 s on one with it (https://github.com/kserve/kserve/tree/master/docs/samples/storage/oci-image-volume). A node must have the disk for all images at
 * once.
 */
export class ModelImagePrefetch extends Chart implements ChartWithFile {
  /** The DaemonSet. */
  public readonly daemonSet: ApiObject;

  /** @internal */
  public readonly _manifestFile: string;

  /**
   * @param scope a `ModelManifests`, or any cdk8s app or chart
   * @param id of the construct, and the name of the DaemonSet
   * @param props the images, and which nodes get them
   * @throws where there is no image, one is named twice, or a name is not valid
   */
  constructor(scope: Construct, id: string, props: ModelImagePrefetchProps) {
    super(scope, checkWorkloadName(id));
    refuseStack(scope, id);
    checkImages(id, props.images);
    checkNodeSelector(props.nodeSelector);
    if (props.priorityClassName !== undefined) checkSubdomain('name of a priority class', props.priorityClassName);
    const labels = { 'app.kubernetes.io/name': 'model-image-prefetch', 'app.kubernetes.io/instance': id };
    const spec = {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '100%' } }, // nobody is served by them
      template: { metadata: { labels }, spec: podSpec(props) },
    };
    this.daemonSet = new ApiObject(this, 'DaemonSet', {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: id, namespace: checkNamespace(props.namespace), labels },
      spec,
    });
    this._manifestFile = `${props.namespace}.${id}.prefetch.yaml`;
    const ofTenants = props.images.flatMap(image => tenantWarnings('its model', image._tenant, image));
    for (const { id: warning, text } of [...ofTenants, ...unpinnedImages(spec)]) warn(this, warning, text);
  }
}

function podSpec({ images, nodeSelector, tolerations, priorityClassName }: ModelImagePrefetchProps): any {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName,
    nodeSelector,
    tolerations: tolerations?.map(toleration => toleration._spec),
    terminationGracePeriodSeconds: 1, // it only sleeps
    containers: images.map(image => ({
      name: containerName(image),
      image: image.reference,
      imagePullPolicy: image._pullPolicy(true),
      command: ['/bin/sh', '-c', 'exec sleep infinity'],
      resources: { requests: SLEEPING, limits: SLEEPING },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
    })),
    securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
  };
}

/** After the repository, for people, and the reference, as several versions come of one repository. */
function containerName({ reference }: ModelImage): string {
  const repository = reference.replace(/@.*$/, '').replace(/:[^/]*$/, '').split('/').pop()!;
  return `${dnsLabel('', repository.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, ''), 52)}-${sha256(reference).slice(0, 10)}`;
}

function checkImages(id: string, images: ModelImage[]) {
  if (images.length === 0) throw new Error(`prefetch '${id}' has no image: name one at least, ModelImage.of('repository@sha256:…')`);
  const references = images.map(({ reference }) => reference);
  const twice = references.find((reference, index) => references.indexOf(reference) < index);
  if (twice !== undefined) throw new Error(`prefetch '${id}' has image '${twice}' twice: name it once`);
}
