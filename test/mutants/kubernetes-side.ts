import { Mutant } from './mutant';

/** Breaks of manifests. */
export const KUBERNETES_SIDE_MUTANTS: Mutant[] = [
  {
    what: 'manifests are written while a lookup is missing',
    file: 'lib/private/synthesis.ts',
    replace: 'if (!lacksContext(hook)) write',
    by: 'write',
    test: 'test/workload/model-manifests.test.ts',
  },
  {
    what: 'errors of charts are lost',
    file: 'lib/workload/model-manifests.ts',
    replace: '    ...node.node.metadata.filter(entry => entry.type === ArtifactMetadataEntryType.ERROR).map(entry => String(entry.data)),\n',
    by: '',
    test: 'test/workload/model-manifests.test.ts',
  },
  {
    what: 'token objects reach cdk8s',
    file: 'lib/workload/model-manifests.ts',
    replace: 'props.target._takesTokens ? new TokenKeeper() : new TokenRefusal()',
    by: '',
    test: 'test/workload/tokens.test.ts',
  },
  {
    what: 'two sets of manifests share a directory',
    file: 'lib/workload/directory-writer.ts',
    replace: '    claims.set(this.destination, hook.node.path);\n',
    by: '',
    test: 'test/workload/model-manifests.test.ts',
  },
  {
    what: 'warnings of charts are lost',
    file: 'lib/workload/model-manifests.ts',
    replace: '      this.reportWarnings(); // some are found when objects are rendered\n',
    by: '',
    test: 'test/workload/model-manifests.test.ts',
  },
  {
    what: 'files of others are removed',
    file: 'lib/workload/directory-writer.ts',
    replace: 'if (!wanted.has(name) && this.isOurs(name, entries, record)) this',
    by: 'if (!wanted.has(name)) this',
    test: 'test/workload/directory-writer.test.ts',
  },
  {
    what: 'a link is followed',
    file: 'lib/workload/directory-writer.ts',
    replace: 'if (!entries.get(name)?.isFile()) return',
    by: 'if (!entries.get(name)?.isFile() && !entries.get(name)?.isSymbolicLink()) return',
    test: 'test/workload/directory-writer.test.ts',
  },
  {
    what: 'synth is quadratic',
    file: 'lib/workload/rendered-manifests.ts',
    replace: 'objectsOf(node).map(object => object.toJson());',
    by: '((node.node.root as App).charts.flatMap(each => each.toJson()), objectsOf(node).map(object => object.toJson()));',
    test: 'test/workload/rendered-manifests.test.ts',
  },
  {
    what: 'keys are in alphabetical order',
    file: 'lib/yaml/kubernetes-yaml.ts',
    replace: 'rank(a) - rank(b) || (a < b ? -1 : 1)',
    by: '(a < b ? -1 : 1)',
    test: 'test/yaml/kubernetes-yaml.test.ts',
  },
  {
    what: 'tokens in map keys pass',
    file: 'lib/private/tokens.ts',
    replace: '      ...(Token.isUnresolved(key) ? [`${path} has an unresolved token for a key: ${FIX}`] : []),\n',
    by: '',
    test: 'test/workload/tokens.test.ts',
  },
  {
    what: 'warnings in a plain cdk8s app are lost',
    file: 'lib/private/warn.ts',
    replace: 'if (!reportsWarnings(scope.node.root)) {',
    by: 'if (reportsWarnings(scope.node.root)) {',
    test: 'test/workload/model-server-input.test.ts',
  },
  {
    what: 'manifests are written past every check',
    file: 'lib/workload/model-manifests.ts',
    replace: '    throw new Error(\'manifests are written by the synth of the CDK app: call synth() of that app, or run cdk synth\');',
    by: '    return super.synth();',
    test: 'test/workload/model-manifests.test.ts',
  },
];
