import { ModelFragmentProps } from './model-fragment-props';

/**
 * What a chart calls the values that it puts into its pods: keys with dots between, such as `server.extraVolumes`; the name of a chart comes first where
 * it is a dependency of another. An empty one leaves the value out. Helm says nothing of a key that the chart does not know.
 *
 * The defaults are those of Bitnami's charts, which many follow:
 * https://github.com/bitnami/charts/blob/main/template/CHART_NAME/values.yaml. What `helm create` makes has `volumes` and `volumeMounts`, and no init
 * containers: https://helm.sh/docs/helm/helm_create/
 */
export interface HelmKeys {
  /**
   * A list of init containers. Can't be left out.
   *
   * @default initContainers
   */
  readonly initContainers?: string;

  /**
   * A list of volumes of the pod. Can't be left out.
   *
   * @default extraVolumes
   */
  readonly volumes?: string;

  /**
   * A list of mounts of the container that serves. Can't be left out.
   *
   * @default extraVolumeMounts
   */
  readonly volumeMounts?: string;

  /**
   * A map of annotations of the pod. Without it an inventory of pods does not show their models.
   *
   * @default podAnnotations
   */
  readonly podAnnotations?: string;

  /**
   * Security context of the pod. It is there where a volume is given to a group, as that of an existing claim is: `fsGroup` and `fsGroupChangePolicy`.
   *
   * @default podSecurityContext
   */
  readonly podSecurityContext?: string;

  /**
   * Name of the service account that the pods have.
   *
   * @default serviceAccount.name
   */
  readonly serviceAccountName?: string;

  /**
   * Whether the chart writes the service account: false, unless the identity says that it exists, as one that a chart writes does. Then the value is
   * left out.
   *
   * @default serviceAccount.create
   */
  readonly createServiceAccount?: string;

  /**
   * How long a Deployment has to progress, in seconds: 600, as Kubernetes has it, and as long as the models may take.
   *
   * @default - left out, as few charts have it
   */
  readonly progressDeadlineSeconds?: string;
}

/** Properties of a file of Helm values. */
export interface HelmValuesProps extends ModelFragmentProps {
  /**
   * What the chart calls the values.
   *
   * @default - as Bitnami's charts
   */
  readonly keys?: HelmKeys;

  /**
   * Names of the containers that read the models, for `withholdCredentials`: which one gets the mounts is the chart's.
   *
   * @default - not known
   */
  readonly containers?: string[];

  /**
   * Init containers of your own, spelled as in a manifest: Helm takes the last list that it is given whole. Models come first, but after restartable
   * ones (sidecars).
   *
   * @default - none
   */
  readonly initContainers?: any[];

  /**
   * Volumes of your own, spelled as in a manifest.
   *
   * @default - none
   */
  readonly volumes?: any[];

  /**
   * Mounts of your own, spelled as in a manifest.
   *
   * @default - none
   */
  readonly volumeMounts?: any[];
}
