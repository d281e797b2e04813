import { bind } from './fixture';
import { image, pod, shared } from './oci-fixture';
import { DeliveredModel, ModelcarOptions, ModelDelivery } from '../../lib/delivery';

export const car = (options: Partial<ModelcarOptions> = {}, what = shared, path?: string): DeliveredModel =>
  ModelDelivery.modelcar({ image: image(), ...options }).deliver(what, { path });
export const parts = (options: Partial<ModelcarOptions> = {}, facts = pod()) => bind([car(options)], facts);
export const on = (kubernetesVersion: string, nodeVersion?: string) => ({ facts: { kubernetesVersion, nodeVersion } });

/** All containers that a modelcar brings. */
export const ours = ({ initContainers = [], containers = [] }: any): any[] => [...initContainers, ...containers].filter(({ name }) => /^(prefetch|modelcar|verify)-/.test(name));
export const find = (made: any, verb: string) => ours(made).find(({ name }) => name.startsWith(verb));
