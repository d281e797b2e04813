/** Volumes of profile `restricted`: what is not the node's and not the network's. */
const VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'];
const PROFILES = ['RuntimeDefault', 'Localhost'];

/**
 * What Pod Security `restricted` (https://kubernetes.io/docs/concepts/security/pod-security-standards/) has against a pod on Linux.
 */
export function restrictedViolations(spec: any): string[] {
  const pod = spec.securityContext ?? {};
  const containers: any[] = [...spec.initContainers ?? [], ...spec.containers ?? [], ...spec.ephemeralContainers ?? []];
  const found: string[] = [];
  const check = (bad: unknown, what: string) => { if (bad) found.push(what); };

  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) check(spec[field], field);
  check(pod.sysctls?.length, 'sysctls');
  check(pod.windowsOptions?.hostProcess, 'hostProcess');
  check(pod.runAsNonRoot === false, 'runAsNonRoot of the pod');
  check(pod.runAsUser === 0, 'runAsUser of the pod');
  check(pod.seccompProfile && !PROFILES.includes(pod.seccompProfile.type), 'seccompProfile of the pod');
  check(pod.seLinuxOptions, 'seLinuxOptions of the pod');
  check(pod.appArmorProfile && !PROFILES.includes(pod.appArmorProfile.type), 'appArmorProfile of the pod');
  for (const { name, ...source } of spec.volumes ?? []) {
    check(Object.keys(source).length !== 1 || !VOLUMES.includes(Object.keys(source)[0]), `volume ${name}`);
  }
  for (const container of containers) {
    const own = container.securityContext ?? {};
    const of = (what: string) => `${what} of ${container.name}`;
    check(own.privileged, of('privileged'));
    check(own.allowPrivilegeEscalation !== false, of('allowPrivilegeEscalation'));
    check(!own.capabilities?.drop?.includes('ALL'), of('capabilities not dropped'));
    check(own.capabilities?.add?.some((name: string) => name !== 'NET_BIND_SERVICE'), of('capabilities added'));
    check((own.runAsNonRoot ?? pod.runAsNonRoot) !== true, of('runAsNonRoot'));
    check(own.runAsUser === 0, of('runAsUser'));
    check(!PROFILES.includes((own.seccompProfile ?? pod.seccompProfile)?.type), of('seccompProfile'));
    check(own.seLinuxOptions, of('seLinuxOptions'));
    check(own.appArmorProfile && !PROFILES.includes(own.appArmorProfile.type), of('appArmorProfile'));
    check(own.procMount !== undefined && own.procMount !== 'Default', of('procMount'));
    check(own.windowsOptions?.hostProcess, of('hostProcess'));
    check(container.ports?.some((port: any) => port.hostPort), of('hostPort'));
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
      check(container[probe]?.httpGet?.host ?? container[probe]?.tcpSocket?.host, of(`host in ${probe}`));
    }
  }
  return found;
}
