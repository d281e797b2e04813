import { BatchGetBuildsCommand, Build, CodeBuildClient, StartBuildCommand } from '@aws-sdk/client-codebuild';
import { displayName, ModelId, MODELS, versionPrefix } from '../../lib/model/layout';
import { CommandError } from '../cli/command';
import type { Output } from '../cli/output';

/** What came of a build. */
export interface Followed {
  /** The image that it pushed, by its digest. */
  readonly image: string;
  /** The digest of the model that it was told. */
  readonly builtDigest?: string;
}

/** @returns the id of the build */
export async function startBuild(client: CodeBuildClient, project: string, id: ModelId, digest: string, totalBytes: number): Promise<string> {
  const variables = {
    MODEL_PREFIX: versionPrefix(MODELS, id),
    MODEL_NAME: id.name,
    MODEL_VERSION: id.version,
    MODEL_DIGEST: digest,
    MODEL_BYTES: String(totalBytes),
  };
  try {
    const { build } = await client.send(new StartBuildCommand({
      projectName: project,
      environmentVariablesOverride: Object.entries(variables).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' })),
    }));
    return build!.id!;
  } catch (error) {
    throw refused(`the build of ${displayName(id)} in project ${project}`, error);
  }
}

/**
 * Waits until a build is over.
 *
 * @throws where it did not succeed, or exported no image
 */
export async function followBuild(client: CodeBuildClient, buildId: string, every: number, output: Output): Promise<Followed> {
  for (let phase: string | undefined; ;) {
    const build = await ask(client, buildId);
    if (build.currentPhase !== phase) output.note(`build ${buildId}: ${(phase = build.currentPhase) ?? 'begins'}`);
    if (build.buildStatus === undefined || build.buildStatus === 'IN_PROGRESS') {
      await new Promise(resolve => setTimeout(resolve, every));
      continue;
    }
    const log = build.logs?.deepLink === undefined ? '' : `; its log: ${build.logs.deepLink}`;
    if (build.buildStatus !== 'SUCCEEDED') throw new CommandError(`build ${buildId} ended as ${build.buildStatus}${whyOf(build)}${log}`);
    const image = build.exportedEnvironmentVariables?.find(({ name }) => name === 'MODEL_IMAGE')?.value;
    if (image === undefined || image === '') throw new CommandError(`build ${buildId} succeeded without a MODEL_IMAGE: is ${build.projectName} the project of a ModelImageBuilder?${log}`);
    return { image, builtDigest: build.environment?.environmentVariables?.find(({ name }) => name === 'MODEL_DIGEST')?.value };
  }
}

async function ask(client: CodeBuildClient, buildId: string): Promise<Build> {
  try {
    const { builds = [] } = await client.send(new BatchGetBuildsCommand({ ids: [buildId] }));
    if (builds.length > 0) return builds[0];
  } catch (error) {
    throw refused(`build ${buildId}`, error);
  }
  throw new CommandError(`build ${buildId} is not known in this account and region`);
}

/** What phases say of their failures. */
function whyOf({ phases = [] }: Build): string {
  const messages = phases.flatMap(({ phaseType, phaseStatus, contexts = [] }) => (
    phaseStatus === 'FAILED' || phaseStatus === 'TIMED_OUT' || phaseStatus === 'FAULT' ? [`${phaseType} ${contexts.map(({ message }) => message).filter(Boolean).join('; ')}`.trim()] : []));
  return messages.length === 0 ? '' : `: ${messages.join('; ')}`;
}

/** A refusal in one line; what failed on the way is as it is. */
function refused(what: string, error: unknown): unknown {
  const { name, message, $metadata } = error as { name?: string; message?: string; $metadata?: { httpStatusCode?: number } };
  return $metadata?.httpStatusCode === 400 ? new CommandError(`CodeBuild refused ${what}: ${name}, ${message}`) : error;
}
