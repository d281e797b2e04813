import { ControlPlane } from '../cluster/control-plane';
import { Part } from '../part';
import { KARPENTER_CRDS, KSERVE_CRDS, KUBERNETES, OLDER_MINOR } from '../tools/catalogue';

export const STATIC: Part = {
  name: 'static',
  tools: [KUBERNETES, KARPENTER_CRDS, KSERVE_CRDS],
  async run({ folder, processes, checks, say }) {
    for (const emulatedVersion of [undefined, OLDER_MINOR]) {
      const plane = await ControlPlane.start(processes, `${folder}/${emulatedVersion ?? 'current'}`, { emulatedVersion });
      say(await plane.kubectlOk(['version']));
      await checks(KUBERNETES.title, 'boots').check('boots', () => plane.namespaces(['a']));
      await plane.stop();
    }
  },
};
