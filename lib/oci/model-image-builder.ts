import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { Duration, Token } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { ModelImageBase } from './model-image-base';
import { buildProgram, partOfBuild } from './model-image-builder-program';
import { ModelImageArchitecture, ModelImageBuilderProps, OrasDownload } from './model-image-builder-props';
import { grantPush } from './model-image-repository';
import { transferProgram } from '../delivery/program';

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html */
const LOGIN_HOURS = 12;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-codebuild-project.html#cfn-codebuild-project-timeoutinminutes */
const LEAST_MINUTES = 5;

/** The checksum is that of the release, as public repositories pin it too; looked up on 2026-11-22. */
const ORAS = {
  url: 'https://github.com/oras-project/oras/releases/download/v1.2.3/oras_1.2.3_linux_amd64.tar.gz',
  sha256: 'b4efc97a91f471f323f193ea4b4d63d8ff443ca3aab514151a30751330852827',
};

/**
 * Makes images of published models, with no laptop and no privileged container: a CodeBuild project that fetches a version by the program that pods
 * run, verifies every byte against the digest that it is told, and pushes an image whose digest is the same whenever it is built. A build is started
 * by `npx cdk-eks-model-artifacts build-image`, which writes the image's digest into the lock file.
 */
export class ModelImageBuilder extends Construct implements iam.IGrantable {
  /** The project. */
  public readonly project: codebuild.Project;

  /** Name of the project. */
  public readonly projectName: string;

  /** The principal that builds run as. */
  public readonly grantPrincipal: iam.IPrincipal;

  /** @throws where `architectures` or `tenants` is empty, `tagSuffix` is no part of a tag, `timeout` is shorter than CodeBuild takes or longer than a login lasts, or `oras` is not valid */
  constructor(scope: Construct, id: string, props: ModelImageBuilderProps) {
    super(scope, id);
    const { bucket, repository } = props;
    const architectures = [...new Set(props.architectures ?? Object.values(ModelImageArchitecture))].sort();
    if (architectures.length === 0) throw new Error(`architectures of ${this.node.path} is empty: name one, or leave it out for all`);
    const oras = checkOras(props.oras ?? ORAS);
    if (props.oras === undefined && props.buildImage?.type === ARM) {
      throw new Error('buildImage is for Graviton, and oras as it comes by default for x86-64: pass oras for arm64, with its SHA-256; images for both are built on either');
    }
    const base = props.baseImage ?? ModelImageBase.busybox();
    const program = this.program();
    this.project = new codebuild.Project(this, 'Project', {
      description: 'Makes images of published models',
      projectName: props.projectName,
      source: codebuild.Source.s3({ bucket: program.bucket, path: program.s3ObjectKey }),
      environment: {
        buildImage: props.buildImage ?? codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
        computeType: props.computeType ?? codebuild.ComputeType.LARGE,
        privileged: false,
      },
      environmentVariables: variables({
        MODEL_BUCKET: bucket.bucketName,
        MODEL_BUCKET_REGION: bucket.region,
        MODEL_TRANSFER_CREDENTIALS: 'container-role',
        IMAGE_REPOSITORY: repository.repositoryUri,
        IMAGE_PLATFORMS: architectures.join(' '),
        ...base.reference === '' ? {} : { IMAGE_BASE: base.reference },
        ...props.tagSuffix === undefined ? {} : { IMAGE_TAG_SUFFIX: checkSuffix(props.tagSuffix) },
        ORAS_URL: oras.url,
        ORAS_SHA256: oras.sha256,
      }),
      buildSpec: codebuild.BuildSpec.fromObjectToYaml(BUILD_SPEC),
      timeout: checkTimeout(props.timeout ?? Duration.hours(4)),
      grantReportGroupPermissions: false,
      vpc: props.vpc,
      subnetSelection: props.subnetSelection,
      securityGroups: props.securityGroups,
      logging: props.logging,
    });
    this.projectName = this.project.projectName;
    this.grantPrincipal = this.project.grantPrincipal;
    bucket.grants.readTenants(this.project, { tenants: props.tenants ?? [], shared: props.shared ?? props.tenants === undefined });
    grantPush(repository, this.project);
  }

  /**
   * Lets the grantee start builds and follow them. A build may be started with another build specification, so this gives what the project's own role
   * has: reading the models of its tenants, and pushing.
   */
  public grantStart(grantee: iam.IGrantable): iam.Grant {
    return iam.Grant.addToPrincipal({ grantee, actions: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'], resourceArns: [this.project.projectArn] });
  }

  /** The programs of a build, of which one file each is unpacked. */
  private program(): Asset {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-image-builder-'));
    try {
      for (const [name, text] of Object.entries({
        'build-image.sh': buildProgram(),
        'prepare-build.sh': partOfBuild('prepare-build.sh'),
        'transfer.sh': transferProgram('aws'),
      })) fs.writeFileSync(path.join(folder, name), text);
      return new Asset(this, 'Program', { path: folder });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-codebuild-project-environment.html */
const ARM = 'ARM_CONTAINER';

/** https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html */
const BUILD_SPEC = {
  version: '0.2',
  env: { 'exported-variables': ['MODEL_IMAGE'] },
  phases: {
    install: { 'on-failure': 'ABORT', 'commands': ['sh "$CODEBUILD_SRC_DIR/prepare-build.sh" /tmp/oras'] },
    build: {
      'on-failure': 'ABORT',
      'commands': [
        'mkdir -p "$CODEBUILD_SRC_DIR/work/tmp"',
        'ORAS=/tmp/oras/oras MODEL_TRANSFER="$CODEBUILD_SRC_DIR/transfer.sh" IMAGE_WORK="$CODEBUILD_SRC_DIR/work" IMAGE_RESULT=/tmp/model-image TMPDIR="$CODEBUILD_SRC_DIR/work/tmp" sh "$CODEBUILD_SRC_DIR/build-image.sh"',
        'export MODEL_IMAGE="$(cat /tmp/model-image)"',
      ],
    },
  },
};

function variables(values: { [name: string]: string }): { [name: string]: codebuild.BuildEnvironmentVariable } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

function checkSuffix(suffix: string): string {
  if (!Token.isUnresolved(suffix) && !/^[\w.-]{1,32}$/.test(suffix)) {
    throw new Error(`tagSuffix '${suffix}' is not valid: use at most 32 letters, digits, '-', '_' and '.', as it is part of a tag`);
  }
  return suffix;
}

function checkTimeout(timeout: Duration): Duration {
  if (timeout.isUnresolved()) throw new Error('timeout must be known at synth, got an unresolved token: pass Duration.hours(4)');
  const minutes = timeout.toMinutes({ integral: false });
  if (minutes > LOGIN_HOURS * 60) throw new Error(`timeout is ${minutes} minutes, and must be at most ${LOGIN_HOURS} hours: a login to ECR lasts no longer, so later layers would be refused`);
  if (minutes < LEAST_MINUTES || !Number.isInteger(minutes)) throw new Error(`timeout is ${minutes} minutes, and CodeBuild takes whole ones, at least ${LEAST_MINUTES}: pass Duration.hours(4)`);
  return timeout;
}

function checkOras({ url, sha256 = ORAS.sha256 }: OrasDownload): Required<OrasDownload> {
  if (!Token.isUnresolved(url) && !/^https:\/\/[^/\s]+\/\S+$/.test(url)) throw new Error(`url of oras '${url}' is not valid: give an address that begins with https://`);
  if (!Token.isUnresolved(sha256) && !/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`sha256 of oras '${sha256}' is not valid: give 64 lowercase hexadecimal digits`);
  return { url, sha256 };
}
