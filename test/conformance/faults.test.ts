import { FAULTS, injections } from '../../conformance/downloads/faults';
import { makeModel } from '../../conformance/downloads/model';

const MODEL = makeModel('any', { 'model-00001.safetensors': 300, 'model-00002.safetensors': 200 });
const say = (seed: string, count: number) => injections(seed, count, MODEL).map(({ says }) => says);

describe('faults of downloads', () => {
  test('a seed gives the same injections again, and another seed others', () => {
    expect(say('one', 200)).toEqual(say('one', 200));
    expect(say('two', 200)).not.toEqual(say('one', 200));
  });

  test('every fault comes once before one comes again', () => {
    expect(new Set(injections('one', FAULTS.length, MODEL).map(({ fault }) => fault)).size).toBe(FAULTS.length);
  });

  test('a thousand of them are distinct', () => {
    expect(new Set(say('one', 1000)).size).toBe(1000);
  });

  test('more than there are is refused', () => {
    expect(() => injections('one', 3, MODEL, FAULTS.filter(({ name }) => name === 'nobody listens'))).toThrow(/3 distinct injections can't be had of 1 faults/);
  });
});
