/** A break of one line, and the test file that must notice. */
export interface Mutant {
  /** What the break takes away. */
  readonly what: string;
  /** The file that is broken. */
  readonly file: string;
  /** Text that the file holds once. */
  readonly replace: string;
  /** What takes its place. */
  readonly by: string;
  /** The test file that must turn red. */
  readonly test: string;
  /** A pattern of test names, where the whole file takes long. */
  readonly only?: string;
}

export const MUTANTS: Mutant[] = [
  {
    what: 'reads reach a neighbour whose name begins the same: the slash after a tenant is gone',
    file: 'lib/storage/model-bucket-grants.ts',
    replace: 'resourceArns: prefixes.map(prefix => `${bucketArn}/${prefix}*`)',
    by: 'resourceArns: prefixes.map(prefix => `${bucketArn}/${prefix.slice(0, -1)}*`)',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'readers may write tags',
    file: 'lib/storage/model-bucket-grants.ts',
    replace: 'return this.grant(grantee, [\'s3:GetObject\'], [`models/${tag.policyVariable}/`',
    by: 'return this.grant(grantee, [\'s3:GetObject\', \'s3:PutObjectTagging\'], [`models/${tag.policyVariable}/`',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'permissions of readers are not pinned to the cluster',
    file: 'lib/storage/model-bucket-grants.ts',
    replace: 'StringEquals: { [SessionTag.EKS_CLUSTER_ARN.principalTag]: options.clusterArns }',
    by: 'StringLike: { [SessionTag.KUBERNETES_NAMESPACE.principalTag]: [\'*\'] }',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'the session tag is misspelt',
    file: 'lib/access/session-tag.ts',
    replace: 'KUBERNETES_NAMESPACE = new SessionTag(\'kubernetes-namespace\')',
    by: 'KUBERNETES_NAMESPACE = new SessionTag(\'kubernetes_namespace\')',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'a given prefix is granted to every namespace',
    file: 'lib/access/model-reader-role.ts',
    replace: '...(model.tenant === undefined ? {} : { [SessionTag.KUBERNETES_NAMESPACE.principalTag]: model.tenant }),',
    by: '',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'TLS 1.1 is let in',
    file: 'lib/storage/bucket-policy.ts',
    replace: '\'s3:TlsVersion\': \'1.2\'',
    by: '\'s3:TlsVersion\': \'1.1\'',
    test: 'test/access/policy-matrix.test.ts',
  },
  {
    what: 'models of tenants can be overwritten',
    file: 'lib/storage/bucket-policy.ts',
    replace: '[`${bucketArn}/models/*`]',
    by: '[`${bucketArn}/models/_shared/*`]',
    test: 'test/access/policy-publish.test.ts',
  },
  {
    what: 'parts of multipart uploads are denied',
    file: 'lib/storage/bucket-policy.ts',
    replace: '    Bool: { \'s3:ObjectCreationOperation\': \'true\' },\n',
    by: '',
    test: 'test/access/policy-publish.test.ts',
  },
  {
    what: 'publishers may delete',
    file: 'lib/storage/model-bucket-grants.ts',
    replace: '[\'s3:AbortMultipartUpload\', \'s3:GetObject\',',
    by: '[\'s3:AbortMultipartUpload\', \'s3:DeleteObject\', \'s3:GetObject\',',
    test: 'test/access/policy-publish.test.ts',
  },
  {
    what: 'decryption is not bound to the bucket',
    file: 'lib/storage/model-bucket-grants.ts',
    replace: '          \'kms:EncryptionContext:aws:s3:arn\': bucketArn,\n',
    by: '',
    test: 'test/access/policy-structure.test.ts',
  },
  {
    what: 'the trust of the role is not pinned to the cluster',
    file: 'lib/access/model-reader-role.ts',
    replace: 'conditions: { StringEquals: { [SessionTag.EKS_CLUSTER_ARN.requestTag]: clusterArns } },',
    by: '',
    test: 'test/access/policy-structure.test.ts',
  },
  {
    what: 'the trust allows no session tags',
    file: 'lib/access/model-reader-role.ts',
    replace: '}).withSessionTags(),',
    by: '}),',
    test: 'test/access/model-reader-role.test.ts',
  },
  {
    what: 'the agent is installed unasked',
    file: 'lib/access/model-reader-role.ts',
    replace: 'if (props.installAgent) {',
    by: 'if (props.installAgent ?? true) {',
    test: 'test/access/model-reader-role.test.ts',
  },
  {
    what: 'a model of another tenant is not refused',
    file: 'lib/access/model-reader-role.ts',
    replace: 'if (model.tenant !== undefined && model.tenant !== namespace) {',
    by: 'if (model.tenant !== undefined && !namespace.startsWith(model.tenant)) {',
    test: 'test/access/workload-identity.test.ts',
  },
  {
    what: 'a session policy beside session tags passes',
    file: 'lib/access/pod-identity-association.ts',
    replace: 'if (props.sessionPolicy && sessionTags) {',
    by: 'if (props.sessionPolicy && props.sessionTags) {',
    test: 'test/access/pod-identity-association.test.ts',
  },
  {
    what: 'a second association in another stack passes',
    file: 'lib/access/pod-identity-association.ts',
    replace: 'associationsOf(this.node.root, clusterKey(cluster))',
    by: 'associationsOf(Stack.of(this), clusterKey(cluster))',
    test: 'test/access/pod-identity-association.test.ts',
  },
  {
    what: 'GLACIER passes for readable',
    file: 'lib/storage/lifecycle.ts',
    replace: 'const UNREADABLE_CLASSES = [\'GLACIER\', \'DEEP_ARCHIVE\'];',
    by: 'const UNREADABLE_CLASSES = [\'DEEP_ARCHIVE\'];',
    test: 'test/storage/lifecycle.test.ts',
  },
  {
    what: 'the lifecycle of our bucket is not looked at again',
    file: 'lib/storage/model-bucket.ts',
    replace: '    this.node.addValidation({ validate: () => lifecycleErrors(resource) });\n',
    by: '',
    test: 'test/storage/lifecycle.test.ts',
  },
  {
    what: 'the bucket goes with its stack',
    file: 'lib/storage/model-bucket.ts',
    replace: 'props.removalPolicy ?? RemovalPolicy.RETAIN',
    by: 'props.removalPolicy ?? RemovalPolicy.DESTROY',
    test: 'test/storage/model-bucket.test.ts',
  },
  {
    what: 'a logical id changes',
    file: 'lib/storage/model-bucket.ts',
    replace: 'new s3.CfnBucketPolicy(this, \'Policy\',',
    by: 'new s3.CfnBucketPolicy(this, \'BucketPolicy\',',
    test: 'test/storage/model-bucket.test.ts',
  },
  {
    what: 'the literal name of a bucket of the app is not found',
    file: 'lib/storage/names.ts',
    replace: 'if (!Token.isUnresolved(name)) return name;',
    by: 'return name;',
    test: 'test/storage/existing-bucket.test.ts',
  },
  {
    what: 'a model\'s prefix has no closing slash',
    file: 'lib/model/model-artifact.ts',
    replace: '`models/${this.tenant ?? \'_shared\'}/${this.name}/${this.version}/`',
    by: '`models/${this.tenant ?? \'_shared\'}/${this.name}/${this.version}`',
    test: 'test/model/model-artifact.test.ts',
  },
  {
    what: 'long names are no longer told apart',
    file: 'lib/model/names.ts',
    replace: 'return `${readable}-${sha256(plain).slice(0, 10)}`;',
    by: 'return readable;',
    test: 'test/model/properties.test.ts',
  },
  {
    what: 'a prefix may hold a wildcard or a policy variable',
    file: 'lib/model/names.ts',
    replace: '/^[-\\w.=+@,:/() ]+$/.test(path)',
    by: '/^[-\\w.=+@,:/() ${}*]+$/.test(path)',
    test: 'test/model/properties.test.ts',
  },
  {
    what: 'a manifest is ordered otherwise than by bytes',
    file: 'lib/model/model-manifest.ts',
    replace: 'Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))',
    by: '(a.path < b.path ? -1 : 1)',
    test: 'test/model/model-manifest.test.ts',
  },
  {
    what: 'a manifest may leave the folder',
    file: 'lib/model/model-manifest.ts',
    replace: 'segment === \'\' || segment === \'.\' || segment === \'..\'',
    by: 'segment === \'\'',
    test: 'test/model/properties.test.ts',
  },
  {
    what: 'tokens pass for literals',
    file: 'lib/private/literal.ts',
    replace: 'if (Token.isUnresolved(value)) {',
    by: 'if (value.startsWith(\'${Token[\')) {',
    test: 'test/private/literal.test.ts',
  },
];
