import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContainerUser } from './pod-user';
import { inlineProgram } from './program';
import { ModelArtifact } from '../model';
import { ModelImage } from '../oci/model-image';

/** Of a look at a manifest and at sizes. */
const LOOKING = { cpu: '100m', memory: '64Mi' };

/**
 * Of a process that sleeps: https://github.com/kserve/kserve/blob/master/config/configmap/inferenceservice.yaml has as much by default.
 * @internal
 */
export const SLEEPING = { cpu: '10m', memory: '16Mi' };

let program: string | undefined;

/**
 * The command that looks whether a folder holds a model.
 * @internal
 */
export function checkCommand(model: ModelArtifact, folder: string): { command: string[]; args: string[]; resources: Record<string, string> } {
  program ??= readFileSync(join(__dirname, 'check-image.sh'), 'utf8');
  const args = ['check-image', model.displayName, folder, model.digest ?? ''].map(inlineProgram);
  return { command: ['/bin/sh', '-c'], args: [inlineProgram(program), ...args], resources: LOOKING };
}

/**
 * A container of a model image.
 * @internal
 */
export interface ModelImageContainer {
  readonly name: string;
  readonly image: ModelImage;
  /** Whether nothing of the pod has looked at the image before. */
  readonly first?: boolean;
  readonly user: ContainerUser;
  /** Whether it has the capabilities of that user, and not none. */
  readonly capable?: boolean;
  readonly command: string[];
  readonly args?: string[];
  readonly resources: Record<string, string>;
  readonly volumeMounts?: any[];
}

/**
 * Requests are limits, so that a pod of the QoS class Guaranteed stays one.
 * @internal
 */
export function modelImageContainer(container: ModelImageContainer): any {
  const { name, image, first = false, user, capable = false, command, args, resources, volumeMounts } = container;
  return {
    name,
    image: image.reference,
    imagePullPolicy: image._pullPolicy(first),
    command,
    ...args ? { args } : {},
    resources: { requests: resources, limits: resources },
    ...volumeMounts ? { volumeMounts } : {},
    securityContext: {
      allowPrivilegeEscalation: false,
      ...capable ? capabilitiesOf(user) : { capabilities: { drop: ['ALL'] } },
      readOnlyRootFilesystem: true,
      runAsNonRoot: user.user !== 0,
      runAsUser: user.user,
      runAsGroup: user.group,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** Where a container says nothing, the runtime gives some to root; other users have none, and Pod Security `restricted` wants that said. */
function capabilitiesOf({ user, capabilities }: ContainerUser): { capabilities?: any } {
  if (capabilities === undefined) return user === 0 ? {} : { capabilities: { drop: ['ALL'] } };
  // With these the API server refuses allowPrivilegeEscalation: false, and reading takes none of them.
  const add = (capabilities.add ?? []).filter((name: string) => !/^(CAP_)?SYS_ADMIN$/.test(name));
  const { add: _, ...others } = capabilities;
  return { capabilities: { ...others, ...add.length > 0 ? { add } : {} } };
}
