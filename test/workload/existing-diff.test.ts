import * as fs from 'node:fs';
import { ExistingEnvironment, folderOf } from './existing-fixture';
import { MANIFESTS, readManifest, WORKLOADS } from './existing-workloads';

/** The lines that go. What is empty, or in braces that get a member, is written anew; where lines are many in braces, they become a block. */
const GONE: Record<string, string[]> = {
  // the second container was a copy of the first, which it must not be any more
  'anchors.yaml': ['resources: {limits: {cpu: 1_0}}', '- <<: *server', 'name: metrics', 'env: *env'],
  'deployment.json': ['"image": "json:1"'],
  'helm-output.yaml': ['{}'],
  'istio.yaml': ['annotations: {}'],
  'pod.yaml': ['metadata: {name: shell}', 'spec: {containers: [{name: shell, image: "shell:1", stdin: yes, tty: on}]}'],
  'replica-set.yaml': ['volumeMounts: []', 'volumes: []'],
  'rollout.yaml': ['- {name: server, image: "server:1"}'],
  'tgi.yaml': ['metadata: {labels: {app: tgi}}', 'volumeMounts: [{name: cache, mountPath: /data}]'],
};

/** What a model puts into a workload. */
const COME = new Set([
  'progressDeadlineSeconds', 'metadata', 'annotations', 'cdk-eks-model-artifacts/models', 'cdk-eks-model-artifacts/attached', 'serviceAccountName', 'initContainers', 'name',
  'resources', 'requests', 'ephemeral-storage', 'volumeMounts', 'mountPath', 'subPath', 'readOnly', 'volumes', 'emptyDir', 'sizeLimit', 'projected', 'sources',
  'serviceAccountToken', 'audience', 'expirationSeconds', 'path',
]);

/** Lines that go, with - in front, and that come, with +, in their order; three dots stand for others. */
function diff(before: string[], after: string[]): string[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i][j] = before[i] === after[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const lines: string[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    if (before[i] === after[j]) {
      if (lines.at(-1) !== '...') lines.push('...');
      i++;
      j++;
    } else if (j >= after.length || i < before.length && lengths[i + 1][j] >= lengths[i][j + 1]) {
      lines.push(`-${before[i++]}`);
    } else {
      lines.push(`+${after[j++]}`);
    }
  }
  return lines;
}

/** Leaves out the program, and but for one file all of the init container: they are the same everywhere. */
function abridged(lines: string[], whole: boolean): string[] {
  const out: string[] = [];
  let inside = Infinity;
  for (const line of lines) {
    const indent = line.search(/\S/);
    if (line.trim() === '' ? inside < Infinity : indent > inside) continue;
    inside = /^ *- +\|[-+]?\r?$/.test(line) || !whole && /^ *- +name: download-llama\r?$/.test(line) ? indent : Infinity;
    out.push(line.replace(/"(?:[^"\\]|\\.){5000,}"/, '"(program)"'));
  }
  return out;
}

const files = fs.readdirSync(MANIFESTS).map(name => [name, readManifest(name)]);
const environment = new ExistingEnvironment(folderOf(Object.fromEntries(files)));
const delivered = environment.deliver();
for (const workloads of Object.values(WORKLOADS)) {
  for (const [kind, name, container] of workloads) {
    delivered.attach(environment.existing.workload(kind, name), { identity: environment.identity, containers: [container] });
  }
}
environment.app.synth();
const written = environment.files();

test('there is a workload for each file', () => {
  expect(Object.keys(WORKLOADS)).toEqual(fs.readdirSync(MANIFESTS).sort());
});

test.each(Object.keys(WORKLOADS))('%s: before and after', name => {
  const before = readManifest(name);
  const after = name.endsWith('.json') ? written[name] : written[name].slice(written[name].indexOf('\n') + 1);
  const whole = name === 'vllm.yaml';
  const lines = diff(abridged(before.split('\n'), whole), abridged(after.split('\n'), whole));
  expect(lines.join('\n')).toMatchSnapshot();
  expect(lines.filter(line => line.startsWith('-')).map(line => line.slice(1).trim())).toEqual(GONE[name] ?? []);
  // a file that is all in braces, the one that is shown whole, and what is written anew are for the eye
  if (whole || name.endsWith('.json') || GONE[name]?.some(line => /[{*].*\w/.test(line))) return;
  const come = lines.filter(line => line.startsWith('+')).map(line => line.slice(1).trim().replace(/^- +/, '').split(':')[0]);
  expect(come.filter(key => key !== '' && !COME.has(key))).toEqual([]);
});
