import { UNKNOWN } from './fixture';
import {
  ClusterFacts, hasImageVolumes, hasNativeSidecars, kubernetesMinor, mayBe35, mountsImageFolders, mountsImages, versionOf,
} from '../../lib/delivery/cluster-facts';

const versions = (kubernetesVersion?: string, nodeVersion?: string): ClusterFacts => ({ kubernetesVersion, nodeVersion });

test.each([['1.35', 1, 35], ['v1.35.2', 1, 35], ['1.31-eks-abcdef', 1, 31], ['2.2.4', 2, 2], ['containerd://2.2.1', 2, 2], ['0.20', 0, 20]])('%s is a version', (text, major, minor) => {
  expect(versionOf('kubernetesVersion', text)).toEqual({ major, minor });
});

test.each(['', '1', 'latest', '1.x', 'one.two', '1..35'])("'%s' is none", text => {
  const examples = { kubernetesVersion: '1.35', containerdVersion: '2.2', kserveVersion: '0.20' };
  for (const [what, example] of Object.entries(examples)) expect(() => versionOf(what, text)).toThrow(`${what} is '${text}': give major and minor, such as '${example}'`);
});

test('a version that is known only after deploying is refused', () => {
  expect(() => kubernetesMinor({ kubernetesVersion: UNKNOWN })).toThrow('kubernetesVersion must be known at synth, got an unresolved token');
});

test('OCI-10 the older of control plane and nodes counts', () => {
  expect([versions('1.36', '1.34'), versions('1.34', '1.34'), versions('1.36'), versions(undefined, '1.33'), versions()].map(kubernetesMinor)).toEqual([34, 34, 36, 33, undefined]);
  expect(() => kubernetesMinor(versions('1.34', '1.36'))).toThrow("nodeVersion '1.36' is newer than kubernetesVersion '1.34', which no cluster can be: give that of the oldest node");
});

test.each(['kubernetesVersion', 'nodeVersion'])('%s is of Kubernetes 1', what => {
  expect(() => kubernetesMinor({ [what]: '2.2' })).toThrow(`${what} is '2.2', and every Kubernetes so far is 1.something: give its version, such as '1.35'`);
});

test.each(['1.3', '1.5'])('%s is rather a number that lost its zero', version => {
  expect(() => kubernetesMinor({ kubernetesVersion: version })).toThrow(`kubernetesVersion is '${version}', which nobody runs any more: where that was ${version}0, as a number, give it as text, '${version}0'`);
});

test.each(['imagevolume', 'ImageVolume=true', 'SidecarContainer', ''])("feature gate '%s' is refused, and not left out", gate => {
  const message = `feature gate '${gate}' is not known here: name those of SidecarContainers and ImageVolume that are on, without a value`;
  for (const ask of [hasNativeSidecars, hasImageVolumes]) expect(() => ask({ kubernetesVersion: '1.36', featureGates: [gate] })).toThrow(message);
  expect(() => hasImageVolumes({ featureGates: [UNKNOWN] })).toThrow('a feature gate must be known at synth, got an unresolved token');
});

test('native sidecars are there since 1.29, on 1.28 by a gate, and where the version is not known, as EKS supports no older one', () => {
  const gate = { featureGates: ['SidecarContainers'] };
  expect([versions('1.29'), versions(), versions('1.28'), versions('1.30', '1.28')].map(hasNativeSidecars)).toEqual([true, true, false, false]);
  expect([{ kubernetesVersion: '1.28', ...gate }, { kubernetesVersion: '1.27', ...gate }].map(hasNativeSidecars)).toEqual([true, false]);
});

test('OCI-09 image volumes are there since 1.35, on 1.33 and 1.34 by a gate, and not where the version is not known', () => {
  const gate = { featureGates: ['ImageVolume'] };
  expect([versions('1.35'), versions('1.36'), versions('1.34'), versions('1.35', '1.34'), versions()].map(hasImageVolumes)).toEqual([true, true, false, false, false]);
  expect(['1.32', '1.33', '1.34'].map(kubernetesVersion => hasImageVolumes({ kubernetesVersion, ...gate }))).toEqual([false, true, true]);
});

test('OCI-12 a node may have 1.35 where the oldest is not newer, and the control plane not older', () => {
  const may = [versions('1.35'), versions(), versions('1.36'), versions('1.36', '1.34'), versions('1.36', '1.35'), versions(undefined, '1.34'), versions('1.35', '1.34')];
  const not = [versions('1.34'), versions('1.36', '1.36'), versions('1.34', '1.33'), versions(undefined, '1.36')];
  expect([may.map(mayBe35), not.map(mayBe35)]).toEqual([may.map(() => true), not.map(() => false)]);
});

test.each<[string | undefined, boolean | undefined, boolean | undefined]>([
  ['1.7', false, false], ['2.0', false, false], ['2.1.9', true, false], ['2.2', true, true], ['2.10', true, true], ['3.0', true, true], [undefined, undefined, undefined],
])('OCI-08 containerd %s mounts images: %p, and a folder of one alone: %p', (containerdVersion, images, folders) => {
  expect([mountsImages({ containerdVersion }), mountsImageFolders({ containerdVersion })]).toEqual([images, folders]);
});
