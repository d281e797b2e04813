import * as fs from 'node:fs';
import * as path from 'node:path';

/** Manifests as users have them. */
export const MANIFESTS = path.join(__dirname, 'manifests');

/** What gets the model in each file: kind, name and the container that reads it. */
export const WORKLOADS: Record<string, [kind: string, name: string, container: string][]> = {
  'anchors.yaml': [['Deployment', 'anchors', 'server']],
  'crlf.yaml': [['Deployment', 'crlf', 'server']],
  'cron-job.yaml': [['CronJob', 'nightly', 'score']],
  'deployment.json': [['Deployment', 'json', 'json']],
  'helm-output.yaml': [['Deployment', 'release-llm', 'llm']],
  'istio.yaml': [['Deployment', 'meshed', 'server']],
  'kustomize-output.yaml': [['Deployment', 'kust', 'kust']],
  'leader-worker-set.yaml': [['LeaderWorkerSet', 'lws', 'worker']],
  'list.yaml': [['Deployment', 'llm', 'llm']],
  'nim.yaml': [['Deployment', 'nim', 'nim']],
  'pod.yaml': [['Pod', 'shell', 'shell']],
  'ray-cluster.yaml': [['RayCluster', 'ray', 'ray-worker']],
  'replica-set.yaml': [['ReplicaSet', 'rs', 'server']],
  'rollout.yaml': [['Rollout', 'canary', 'server']],
  'several.yaml': [['Job', 'batch', 'batch']],
  'tei.yaml': [['DaemonSet', 'tei', 'tei']],
  'tgi.yaml': [['StatefulSet', 'tgi', 'tgi']],
  'triton.yaml': [['Deployment', 'triton', 'server']],
  'vllm.yaml': [['Deployment', 'vllm', 'vllm']],
  'wide-lists.yaml': [['Deployment', 'wide', 'server']],
};

/** The text of one: Git keeps line breaks of Windows in no file. */
export function readManifest(name: string): string {
  const text = fs.readFileSync(path.join(MANIFESTS, name), 'utf8');
  return name === 'crlf.yaml' ? text.replaceAll('\n', '\r\n') : text;
}
