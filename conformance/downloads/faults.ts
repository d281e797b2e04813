import * as effects from './effects';
import { Effect, Operation, Rule } from './fault-proxy';
import { makeModel, Model, Sizes } from './model';
import { Random } from './random';

/** What a correct downloader that knows its objects makes of a fault: the right bytes, a refusal, or either. */
export type Outcome = 'heals' | 'refuses' | 'either';

/** What happens on the way of one download. */
export interface Injection {
  readonly fault: string;
  /** The fault with its parameters: two injections that say the same are the same. */
  readonly says: string;
  readonly outcome: Outcome;
  /** Of lists alone: who does not list never meets it. */
  readonly listing: boolean;
  readonly rules: readonly Rule[];
  /** Nobody listens at the endpoint. */
  readonly unreachable?: boolean;
  /** The downloader is killed when a rule has acted, and started again without rules. */
  readonly killed?: boolean;
}

/** What a fault is drawn from. */
interface Draw {
  readonly random: Random;
  readonly model: Model;
  readonly object: string;
  /** Where in a body. */
  readonly share: number;
}

/** Rules, and the parameters in words. */
type Made = Partial<Injection> & { readonly rules: readonly Rule[]; readonly with: string };

/** A way in which a download goes wrong. */
export interface Fault {
  readonly name: string;
  readonly outcome: Outcome;
  make(draw: Draw): Made;
}

function fault(name: string, outcome: Outcome, make: Fault['make']): Fault {
  return { name, outcome, make };
}

/** At some place in an object's body, once and for ever. */
function inBody(name: string, effect: (share: number, random: Random) => Effect): Fault[] {
  return [
    fault(`${name}, once`, 'heals', draw => onObject(draw, effect(draw.share, draw.random), 1)),
    fault(`${name}, for ever`, 'refuses', draw => onObject(draw, effect(draw.share, draw.random))),
  ];
}

/** In place of some objects' answers, once and for ever. */
function inPlace(name: string, effect: (draw: Draw) => Effect, forEver: Outcome = 'refuses'): Fault[] {
  return [
    fault(`${name}, once`, 'heals', draw => onSome(draw, effect(draw), 1)),
    fault(`${name}, for ever`, forEver, draw => onSome(draw, effect(draw))),
  ];
}

/** In place of some objects' answers, for ever. */
function always(name: string, effect: Effect): Fault {
  return fault(name, 'refuses', draw => onSome(draw, effect));
}

function onObject({ object, share }: Draw, effect: Effect, times?: number): Made {
  return { rules: [{ objects: [object], effect, times }], with: `${object} at ${share.toFixed(4)}` };
}

function onSome({ object, random, model }: Draw, effect: Effect, times?: number): Made {
  const objects = [...model.objects.keys()].filter(each => each === object || random.below(4) === 0);
  const operations: Operation[] = random.below(2) === 0 ? ['get'] : ['get', 'head'];
  return { rules: [{ objects, operations, effect, times }], with: `${operations.join(' and ')} of ${objects.join(', ')}` };
}

/** What was published before has an object's place, to these operations. */
function olderObject({ model }: Draw, object: string, operations?: readonly Operation[]): Made {
  return { rules: [{ objects: [object], operations, effect: effects.instead(older(model).objects.get(object)!) }], with: object };
}

/** An effect on lists, which who knows the objects does not ask for. */
function onLists(name: string, make: (draw: Draw) => [Effect, string]): Fault {
  return fault(name, 'heals', draw => {
    const [effect, words] = make(draw);
    return { rules: [{ operations: ['list'], effect }], listing: true, with: words };
  });
}

const weightsOf = ({ objects }: Model) => [...objects.keys()].filter(name => name.endsWith('.safetensors'));
const sizesOf = ({ objects }: Model): Sizes => Object.fromEntries([...objects].filter(([name]) => !/^(model\.json|manifest\.sha256)$/.test(name)).map(([name, { length }]) => [name, length]));

