import { KubernetesObject } from '../static/manifest';
import { containersOf } from '../static/pods';

/**
 * Throws where the kubelet would start no container, as it must not be root and is: because somebody says so, or because nobody says anything and its image
 * does, as those do that are built here
 * (https://github.com/kubernetes/kubernetes/blob/v1.35.0/pkg/kubelet/kuberuntime/security_context_others.go).
 *
 * @param isOfRoot whether an image is
 */
export function checkUsers(pod: KubernetesObject, isOfRoot: (image: string) => boolean): void {
  const ofPod = pod.spec.securityContext ?? {};
  for (const { name, image, securityContext: own = {} } of containersOf(pod)) {
    const user = own.runAsUser ?? ofPod.runAsUser;
    if ((own.runAsNonRoot ?? ofPod.runAsNonRoot) !== true || (user === undefined ? !isOfRoot(image) : user !== 0)) continue;
    throw new Error(`container '${name}' has runAsNonRoot: true, and ${user === undefined ? `no user, and its image '${image}' is of root` : 'runAsUser: 0'}: it never starts`);
  }
}
