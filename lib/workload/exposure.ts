import { httpRoute } from './http-route';
import { checkAnnotationKey, checkHost, checkSubdomain, checkUrlPath } from '../private/kubernetes-names';

/** How an Ingress leads to a server. */
export interface IngressExposureOptions {
  /** The host that requests name, such as `llama.example.com`; `*.example.com` stands for one label. */
  readonly host: string;

  /**
   * Name of the IngressClass, such as `alb`.
   *
   * @default - the cluster's default class
   */
  readonly className?: string;

  /**
   * Requests below this path are the server's, which gets them with the path as it is.
   *
   * @default '/'
   */
  readonly path?: string;

  /**
   * Name of the Secret with the certificate of the host.
   *
   * @default - no TLS by the Ingress itself; some controllers are told of a certificate by annotations
   */
  readonly tlsSecretName?: string;

  /**
   * Annotations of the Ingress, which its controller reads, such as `alb.ingress.kubernetes.io/target-type`.
   *
   * @default - none
   */
  readonly annotations?: { [key: string]: string };
}

/** The Gateway that a route is attached to. It exists already, and its listener admits routes of the server's namespace. */
export interface GatewayReference {
  /** Name of the Gateway. */
  readonly name: string;

  /**
   * Namespace of the Gateway.
   * @jsii suppress JSII5018
   *
   * @default - the server's
   */
  readonly namespace?: string;

  /**
   * Name of its listener.
   *
   * @default - every listener that admits the route
   */
  readonly sectionName?: string;
}

/** How an HTTPRoute leads to a server. */
export interface HttpRouteExposureOptions {
  /** The Gateway. */
  readonly gateway: GatewayReference;

  /**
   * Hosts that requests name, at most 16.
   *
   * @default - those of the listener
   */
  readonly hostnames?: string[];

  /**
   * Requests below this path are the server's, which gets them with the path as it is.
   *
   * @default '/'
   */
  readonly path?: string;
}

/**
 * How requests reach a server from outside the cluster. Answers of a model may be long in coming: an Application Load Balancer cuts a connection
 * that is idle for 60 seconds, unless its controller is told otherwise.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout
 */
export class Exposure {
  /**
   * By an Ingress, which an ingress controller serves.
   *
   * @throws where a host, path or name is not valid
   */
  public static ingress(options: IngressExposureOptions): Exposure {
    const { host, className, tlsSecretName, annotations = {}, path = '/' } = options;
    checkHost('host of an Ingress', host);
    checkUrlPath('path of an Ingress', path);
    if (className !== undefined) checkSubdomain('name of an ingress class', className);
    if (tlsSecretName !== undefined) checkSubdomain('name of a Secret', tlsSecretName);
    Object.keys(annotations).forEach(key => checkAnnotationKey('annotation of an Ingress', key));
    return new Exposure('networking.k8s.io/v1', 'Ingress', annotations, name => ({
      ingressClassName: className,
      tls: tlsSecretName === undefined ? undefined : [{ hosts: [host], secretName: tlsSecretName }],
      rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name, port: { name: 'http' } } } }] } }],
    }));
  }

  /**
   * By an HTTPRoute of the Gateway API (`gateway.networking.k8s.io/v1`), whose resource definitions the cluster must have.
   *
   * @throws where a host, path or name is not valid
   */
  public static httpRoute(options: HttpRouteExposureOptions): Exposure {
    const { apiVersion, kind, spec } = httpRoute(options);
    return new Exposure(apiVersion, kind, {}, (name, port) => spec([{ name, port }]));
  }

  private constructor(
    private readonly apiVersion: string,
    private readonly kind: string,
    private readonly annotations: { [key: string]: string },
    private readonly spec: (service: string, port: number) => any,
  ) {}

  /**
   * The object that leads to a Service.
   * @internal
   */
  public _object(metadata: any, port: number): any {
    const { apiVersion, kind, annotations } = this;
    return {
      apiVersion,
      kind,
      metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
      spec: this.spec(metadata.name, port),
    };
  }
}