/** The same names and sizes with other bytes: what was published before. */
const olderModels = new WeakMap<Model, Model>();
function older(model: Model): Model {
  const made = olderModels.get(model) ?? makeModel('older', sizesOf(model));
  olderModels.set(model, made);
  return made;
}

function another({ model, object, random }: Draw): Buffer {
  return model.objects.get(random.pick([...model.objects.keys()].filter(name => name !== object)))!;
}

const ofWeights = (draw: Draw): Draw => ({ ...draw, object: draw.random.pick(weightsOf(draw.model)) });

const slowDown = effects.refuse(503, 'SlowDown', 'Please reduce your request rate.');
const expired = effects.refuse(400, 'ExpiredToken', 'The provided token has expired.');

/** Below any floor, and no stall. */
function dripping(draw: Draw, times?: number): Made {
  const { object, random } = ofWeights(draw);
  const kilobytes = random.between(40, 120);
  return { rules: [{ objects: [object], effect: effects.drip(kilobytes * 1000), times }], with: `${object} at ${kilobytes} kB/s` };
}

const BEFORE_AN_ANSWER: Fault[] = [
  fault('503 SlowDown, a few times', 'heals', ({ random, model }) => {
    const [after, times] = [random.below(model.objects.size), random.between(1, 3)];
    return { rules: [{ effect: slowDown, after, times }], with: `${times} after ${after} requests` };
  }),
  always('503 SlowDown, for ever', slowDown),
  ...inPlace('500 InternalError', () => effects.refuse(500, 'InternalError', 'We encountered an internal error. Please try again.')),
  always('404 NoSuchKey', effects.refuse(404, 'NoSuchKey', 'The specified key does not exist.')),
  always('403 AccessDenied', effects.refuse(403, 'AccessDenied', 'Access Denied')),
  always('403 InvalidObjectState', effects.refuse(403, 'InvalidObjectState', 'The operation is not valid for the object\'s storage class')),
  always('403 RequestTimeTooSkewed', effects.refuse(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.')),
  always('400 AuthorizationHeaderMalformed', effects.refuse(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed; the region is wrong')),
  always('412 PreconditionFailed', effects.refuse(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')),
  always('416 InvalidRange', effects.refuse(416, 'InvalidRange', 'The requested range is not satisfiable')),
  always('307 to itself', effects.redirectToItself),
  fault('400 ExpiredToken after some objects', 'refuses', ({ random, model }) => {
    const after = random.below(model.objects.size - 1);
    return { rules: [{ effect: expired, after }], with: `after ${after} requests` };
  }),
  ...inPlace('connection reset before an answer', () => effects.reset),
  ...inPlace('no answer', () => effects.silence),
  fault('an answer that is late', 'heals', ({ random }) => {
    const milliseconds = random.between(200, 1000);
    return { rules: [{ effect: effects.late(milliseconds), times: 2 }], with: `${milliseconds} ms` };
  }),
  fault('nobody listens after some objects', 'refuses', ({ random, model }) => {
    const after = random.below(model.objects.size - 1);
    return { rules: [{ effect: effects.vanish, after }], with: `after ${after} requests` };
  }),
  fault('nobody listens', 'refuses', () => ({ rules: [], unreachable: true, with: 'from the start' })),
];

const IN_A_BODY: Fault[] = [
  ...inBody('body cut', share => effects.partial(share, 'end')),
  ...inBody('body reset', share => effects.partial(share, 'reset')),
  ...inBody('body stands still', share => effects.partial(share, 'stay')),
  fault('body drips, once', 'heals', draw => dripping(draw, 1)),
  fault('body drips, for ever', 'refuses', draw => dripping(draw)),
  ...inBody('short Content-Length', share => effects.short(share, 'length')),
  ...inBody('chunks that end early', share => effects.short(share, 'chunks')),
  ...inBody('flipped bit', (share, random) => effects.flip(share, random.below(8), 'kept')),
  ...inBody('flipped bit without checksum headers', (share, random) => effects.flip(share, random.below(8), 'removed')),
  ...inBody('bytes of another place', share => effects.shifted(share)),
  ...inBody('206 of a range that was not asked for', share => effects.otherRange(share)),
  ...inBody('cut gzip', share => effects.cutGzip(share)),
];

const ANOTHER_BODY: Fault[] = [
  ...inPlace('200 with an error as its body', () => effects.errorAsObject('InternalError')),
  ...inPlace('200 with a sign-in page', () => effects.signInPage),
  ...inPlace('200 without a byte', () => effects.instead(Buffer.alloc(0))),
  ...inPlace('200 with another object\'s bytes', draw => effects.instead(another(draw))),
  ...inPlace('a checksum header of other bytes', () => effects.wrongChecksum, 'either'),
  fault('two objects\' bytes swapped', 'refuses', ({ model }) => {
    const [one, two] = weightsOf(model);
    const swap = (name: string, other: string): Rule => ({ objects: [name], operations: ['get', 'head'], effect: effects.instead(model.objects.get(other)!) });
    return { rules: [swap(one, two), swap(two, one)], with: `${one} and ${two}` };
  }),
  fault('an older version\'s object', 'refuses', draw => olderObject(draw, draw.random.pick(Object.keys(sizesOf(draw.model))), ['get', 'head'])),
  fault('an older version\'s manifest', 'refuses', draw => olderObject(draw, 'manifest.sha256', ['get', 'head'])),
  fault('replaced between HEAD and GET', 'refuses', draw => olderObject(draw, draw.random.pick(Object.keys(sizesOf(draw.model))))),
  fault('replaced after its body was cut', 'refuses', draw => {
    const { object, share } = ofWeights(draw);
    const cut: Rule = { objects: [object], effect: effects.partial(share, 'end'), times: 1 };
    return { rules: [cut, ...olderObject(draw, object).rules], with: `${object} at ${share.toFixed(4)}` };
  }),
];

const OF_LISTS: Fault[] = [
  onLists('list refused with 503', () => [slowDown, 'for ever']),
  onLists('list refused with ExpiredToken', () => [expired, 'for ever']),
  onLists('list without an object', ({ object }) => [effects.unlisted(key => key.endsWith(object)), object]),
  onLists('empty list', () => [effects.unlisted(() => true), 'every object']),
];

const OF_THE_MACHINE: Fault[] = [
  fault('SIGKILL in a body', 'heals', draw => ({ ...onObject(draw, effects.partial(draw.share, 'stay')), killed: true })),
];

/** Every fault. */
export const FAULTS: readonly Fault[] = [...BEFORE_AN_ANSWER, ...IN_A_BODY, ...ANOTHER_BODY, ...OF_LISTS, ...OF_THE_MACHINE];

/**
 * So many injections, no two the same, in an order that has every fault once before one comes again: the same ones for the same seed.
 *
 * @throws where the faults have not so many
 */
export function injections(seed: string, count: number, model: Model, faults: readonly Fault[] = FAULTS): Injection[] {
  const made = new Map<string, Injection>();
  for (let round = 0; made.size < count; round++) {
    if (round > 20 * count) throw new Error(`${count} distinct injections can't be had of ${faults.length} faults: ask for fewer`);
    for (const each of faults) {
      if (made.size === count) break;
      const injection = inject(each, model, new Random(`${seed}/${each.name}/${round}`));
      if (!made.has(injection.says)) made.set(injection.says, injection);
    }
  }
  return [...made.values()];
}

function inject({ name, outcome, make }: Fault, model: Model, random: Random): Injection {
  const draw = { random, model, object: random.pick([...model.objects.keys()]), share: random.between(100, 9900) / 10_000 };
  const { with: words, ...made } = make(draw);
  return { fault: name, says: `${name}: ${words}`, outcome, listing: false, ...made };
}
