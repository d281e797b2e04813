import { Token } from 'aws-cdk-lib';
import type { HttpRouteExposureOptions } from './exposure';
import { checkHost, checkLabel, checkSubdomain, checkUrlPath } from '../private/kubernetes-names';

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec */
const MAX_HOSTNAMES = 16;

/**
 * An HTTPRoute, but for where it leads.
 * @internal
 */
export interface HttpRoute {
  readonly apiVersion: string;
  readonly kind: string;
  spec(backendRefs: any): any;
}

/**
 * @throws where a host, path or name is not valid
 * @internal
 */
export function httpRoute({ gateway: { name, namespace, sectionName }, hostnames = [], path = '/' }: HttpRouteExposureOptions): HttpRoute {
  checkSubdomain('name of a Gateway', name);
  if (namespace !== undefined) checkLabel('namespace of a Gateway', namespace);
  if (sectionName !== undefined) checkSubdomain('name of a listener', sectionName);
  if (!Token.isUnresolved(hostnames)) hostnames.forEach(hostname => checkHost('hostname of an HTTPRoute', hostname));
  if (hostnames.length > MAX_HOSTNAMES) {
    throw new Error(`an HTTPRoute has ${hostnames.length} hostnames, and takes ${MAX_HOSTNAMES}: give fewer, or those of the listener by leaving them out`);
  }
  checkUrlPath('path of an HTTPRoute', path);
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    spec: backendRefs => ({
      parentRefs: [{ name, namespace, sectionName }],
      hostnames: hostnames.length > 0 ? hostnames : undefined,
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: path } }], backendRefs }],
    }),
  };
}
