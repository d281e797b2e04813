import { Duration, Size } from 'aws-cdk-lib';
import { Engine } from './engine';
import { FLOOR_RATE, mebibytes, secondsAtRate } from '../delivery/limits';
import { DeliveredModel } from '../delivery/model-delivery';

/** Kubernetes gives a Deployment ten minutes to progress (`progressDeadlineSeconds`, 600 by default); moving a model comes on top. */
const BASE_WINDOW = Duration.minutes(10);
const PROBE_SECONDS = 10;

/** @internal */
export const SERVER_CONTAINER = 'server';

/** @internal */
export const CONTAINER_SECURITY = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true };

/**
 * What a server's container is made of.
 * @internal
 */
export interface ServerContainerSpec {
  readonly models: DeliveredModel[];
  readonly engine?: Engine;
  readonly image: string;
  readonly command?: string[];
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly port: number;
  readonly requests: Record<string, string>;
  readonly limits: Record<string, string>;
  readonly sharedMemory: Size;
  readonly scratch: Size;
}

/**
 * Room to load the models: read them from the volume at the floor rate, and start.
 * @internal
 */
export function startupWindow(models: DeliveredModel[]): Duration {
  return Duration.seconds(BASE_WINDOW.toSeconds() + models.reduce((sum, { model }) => sum + secondsAtRate(model.size.toBytes(), FLOOR_RATE), 0));
}

/**
 * The container of a server, and the volumes that it needs on a read-only root.
 * @internal
 */
export function serverContainer(spec: ServerContainerSpec): { container: any; volumes: any[] } {
  const { readyPath, livePath = readyPath } = spec.engine?.options ?? {};
  const startupProbes = Math.ceil(startupWindow(spec.models).toSeconds() / PROBE_SECONDS);
  const container = {
    name: SERVER_CONTAINER,
    image: spec.image,
    imagePullPolicy: 'IfNotPresent',
    command: spec.command,
    args: spec.args.length > 0 ? spec.args : undefined,
    env: Object.entries({ ...WRITABLE_HOME, ...OFFLINE, ...spec.env }).map(([name, value]) => ({ name, value })),
    ports: [{ name: 'http', containerPort: spec.port }],
    resources: nonEmpty({ requests: nonEmpty(spec.requests), limits: nonEmpty(spec.limits) }),
    startupProbe: { ...check(readyPath), failureThreshold: startupProbes },
    readinessProbe: check(readyPath),
    // Kubernetes starts it only after the startup probe has passed once.
    livenessProbe: { ...check(livePath), failureThreshold: 6 },
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'scratch', mountPath: '/tmp' },
      { name: 'shm', mountPath: '/dev/shm' },
    ],
  };
  const volumes = [
    { name: 'scratch', emptyDir: { sizeLimit: mebibytes(spec.scratch) } },
    { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: mebibytes(spec.sharedMemory) } },
  ];
  return { container, volumes };
}

/** A model that is there is loaded; a hub that is asked nevertheless is a start that hangs, or other weights. */
const OFFLINE = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' };

/** Engines keep compiled kernels and settings below HOME; a user that the image's passwd does not name needs USER for Python's getpass. */
const WRITABLE_HOME = { HOME: '/tmp', USER: 'model-server', XDG_CACHE_HOME: '/tmp/.cache' };

function check(path: string | undefined): any {
  const action = path === undefined ? { tcpSocket: { port: 'http' } } : { httpGet: { path, port: 'http' } };
  // A saturated engine answers late; with Kubernetes' one second it would be restarted, and load its model again, when it is busiest.
  return { ...action, periodSeconds: PROBE_SECONDS, timeoutSeconds: PROBE_SECONDS };
}

function nonEmpty<T extends object>(value: T): T | undefined {
  return Object.values(value).some(item => item !== undefined) ? value : undefined;
}
