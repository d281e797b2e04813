import * as fs from 'node:fs';
import * as path from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { Configuration } from './configuration';

interface SummaryInput {
  readonly configuration: Configuration;
  readonly assembly: CloudAssembly;
  readonly stackName: string;
  readonly images: string[];
}

/** What a synth made, for people: what it is, where it is, what the cluster must be able to pull, and what comes next. */
export function summary({ configuration, assembly, stackName, images }: SummaryInput): string {
  const stack = assembly.getStackByName(stackName);
  const resources = Object.values(stack.template.Resources as Record<string, { Type: string }>).map(resource => resource.Type);
  const manifests = fs.readdirSync(configuration.manifests).filter(name => name.endsWith('.yaml'));
  const here = (file: string) => path.relative(process.cwd(), file);
  const lines = [
    '',
    `Stack ${stackName} for cluster ${configuration.cluster} in ${configuration.region}`,
    `  ${here(stack.templateFullPath)}`,
    ...counted(resources).map(line => `    ${line}`),
    '',
    'Manifests',
    ...manifests.map(name => `  ${path.join(configuration.manifests, name)}`),
    '',
    'Models',
    ...configuration.servers.map(({ name, namespace, model }) => `  ${namespace}/${name} serves ${model.name}@${model.version}, up to ${model.sizeGiB} GiB, ${model.digest ?? 'digest not pinned yet'}`),
    '',
    'Images that the cluster must be able to pull',
    ...images.map(image => `  ${image}`),
    '',
    'Next',
    '  1. npx cdk deploy                    makes the bucket, the role and the associations',
    '  2. publish each model, pin its digest in environment.json, npm start      (README, "Publish a model")',
    `  3. kubectl apply -f ${configuration.manifests}/              or commit the directory for Argo CD or Flux; namespaces exist already`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function counted(types: string[]): string[] {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `${count} ${type}`);
}
