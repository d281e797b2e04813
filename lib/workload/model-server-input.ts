import { Size, Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { ModelServerProps } from './model-server-props';
import type { ResourceRequirements } from './server-container-props';
import { checkImage, checkLabelKey, checkNodeSelector, checkQuantity, checkSubdomain, checkVariable } from '../private/kubernetes-names';
import { checkWhole, MAX_INT, MAX_PORT } from '../private/numbers';

/** @internal */
export function checkReplicas(replicas: number, id: string): number {
  return checkWhole(`replicas of server '${id}'`, replicas, 0);
}

/**
 * Of a limit of nothing, the kubelet makes none at all.
 * @internal
 */
export function checkDisk(what: string, size: Size, id: string): Size {
  if (size.isUnresolved() || size.toBytes() < 1) {
    throw new Error(`${what} of server '${id}' must be known at synth and at least one byte: pass Size.gibibytes(2)`);
  }
  return size;
}

/** @internal */
export function checkNames({ image, env, nodeSelector, priorityClassName, resources }: ModelServerProps, id: string) {
  checkImage(`image of server '${id}'`, image);
  Object.keys(env ?? {}).forEach(checkVariable);
  checkNodeSelector(nodeSelector);
  if (priorityClassName !== undefined) checkSubdomain('name of a priority class', priorityClassName);
  for (const [name, quantity] of [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})]) {
    checkLabelKey('name of a resource', name);
    checkQuantity(`quantity of ${name}`, quantity);
  }
  checkExtended(resources ?? {}, id);
}

/** @internal */
export function checkPort(props: ModelServerProps, id: string): number {
  const port = props.port ?? props.engine?.options.port;
  if (port === undefined) throw new Error(`server '${id}' has no port: pass port, or an engine, which knows its own`);
  return checkWhole(`port of server '${id}'`, port, 1, MAX_PORT);
}

/** @internal */
export function checkUser(user: number, id: string): number {
  if (Token.isUnresolved(user) || !Number.isInteger(user) || user < 1 || user > MAX_INT) {
    throw new Error(`runAsUser ${user} of server '${id}' is not valid: give a number above 0, as Pod Security 'restricted' refuses root`);
  }
  return user;
}

/** Extended resources come whole, and what is asked for is also the limit: the API server refuses anything else. */
function checkExtended({ requests = {}, limits = {} }: ResourceRequirements, id: string) {
  for (const [name, quantity] of Object.entries({ ...requests, ...limits })) {
    if (!name.includes('/')) continue;
    if (limits[name] === undefined || (requests[name] ?? quantity) !== limits[name]) {
      throw new Error(`requests of ${name} of server '${id}' are ${spelled(requests[name])} and limits ${spelled(limits[name])}: give limits alone (of NVIDIA GPUs, gpus), an extended resource has one number`);
    }
    if (!/^\d+$/.test(quantity)) throw new Error(`quantity of ${name} '${quantity}' is not valid: an extended resource comes whole, use a number`);
  }
}

function spelled(quantity: string | undefined): string {
  return quantity === undefined ? 'left out' : `'${quantity}'`;
}

/**
 * Below a stack it would never be written: CDK synthesises no Kubernetes objects.
 * @internal
 */
export function refuseStack(scope: IConstruct, name: string, what = 'server') {
  if (Stage.of(scope)) {
    throw new Error(`${what} '${name}' is in the tree of the CDK app, which writes no Kubernetes objects: pass a ModelManifests as its scope`);
  }
}
