/** https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-os */
const LABEL = 'kubernetes.io/os';

/**
 * Whether pods of a spec can run on Windows alone: https://kubernetes.io/docs/concepts/windows/user-guide/
 * @internal
 */
export function runsOnWindows(spec: any): boolean {
  if (spec.os?.name === 'windows' || spec.nodeSelector?.[LABEL] === 'windows') return true;
  const contexts = [spec, ...spec.initContainers ?? [], ...spec.containers].map(({ securityContext }) => securityContext);
  if (contexts.some(context => context?.windowsOptions?.hostProcess === true)) return true;
  const terms: any[] = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.length > 0 && terms.every(term => (term.matchExpressions ?? []).some(asksForWindows)); // a node must meet one of the terms
}

function asksForWindows({ key, operator, values }: any): boolean {
  return key === LABEL && operator === 'In' && values?.length > 0 && values.every((value: string) => value === 'windows');
}
