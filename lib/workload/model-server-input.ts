import { Size, Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import type { ModelServerProps, ResourceRequirements } from './model-server-props';
import { mebibytes } from '../delivery/limits';
import { DeliveredModel } from '../delivery/model-delivery';
import { checkImage, checkLabelKey, checkLabelValue, checkQuantity, checkSubdomain, checkVariable } from '../private/kubernetes-names';

/** Kubernetes counts replicas, and users, in 32 bits. */
const MAX_INT = 2 ** 31 - 1;

/** @internal */
export function checkReplicas(replicas: number, id: string): number {
  if (Token.isUnresolved(replicas) || !Number.isInteger(replicas) || replicas < 0 || replicas > MAX_INT) {
    throw new Error(`replicas is ${replicas} for server '${id}': give a whole number, known at synth`);
  }
  return replicas;
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
  for (const [key, value] of Object.entries(nodeSelector ?? {})) {
    checkLabelKey('label of a node', key);
    checkLabelValue(`value of the label '${key}' of a node`, value);
  }
  if (priorityClassName !== undefined) checkSubdomain('name of a priority class', priorityClassName);
  for (const [name, quantity] of [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})]) {
    checkLabelKey('name of a resource', name);
    checkQuantity(`quantity of ${name}`, quantity);
  }
  checkExtended(resources ?? {});
}

/** @internal */
export function checkPort(props: ModelServerProps, id: string): number {
  const port = props.port ?? props.engine?.options.port;
  if (port === undefined) throw new Error(`server '${id}' has no port: pass port, or an engine, which knows its own`);
  if (Token.isUnresolved(port) || !Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`port ${port} of server '${id}' is not valid: give a whole number from 1 to 65535, known at synth`);
  }
  return port;
}

/** @internal */
export function checkUser(user: number, id: string): number {
  if (Token.isUnresolved(user) || !Number.isInteger(user) || user < 1 || user > MAX_INT) {
    throw new Error(`runAsUser ${user} of server '${id}' is not valid: give a number above 0, as Pod Security 'restricted' refuses root`);
  }
  return user;
}

/** @internal */
export function limitsOf({ gpus = 0, resources }: ModelServerProps, id: string): Record<string, string> {
  const limits = resources?.limits ?? {};
  if (Token.isUnresolved(gpus) || !Number.isInteger(gpus) || gpus < 0) {
    throw new Error(`gpus is ${gpus} for server '${id}': give a whole number, known at synth`);
  }
  if (gpus > 0 && limits['nvidia.com/gpu'] !== undefined) {
    throw new Error(`server '${id}' has gpus ${gpus} and limits of nvidia.com/gpu '${limits['nvidia.com/gpu']}': give one of both`);
  }
  return gpus > 0 ? { ...limits, 'nvidia.com/gpu': String(gpus) } : limits;
}

/**
 * What the server asks for: the disk that it and its models take as long as the pod lives, else nodes are filled beyond what they have.
 * @internal
 */
export function requestsOf({ resources }: ModelServerProps, disks: Size[]): Record<string, string> {
  const bytes = disks.reduce((sum, disk) => sum + disk.toBytes(), 0);
  return { 'ephemeral-storage': mebibytes(Size.bytes(bytes)), ...resources?.requests };
}

/** Extended resources come whole, and what is asked for is also the limit: the API server refuses anything else. */
function checkExtended({ requests = {}, limits = {} }: ResourceRequirements) {
  for (const [name, quantity] of Object.entries({ ...requests, ...limits })) {
    if (!name.includes('/')) continue;
    if (limits[name] === undefined || (requests[name] ?? quantity) !== limits[name]) {
      throw new Error(`requests of ${name} are '${requests[name]}' and limits '${limits[name]}': give limits alone, an extended resource has one number`);
    }
    if (!/^\d+$/.test(quantity)) throw new Error(`quantity of ${name} '${quantity}' is not valid: an extended resource comes whole, use a number`);
  }
}

/**
 * An engine that is never told of a model starts on another, or downloads one.
 * @internal
 */
export function refuseUnmentioned(id: string, models: DeliveredModel[], texts: string[]) {
  for (const { model, path } of models) {
    const mention = new RegExp(`${path.replace(/\./g, '\\.')}(?![-\\w.])`);
    if (!texts.some(text => mention.test(text))) {
      throw new Error(`server '${id}' never mentions '${path}', where model ${model.displayName} is: pass engine, or put the path into args or env (it is \`path\` of the delivered model)`);
    }
  }
}

/**
 * Below a stack it would never be written: CDK synthesises no Kubernetes objects.
 * @internal
 */
export function refuseStack(scope: IConstruct, name: string) {
  if (Stage.of(scope)) {
    throw new Error(`server '${name}' is in the tree of the CDK app, which writes no Kubernetes objects: pass a ModelManifests as its scope`);
  }
}
