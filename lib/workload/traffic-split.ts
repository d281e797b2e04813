import { ApiObject, Chart, Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import type { HttpRouteExposureOptions } from './exposure';
import { httpRoute } from './http-route';
import type { ModelServer } from './model-server';
import { refuseStack } from './model-server-input';
import type { ChartWithFile } from './rendered-manifests';
import { checkWorkloadName } from '../private/kubernetes-names';
import { checkWhole } from '../private/numbers';

/** https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule */
const MAX_BACKENDS = 16;

/** https://gateway-api.sigs.k8s.io/reference/spec/#httpbackendref */
const MAX_WEIGHT = 1_000_000;

/** A server, and how many of the requests are its. */
export interface WeightedBackend {
  /** The server. */
  readonly server: ModelServer;

  /**
   * Its part of the sum of all weights: no percentage, though weights that come to 100 read like one. From 0, no requests at all, to 1,000,000.
   */
  readonly weight: number;
}

/** Properties of a split of traffic. */
export interface TrafficSplitProps extends HttpRouteExposureOptions {
  /** The servers, at most 16, in one namespace. Not all of their weights are 0. */
  readonly backends: WeightedBackend[];

  /**
   * Name of the HTTPRoute.
   *
   * @default - the id of the construct
   */
  readonly name?: string;
}

/**
 * An HTTPRoute of the Gateway API (`gateway.networking.k8s.io/v1`) that gives each server its part of the requests: versions side by side, and from
 * one to the other by a change of weights. Each request is decided by itself; who asks again may meet the other version.
 *
 * A server of weight 0 stays as it is, with its pods, its GPUs and its model loaded: to go back to it takes no download and no start.
 */
export class TrafficSplit extends Chart implements ChartWithFile {
  /** The HTTPRoute. */
  public readonly route: ApiObject;

  /** @internal */
  public readonly _manifestFile: string;

  /**
   * @param scope a `ModelManifests`, or any cdk8s app or chart
   * @param id of the construct, and by default the name of the HTTPRoute
   * @param props which server gets how much
   * @throws where a weight, host, path or name is not valid, all weights are 0, or servers are in several namespaces
   */
  constructor(scope: Construct, id: string, props: TrafficSplitProps) {
    super(scope, id);
    const name = checkWorkloadName(props.name ?? id);
    refuseStack(scope, name, 'split');
    const { apiVersion, kind, spec } = httpRoute(props);
    const namespace = checkBackends(props.backends, name);
    this._manifestFile = `${namespace}.${name}.httproute.yaml`;
    this.route = new ApiObject(this, 'Route', {
      apiVersion,
      kind,
      metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'model-server', 'app.kubernetes.io/instance': name } },
      spec: spec(Lazy.any({ produce: () => props.backends.map(backendRef) })), // patches of a Service may come later
    });
  }
}

/** The namespace of all servers. */
function checkBackends(backends: WeightedBackend[], split: string): string {
  if (backends.length === 0 || backends.length > MAX_BACKENDS) {
    throw new Error(`split '${split}' has ${backends.length} backends: give 1 to ${MAX_BACKENDS}`);
  }
  const namespace = namespaceOf(backends[0].server);
  backends.forEach(({ server, weight }, index) => {
    checkWhole(`weight of server '${server.service.name}' in split '${split}'`, weight, 0, MAX_WEIGHT);
    if (namespaceOf(server) !== namespace) {
      throw new Error(
        `split '${split}' leads to '${backends[0].server.service.name}' in namespace '${namespace}' and to '${server.service.name}' in '${namespaceOf(server)}': `
        + 'give servers of one namespace, others are not reached without a ReferenceGrant',
      );
    }
    if (backends.findIndex(other => other.server === server) !== index) throw new Error(`split '${split}' has server '${server.service.name}' twice: give it one weight`);
  });
  if (backends.every(({ weight }) => weight === 0)) {
    throw new Error(`split '${split}' has weight 0 for every server, and each request would fail: give one of them a weight above 0`);
  }
  return namespace;
}

function namespaceOf(server: ModelServer): string {
  return server.service.metadata.namespace!;
}

function backendRef({ server, weight }: WeightedBackend) {
  const { metadata, spec } = server.service.toJson();
  return { name: metadata.name, port: spec.ports[0].port, weight };
}
