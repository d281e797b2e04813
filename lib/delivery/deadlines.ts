import { Place, valueAt } from './pod-template-paths';

/** These have ten minutes to progress, `progressDeadlineSeconds`, where it is left out. */
const PROGRESSING = ['Deployment', 'Rollout'];
const PROGRESS_DEADLINE = 600;

/** The largest int32 stands for none: https://github.com/kubernetes/kubernetes/blob/master/pkg/controller/deployment/util/deployment_util.go */
const NO_DEADLINE = 2 ** 31 - 1;

/**
 * An object that has longer to progress. What somebody made shorter than the time that was added before is what it has without models.
 *
 * @param object as it is rendered, with models or before
 * @param seconds that models may take
 * @param earlier seconds that were added before
 * @throws where its own deadline is no whole number
 * @internal
 */
export function withProgressDeadline(object: any, seconds: number, earlier: number): any {
  if (!PROGRESSING.includes(object.kind) || seconds + earlier === 0) return object;
  const present: unknown = object.spec.progressDeadlineSeconds ?? PROGRESS_DEADLINE + earlier;
  if (typeof present !== 'number' || !Number.isSafeInteger(present)) {
    throw new Error(`spec.progressDeadlineSeconds is ${JSON.stringify(present)}, and must be a whole number, known at synth: the time that models may take is added to it`);
  }
  if (present === NO_DEADLINE) return object;
  const own = present > earlier ? present - earlier : present;
  return { ...object, spec: { ...object.spec, progressDeadlineSeconds: Math.min(own + seconds, NO_DEADLINE) } };
}

/**
 * Warns where pods, or a Job that makes them, are ended after a time: that counts from when they start, and a download with it.
 *
 * @param object as it is rendered
 * @param place of the pod template in it
 * @param seconds that models may take
 * @param warn takes what there is to say
 * @internal
 */
export function warnOfActiveDeadline(object: any, place: Place, seconds: number, warn: (id: string, text: string) => void): void {
  const above = place.map((_, index) => place.slice(0, index));
  for (const where of [...above, [...place, 'spec']]) {
    const deadline = valueAt(object, where)?.activeDeadlineSeconds ?? undefined;
    if (deadline === undefined || seconds === 0) continue;
    warn('activeDeadlineCountsDownload', `${[...where, 'activeDeadlineSeconds'].join('.')} is ${deadline}, and the download of the models, which may take ${seconds} seconds, counts as well: make it as much longer`);
  }
}
