import { Lazy, Token } from 'aws-cdk-lib';
import * as fc from 'fast-check';
import { downloadRequests } from '../../lib/delivery/download-requests';
import { quantityBytes } from '../../lib/private/quantity';

const GIB = 2 ** 30;
const NEEDS = { cpu: '1', memory: '256Mi', disk: 0, volumes: 0 };
const UNKNOWN = Token.asString(Lazy.any({ produce: () => '4' }));

test.each<[Record<string, string> | undefined, Record<string, string>]>([
  [undefined, {}],
  [{}, {}],
  [{ cpu: '4', memory: '32Gi' }, { cpu: '1', memory: '256Mi' }],
  [{ cpu: '500m', memory: '128Mi' }, { cpu: '500m', memory: '128Mi' }],
  [{ cpu: '1000m' }, { cpu: '1' }],
  [{ memory: '0.1Gi' }, { memory: '0.1Gi' }],
  [{ 'nvidia.com/gpu': '1' }, {}],
  [{ cpu: UNKNOWN, memory: '1Gi' }, { memory: '256Mi' }],
])('where the application asks for %p, the downloader asks for %p', (asked, expected) => {
  expect(downloadRequests(NEEDS, asked)).toEqual(expected);
});

test('the disk is asked for, but no more than the pod asks for anyway', () => {
  const needs = { ...NEEDS, disk: 20 * GIB };
  expect(downloadRequests(needs)).toEqual({ 'ephemeral-storage': '20480Mi' });
  expect(downloadRequests(needs, { 'ephemeral-storage': '5Gi' })).toEqual({ 'ephemeral-storage': '5Gi' });
  expect(downloadRequests(needs, { 'ephemeral-storage': '30Gi' })).toEqual({ 'ephemeral-storage': '20480Mi' });
});

test('volumes in memory come on top of what the downloader may ask for', () => {
  const needs = { ...NEEDS, volumes: 16 * GIB };
  expect(downloadRequests(needs)).toEqual({ memory: '16384Mi' });
  expect(downloadRequests(needs, { memory: '32Gi' })).toEqual({ memory: `${16384 + 256}Mi` });
  expect(downloadRequests(needs, { memory: '100Mi' })).toEqual({ memory: `${16384 + 100}Mi` });
  expect(downloadRequests({ ...needs, volumes: 1 }, { memory: '100M' })).toEqual({ memory: '96Mi' });
});

const quantity = fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3')).map(([number, suffix]) => `${number}${suffix}`);
const asked = fc.dictionary(fc.constantFrom('cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu'), quantity);
const bytes = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 * GIB }));
const MIB = 2 ** 20;

test('whatever an application asks for, the downloader never makes the pod larger than that and its volumes', () => {
  fc.assert(fc.property(asked, bytes, bytes, (application, disk, volumes) => {
    const requests = downloadRequests({ cpu: '1', memory: '1Gi', disk, volumes }, application);
    const of = (from: Record<string, string>, name: string) => quantityBytes(from[name] ?? '0');
    expect(of(requests, 'cpu')).toBeLessThanOrEqual(of(application, 'cpu'));
    expect(of(requests, 'memory')).toBeLessThan(of(application, 'memory') + volumes + MIB);
    expect(of(requests, 'memory')).toBeGreaterThanOrEqual(volumes);
    if (application['ephemeral-storage'] !== undefined) expect(of(requests, 'ephemeral-storage')).toBeLessThanOrEqual(of(application, 'ephemeral-storage'));
    else expect(of(requests, 'ephemeral-storage')).toBeGreaterThanOrEqual(disk);
    expect(Object.keys(requests).filter(name => !['cpu', 'memory', 'ephemeral-storage'].includes(name))).toEqual([]);
  }), { seed: 20261121, numRuns: 500 });
});
