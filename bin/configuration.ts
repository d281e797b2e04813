import * as fs from 'node:fs';

/** A server of the environment. */
export interface ServerConfiguration {
  readonly name: string;
  readonly namespace: string;
  /** Name of the service account; by default that of the server. */
  readonly serviceAccount?: string;
  readonly image: string;
  readonly engine: 'vllm' | 'tgi' | 'triton';
  readonly gpus?: number;
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly tenant?: string;
    readonly sizeGiB: number;
    readonly digest?: string;
    /** The image that carries the model, `repository@sha256:…`: it is then not downloaded from the bucket. How it is delivered follows from `kubernetes`. */
    readonly image?: string;
  };
}

/** What `environment.json` holds: the whole environment. */
export interface Configuration {
  /** Account to deploy to; by default that of the credentials. */
  readonly account?: string;
  readonly region: string;
  /** Name of the EKS cluster, which exists already. */
  readonly cluster: string;
  /** Name of the bucket that is made for the models. */
  readonly bucket: string;
  /** Whether the bucket exists already, as after this stack was destroyed: it is then used as it is. */
  readonly bucketExists?: boolean;
  /** Tenants that are several namespaces. */
  readonly tenants?: { [name: string]: string[] };
  /** A mirror that every image comes from, such as `registry.example.com/mirror`. */
  readonly imageRegistry?: string;
  /** What is known of the cluster, for models that come in images. */
  readonly kubernetes?: { readonly kubernetesVersion?: string; readonly nodeVersion?: string; readonly containerdVersion?: string };
  /** Directory that the manifests are written to. */
  readonly manifests: string;
  readonly servers: ServerConfiguration[];
}

type Shape = { readonly [key: string]: 'string' | 'number' | 'boolean' | 'object' | 'array' };

const ROOT: Shape = { region: 'string', cluster: 'string', bucket: 'string', manifests: 'string', servers: 'array' };
const SERVER: Shape = { name: 'string', namespace: 'string', image: 'string', engine: 'string', model: 'object' };
const MODEL: Shape = { name: 'string', version: 'string', sizeGiB: 'number' };

const OPTIONAL_ROOT: Shape = { account: 'string', bucketExists: 'boolean', tenants: 'object', imageRegistry: 'string', kubernetes: 'object' };
const OPTIONAL_SERVER: Shape = { serviceAccount: 'string', gpus: 'number' };
const OPTIONAL_MODEL: Shape = { tenant: 'string', digest: 'string', image: 'string' };
const KUBERNETES: Shape = { kubernetesVersion: 'string', nodeVersion: 'string', containerdVersion: 'string' };

/** Reads the configuration; a key that is missing, misspelt or of another type is an error that names it. */
export function readConfiguration(file: string): Configuration {
  let value: unknown;
  try {
    value = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} can't be read: ${error instanceof Error ? error.message : error}`);
  }
  check(file, '', value, ROOT, OPTIONAL_ROOT);
  const configuration = value as Configuration;
  if (configuration.kubernetes !== undefined) check(file, 'kubernetes', configuration.kubernetes, {}, KUBERNETES);
  for (const [tenant, namespaces] of Object.entries(configuration.tenants ?? {})) {
    if (!Array.isArray(namespaces) || namespaces.some(each => typeof each !== 'string')) {
      throw new Error(`${file}: tenants.${tenant} is ${JSON.stringify(namespaces)}, expected an array of namespaces`);
    }
  }
  configuration.servers.forEach((server, index) => {
    check(file, `servers[${index}]`, server, SERVER, OPTIONAL_SERVER);
    check(file, `servers[${index}].model`, server.model, MODEL, OPTIONAL_MODEL);
    if (!['vllm', 'tgi', 'triton'].includes(server.engine)) {
      throw new Error(`${file}: servers[${index}].engine is '${server.engine}', expected vllm, tgi or triton`);
    }
  });
  return configuration;
}

function check(file: string, path: string, value: unknown, required: Shape, optional: Shape) {
  const where = (key: string) => `${file}: ${path === '' ? key : `${path}.${key}`}`;
  if (typeOf(value) !== 'object') throw new Error(`${file}: ${path || 'the file'} is not an object`);
  const object = value as Record<string, unknown>;
  for (const [key, type] of Object.entries({ ...required, ...optional })) {
    if (object[key] === undefined && key in optional) continue;
    if (typeOf(object[key]) !== type) throw new Error(`${where(key)} is ${JSON.stringify(object[key]) ?? 'missing'}, expected ${type === 'array' || type === 'object' ? 'an' : 'a'} ${type}`);
  }
  for (const key of Object.keys(object)) {
    if (!(key in required) && !(key in optional)) throw new Error(`${where(key)} is not a setting: use ${Object.keys({ ...required, ...optional }).join(', ')}`);
  }
}

function typeOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
