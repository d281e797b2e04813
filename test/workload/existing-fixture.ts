import * as fs from 'node:fs';
import * as path from 'node:path';
import { Environment, EnvironmentOptions, messages, temporaryFolder } from './fixture';
import { AttachOptions, DeliveredModel } from '../../lib/delivery';
import { ExistingManifests, ExistingWorkloadOptions } from '../../lib/workload';

/** What a server needs, with a comment that must stay. */
export const VLLM = `# the chat server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: vllm
  namespace: serving # not default
spec:
  replicas: 2
  template:
    metadata:
      labels: { app: vllm }
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          args: ["--model", "/mnt/llama-3-8b/models"]
`;

export const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: vllm,   namespace: serving}
spec:
    ports: [ { port: 80, targetPort: 8000 } ]   # odd spacing
`;

/** Files in a folder of their own; returns its path. */
export function folderOf(files: Record<string, string>): string {
  const folder = path.join(temporaryFolder(), 'k8s');
  fs.mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  return folder;
}

/** A CDK app that has manifests of a user's own beside ours. */
export class ExistingEnvironment extends Environment {
  public readonly existing: ExistingManifests;

  /** @param input one file's text, several files by name, or the path of what is there */
  constructor(input: string | Record<string, string>, options: EnvironmentOptions = {}) {
    super(options);
    const where = typeof input !== 'string' ? folderOf(input) : input.includes('\n') ? path.join(folderOf({ 'vllm.yaml': input }), 'vllm.yaml') : input;
    this.existing = this.manifests.existing(where);
  }

  /** Attaches a model to a workload, by default the Deployment that there is. */
  public attach(options: AttachOptions = {}, models: DeliveredModel[] = [this.deliver()], [kind, name, which]: [string, string, ExistingWorkloadOptions?] = ['Deployment', 'vllm']): this {
    const workload = this.existing.workload(kind, name, which);
    for (const model of models) model.attach(workload, { identity: this.identity, ...options });
    return this;
  }

  /** A file as it is written, without its first line. */
  public written(name = 'vllm.yaml'): string {
    this.app.synth();
    const text = this.files()[name];
    return name.endsWith('.json') ? text : text.slice(text.indexOf('\n') + 1);
  }

  /** Warnings of ours that a synth reports. */
  public warnings(): string[] {
    return messages(this.app.synth({ force: true })).filter(text => text.startsWith('warning'));
  }
}
