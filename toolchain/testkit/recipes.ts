// The kit's table: for every function of the capability table how its calls are derived. A function without a row fails a test by name.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import { getRecipe, openRecipe, setRecipe, takeExpirationsRecipe, timerSetRecipe } from './gpio-recipes.ts';
import { storageRecipe } from './storage-recipes.ts';
import { bindRecipe, connectRecipe, listenRecipe, onNoHandle, resolveRecipe, sendToRecipe } from './network-recipes.ts';
import type { ProbeCall, ProbeRequest, Recipe } from './probe-call.ts';

/** Open handles of one app, as its manual says: the kit does not ask the product for the limit that it checks. */
const HANDLES = 64;

/** A function that every app may call, with arguments that are right. */
function free(call: ProbeRequest, resource: string, sayable: ProbeCall['sayable'] = 'guest'): Recipe {
  return () => [{ function: call.function, resource, granted: true, scene: 'alone', sayable, before: [], call }];
}

const waitOnNothing: Recipe = ({ grants: { gpioPins } }) => {
  const wait = (handles: readonly (string | number)[]): ProbeRequest => {
    return { function: 'poll.wait', handles, timeoutNs: 0n };
  };
  const base = { function: 'poll.wait', scene: 'alone', before: [] } as const;
  const stop = { error: 'invalid-argument', layer: 'broker', check: 'handle:poll.wait' } as const;
  const refused = { ...base, sayable: 'runner', granted: false, stop } as const;
  return [
    { ...base, sayable: 'guest', granted: true, resource: 'nothing', call: wait([]) },
    { ...refused, resource: 'handle 0', call: wait([0]) },
    ...gpioPins.slice(0, 1).map((pin): ProbeCall => {
      const before = [{ request: { function: 'gpio.open-input', pin }, as: '$pin' }] as const;
      return { ...refused, resource: 'a handle of gpio.open-input', before, call: wait(['$pin']) };
    }),
  ];
};

const create: Recipe = (subject) => {
  const call: ProbeRequest = { function: 'timers.create' };
  const stop = { error: 'too-many-handles', layer: 'broker', check: 'limit:handles' } as const;
  return [
    ...free(
      call,
      'a timer',
    )(subject).flatMap((one) => [one, { ...one, resource: `handles 1 to ${HANDLES}`, times: HANDLES }]),
    {
      function: 'timers.create',
      resource: `handle ${HANDLES + 1}`,
      granted: false,
      scene: 'alone',
      sayable: 'guest',
      before: [],
      call,
      times: HANDLES + 1,
      stop,
    },
  ];
};

export const RECIPES: Readonly<Partial<Record<AppFunction, Recipe>>> = {
  'gpio.open-input': openRecipe('gpio.open-input'),
  'gpio.open-output': openRecipe('gpio.open-output'),
  'gpio.get': getRecipe,
  'gpio.set': setRecipe,
  'poll.wait': waitOnNothing,
  'timers.now': free({ function: 'timers.now' }, 'the clock'),
  'timers.create': create,
  'timers.set': timerSetRecipe,
  'timers.take-expirations': takeExpirationsRecipe,
  'log.write': free({ function: 'log.write', message: 'a line of the kit' }, 'the log'),
  'storage.stat': storageRecipe('storage.stat'),
  'storage.list': storageRecipe('storage.list'),
  'storage.create': storageRecipe('storage.create'),
  'storage.read': storageRecipe('storage.read'),
  'storage.write': storageRecipe('storage.write'),
  'storage.resize': storageRecipe('storage.resize'),
  'storage.rename': storageRecipe('storage.rename'),
  'storage.remove': storageRecipe('storage.remove'),
  'storage.sync': storageRecipe('storage.sync'),
  'clock.now': free({ function: 'clock.now' }, 'the wall clock', 'runner'),
  'tcp.connect': connectRecipe,
  'tcp.listen': listenRecipe,
  'tcp.ready': onNoHandle('tcp.ready'),
  'tcp.accept': onNoHandle('tcp.accept'),
  'tcp.room': onNoHandle('tcp.room'),
  'tcp.send': onNoHandle('tcp.send', { bytes: Uint8Array.of(1) }),
  'tcp.receive': onNoHandle('tcp.receive', { maxBytes: 1 }),
  'tcp.shutdown': onNoHandle('tcp.shutdown', { direction: 'send' }),
  'tcp.watch': onNoHandle('tcp.watch', { direction: 'send' }),
  'udp.bind': bindRecipe,
  'udp.ready': onNoHandle('udp.ready'),
  'udp.send': sendToRecipe,
  'udp.receive': onNoHandle('udp.receive'),
  'udp.watch': onNoHandle('udp.watch', { direction: 'receive' }),
  'names.resolve': resolveRecipe,
  'names.addresses': onNoHandle('names.addresses'),
  'random.bytes': free({ function: 'random.bytes', count: 16 }, '16 random bytes', 'runner'),
};
