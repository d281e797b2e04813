import { CONTAINERD, KUBERNETES, RUNC } from '../tools/catalogue';

/** What starts pods, for the table. */
export const PARTS_OF_NODE = `kubelet ${KUBERNETES.version}, containerd ${CONTAINERD.version}, runc ${RUNC.version.split('+')[0]}`;
