import { awsCli } from './aws-cli';
import { debianTool } from './debian';
import { goFiles, goTool } from './go';
import { pythonTool } from './python';

/** The minor version of Kubernetes that the suite runs. */
export const MINOR = '1.35';
/** The oldest that the same binary serves, with the feature gates of that minor. */
export const OLDER_MINOR = '1.32';

export const KUBERNETES = goTool('kubernetes', {
  of: 'k8s.io/kubernetes',
  binaries: {
    ...Object.fromEntries(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kubelet'].map(name => [name, `k8s.io/kubernetes/cmd/${name}`])),
    etcd: 'go.etcd.io/etcd/server/v3',
  },
  variables: { // without them /version has none, which controllers read
    'k8s.io/component-base/version.gitVersion': 'v$VERSION',
    'k8s.io/component-base/version.gitMajor': MINOR.split('.')[0],
    'k8s.io/component-base/version.gitMinor': MINOR.split('.')[1],
    'k8s.io/component-base/version.gitTreeState': 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': 'v$VERSION',
  },
});

/** CRDs of Karpenter: the copies in AWS' provider have rules for its labels that the core's lack. */
export const KARPENTER_CRDS = goFiles('crds', 'github.com/aws/karpenter-provider-aws', 'karpenter-crds', [
  { of: 'github.com/aws/karpenter-provider-aws', under: 'pkg/apis/crds', only: /^karpenter/ },
]);

export const KSERVE_CRDS = goFiles('crds', 'github.com/kserve/kserve', 'kserve-crds', [
  { of: 'github.com/kserve/kserve', under: 'config/crd/full', only: /^serving/ },
  { of: 'github.com/kserve/kserve', under: 'config/crd/full/clusterstoragecontainer', only: /^serving/ },
]);

/** KServe's own controller and webhook, which make pods of InferenceServices. */
export const KSERVE_MUTATOR = goTool('kserve-mutator', { of: 'github.com/kserve/kserve', binaries: { 'kserve-mutator': '.' } });

/** The configuration that they read, as KServe ships it. */
export const KSERVE_CONFIGURATION = goFiles('kserve-mutator', 'github.com/kserve/kserve', 'kserve-configuration', [
  { of: 'github.com/kserve/kserve', under: 'config/configmap', only: /^inferenceservice/ },
  { of: 'github.com/kserve/kserve', under: 'config/storagecontainers', only: /^default/ },
  { of: 'github.com/kserve/kserve', under: 'config/runtimes', only: /^kserve-sklearnserver/ },
]);

/** The other kinds that manifests of the examples are of. */
export const WORKLOAD_CRDS = [
  goFiles('crds', 'sigs.k8s.io/lws', 'lws-crds', [{ of: 'sigs.k8s.io/lws', under: 'config/crd/bases' }]),
  goFiles('crds', 'sigs.k8s.io/gateway-api', 'gateway-api-crds', [{ of: 'sigs.k8s.io/gateway-api', under: 'config/crd/standard', only: /^gateway.*_(gateways|httproutes)/ }]),
  goFiles('crds', 'github.com/prometheus-operator/prometheus-operator', 'prometheus-operator-crds', [
    { of: 'github.com/prometheus-operator/prometheus-operator', under: 'example/prometheus-operator-crd', only: /_(pod|service)monitors/ },
  ]),
];

/** With image volumes: Debian's own is too old. */
export const CONTAINERD = goTool('containerd', {
  of: 'github.com/containerd/containerd/v2',
  binaries: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map(name => [name, `github.com/containerd/containerd/v2/cmd/${name}`])),
  tags: ['no_btrfs', 'no_devmapper', 'no_zfs'],
});

/** Built with seccomp, which Go's own build is not. */
export const RUNC = debianTool('runc', { runc: '1.1.5+ds1-1+deb12u1' }, 'bookworm');

export const BUSYBOX = debianTool('busybox-static', { 'busybox-static': '1:1.35.0-4+deb12u1+b1' }, 'bookworm');

export const S5CMD = goTool('s5cmd', {
  of: 'github.com/peak/s5cmd/v2',
  binaries: { s5cmd: 'github.com/peak/s5cmd/v2' },
  variables: { 'github.com/peak/s5cmd/v2/version.Version': 'v$VERSION' },
});

/** In the newest stable suite: Debian 12's own is too old for EKS Pod Identity. */
export const AWS_CLI = awsCli('2.23.6-1', 'trixie', 'aws-cli');

/** Pushes images. The version that builds of `ModelImageBuilder` download. */
export const ORAS = goTool('oras', { of: 'oras.land/oras', binaries: { oras: 'oras.land/oras/cmd/oras' } });

/** A registry, and a client that checks images. */
export const CRANE = goTool('crane', { of: 'github.com/google/go-containerregistry', binaries: { crane: 'github.com/google/go-containerregistry/cmd/crane' } });

/** An S3 server that checks signatures and conditional writes. */
export const VERSITYGW = goTool('versitygw', { of: 'github.com/versity/versitygw', binaries: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' } });

/** The webhook that EKS runs: it declares the credentials of EKS Pod Identity in pods whose service account has an association. */
export const POD_IDENTITY_WEBHOOK = goTool('pod-identity-webhook', {
  of: 'github.com/aws/amazon-eks-pod-identity-webhook',
  binaries: { 'pod-identity-webhook': 'github.com/aws/amazon-eks-pod-identity-webhook' },
});

/** Checks templates by the schemas of CloudFormation, which it has in it. */
export const CFN_LINT = pythonTool('cfn-lint', 'cfn-lint');

/** OpenSSF's own tool for signatures of models. */
export const MODEL_SIGNING = pythonTool('model-signing', 'model-signing');

/** A server of the suite's own, which stands for inference servers in pods. */
export const APPLICATION = goTool('application', { binaries: { application: '.' } });

/** Trains a real model, and infers with it. */
export const SCIKIT_LEARN = pythonTool('scikit-learn', 'scikit-learn');
