import { ManifestFile } from '../../lib/workload/manifest-file';

const DEPLOYMENT = `# the server
apiVersion: apps/v1
kind: Deployment
metadata:
  name: vllm   # keep
  annotations: {} # none yet
spec:
  template:
    spec:
      # the one container
      containers:
      - name: "vllm"
        image: 'vllm/vllm-openai:v0.8'
        args: ["--model", "/m"]
        ports: [{containerPort: 8000}]

      volumes:
---
apiVersion: v1
kind: Service
metadata: {name: vllm}
`;

test('what is put in stands among what was there', () => {
  const file = ManifestFile.parse('vllm.yaml', DEPLOYMENT);
  const [object] = file.objects;
  const value = structuredClone(object.value);
  value.metadata.annotations = { 'a/b': 'yes' };
  value.spec.template.spec.initContainers = [{ name: 'fetch', args: ['a\nb\n'] }];
  value.spec.template.spec.containers[0].args.push('--x');
  value.spec.template.spec.containers[0].volumeMounts = [{ name: 'm', mountPath: '/m' }];
  value.spec.template.spec.volumes = [{ name: 'm', emptyDir: {} }];
  object.replace(value);
  expect(file.text).toBe(DEPLOYMENT
    .replace('  annotations: {} # none yet', '  annotations: # none yet\n    a/b: "yes"')
    .replace('      # the one container', '      initContainers:\n      - name: fetch\n        args:\n        - |\n          a\n          b\n      # the one container')
    .replace('["--model", "/m"]', '["--model", "/m", "--x"]')
    .replace('        ports: [{containerPort: 8000}]', '        ports: [{containerPort: 8000}]\n        volumeMounts:\n        - name: m\n          mountPath: /m')
    .replace('      volumes:', '      volumes:\n      - name: m\n        emptyDir: {}'));
  expect(object.value).toEqual(value);
});

test('an error has file and line', () => {
  expect(() => ManifestFile.parse('vllm.yaml', '# a\n---\nb: 1\nb: 2\n')).toThrow('vllm.yaml:4: key "b" already set in map');
  expect(() => ManifestFile.parse('vllm.yaml', '# a\n---\nb: [1\n')).toThrow(/^vllm.yaml:4: /);
  expect(() => ManifestFile.parse('vllm.yaml', '{{- if .Values.x }}\na: 1\n')).toThrow(/render it first/);
});
