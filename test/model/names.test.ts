import { dnsLabel } from '../../lib/model/names';

test('a label that fits is the value itself, any other one is shortened and ends with a hash', () => {
  expect(dnsLabel('model-', 'llama')).toBe('model-llama');
  expect(dnsLabel('', 'a'.repeat(63))).toBe('a'.repeat(63));
  expect(dnsLabel('', 'a'.repeat(64))).toMatch(/^a{52}-[0-9a-f]{10}$/);
  expect(dnsLabel('', 'Llama_3')).toMatch(/^llama-3-[0-9a-f]{10}$/);
  expect(dnsLabel('--', 'a.b')).toMatch(/^a-b-[0-9a-f]{10}$/);
  expect(dnsLabel('', 'a'.repeat(40), 20)).toMatch(/^a{9}-[0-9a-f]{10}$/);
});

test('labels of values that look alike when shortened are different', () => {
  const values = ['Llama', 'llAma', 'll_ama', 'll.ama', 'll-ama.', `${'a'.repeat(63)}b`, `${'a'.repeat(63)}c`];
  expect(new Set(values.map(value => dnsLabel('', value))).size).toBe(values.length);
});
