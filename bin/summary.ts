import * as fs from 'node:fs';
import * as path from 'node:path';
import { Size } from 'aws-cdk-lib';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { Configuration } from './configuration';
import type { EnvironmentStack } from './environment';
import { AccessRow, ModelServer, NodeRequirements } from '../lib';
import { DELIVERY_ANNOTATION } from '../lib/delivery/auto';

interface SummaryInput {
  readonly configuration: Configuration;
  readonly assembly: CloudAssembly;
  readonly stack: EnvironmentStack;
}

/** What a synth made, for people: what it is, who may do what, what nodes and registries must offer, and what comes next. */
export function summary({ configuration, assembly, stack }: SummaryInput): string {
  const artifact = assembly.getStackByName(stack.stackName);
  const resources = Object.values(artifact.template.Resources as Record<string, { Type: string }>).map(resource => resource.Type);
  const manifests = fs.readdirSync(configuration.manifests).filter(name => name.endsWith('.yaml'));
  const owners = fs.readdirSync(assembly.directory).filter(name => name.endsWith('.owner-policies.json'));
  const here = (file: string) => path.relative(process.cwd(), file);
  const lines = [
    '',
    `Stack ${stack.stackName} for cluster ${configuration.cluster} in ${configuration.region}`,
    `  ${here(artifact.templateFullPath)}`,
    ...counted(resources).map(line => `    ${line}`),
    ...section('For the owners of other resources to add', owners.map(name => here(path.join(assembly.directory, name)))),
    ...section('Manifests', manifests.map(name => path.join(configuration.manifests, name))),
    ...section('Models', configuration.servers.flatMap(({ name, namespace, model }, index) => [
      `${namespace}/${name} serves ${model.name}@${model.version}, up to ${model.sizeGiB} GiB, ${model.digest ?? 'digest not pinned yet'}`,
      ...choices(stack.servers[index]),
    ])),
    ...section(`Access to ${configuration.bucket}, as granted here`, stack.bucket.grants.accessTable().flatMap(accessLines)),
    ...section('What a node must have free for one pod, or the pod stays Pending', [
      ...stack.servers.map((server, index) => `${configuration.servers[index].namespace}/${configuration.servers[index].name}: ${needs(server.requirements)}`),
      'disk: of the root volume, or of instance stores, which Karpenter offers to pods with instanceStorePolicy: RAID0 in the EC2NodeClass',
    ]),
    ...section('Images that the cluster must be able to pull', stack.manifests.images),
    ...section('Next', [
      '1. npx cdk deploy                    makes what the stack has',
      '2. publish each model, pin its digest in environment.json, npm start      (README, "Publish a model")',
      `3. kubectl apply -f ${configuration.manifests}/              or commit the directory for Argo CD or Flux; namespaces exist already`,
    ]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** How models that come in images are delivered, and why so. */
function choices({ deployment }: ModelServer): string[] {
  const annotations: Record<string, string> = deployment.toJson().spec.template.metadata.annotations ?? {};
  return Object.entries(annotations).filter(([key]) => key.startsWith(DELIVERY_ANNOTATION)).map(([, text]) => `  by ${text}`);
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map(line => `  ${line}`)];
}

function counted(types: string[]): string[] {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `${count} ${type}`);
}

function accessLines(row: AccessRow): string[] {
  const rights = [['read', row.readers], ['publish', row.publishers], ['delete', row.deleters]] as const;
  return [row.prefix, ...rights.map(([right, who]) => `  ${right.padEnd(8)} ${who.length > 0 ? who.join('; ') : 'nobody'}`)];
}

function needs({ ephemeralStorage, memory, cpu, extendedResources }: NodeRequirements): string {
  return [
    `${gibibytes(ephemeralStorage)} of disk`,
    ...memory ? [`${gibibytes(memory)} of memory`] : [],
    ...cpu ? [`${cpu} cores`] : [],
    ...Object.entries(extendedResources).map(([name, count]) => `${count} ${name}`),
  ].join(', ');
}

function gibibytes(size: Size): string {
  return `${Math.ceil(size.toBytes() / 2 ** 30 * 10) / 10} GiB`;
}
