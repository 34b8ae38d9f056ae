// Which pin calls must be allowed and which denied: pins inside, outside, on the edge of a grant, held by another app, and none at all.

import { GPIO_PINS } from '../../contracts/core/chip.ts';
import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { ProbeCall, ProbeRequest, ProbeStep, Recipe, Stop, Subject } from './probe-call.ts';

const BEYOND_U8 = 256;
const LAST_U32 = 0xffff_ffff;
/** A number that no session of a probe has reached. */
export const NO_HANDLE = 4711;

type Opener = 'gpio.open-input' | 'gpio.open-output';

function opening(fn: Opener, pin: number): ProbeRequest {
  return fn === 'gpio.open-input' ? { function: fn, pin } : { function: fn, pin, mode: 0, level: 0 };
}

/** Pins that are not granted: one below and one above each granted one, one of a fixed number, the first and the last. */
function ungrantedPins({ gpioPins }: Subject['grants']): readonly number[] {
  const edges = [0, GPIO_PINS - 1, 9, ...gpioPins.flatMap((pin) => [pin - 1, pin + 1])];
  const outside = edges.filter((pin) => pin >= 0 && pin < GPIO_PINS && !gpioPins.includes(pin));
  return [...new Set(outside)].sort((a, b) => a - b);
}

/** Numbers that are no pins of this chip; a number that wraps round in 8 bits must not become one. */
function noPins({ gpioPins: [first = 0] }: Subject['grants']): readonly number[] {
  return [GPIO_PINS, BEYOND_U8 + first, LAST_U32];
}

export function openRecipe(fn: Opener): Recipe {
  return (subject) => {
    const { grants, neighbour } = subject;
    const common = { function: fn, scene: 'alone', sayable: 'guest', before: [] } as const;
    const ungranted = { error: 'access-denied', layer: 'broker', check: `grant:${fn}` } as const satisfies Stop;
    const call = (pin: number): Pick<ProbeCall, 'resource' | 'call'> => ({
      resource: `gpio:${pin}`,
      call: opening(fn, pin),
    });
    const busy = { error: 'busy', layer: 'broker', check: 'owner:gpio' } as const;
    return [
      ...grants.gpioPins.map((pin) => ({ ...common, ...call(pin), granted: true })),
      ...ungrantedPins(grants).map((pin): ProbeCall => {
        const behind = { error: 'access-denied', layer: 'firewall', check: 'firewall:gpio' } as const;
        return { ...common, ...call(pin), granted: false, stop: ungranted, behind };
      }),
      ...noPins(grants).map((pin): ProbeCall => {
        const behind = { error: 'no-device', layer: 'driver', check: 'range:gpio' } as const;
        return { ...common, ...call(pin), granted: false, stop: ungranted, behind };
      }),
      // No two apps are granted one pin: the owners' check is met by an app that opens its pin twice.
      ...grants.gpioPins.slice(0, 1).map((pin): ProbeCall => {
        const before = [{ request: opening('gpio.open-input', pin), as: '$held' }];
        return { ...common, ...call(pin), resource: `gpio:${pin} opened already`, granted: true, before, stop: busy };
      }),
      ...neighbour.heldPins.map((pin): ProbeCall => {
        return {
          ...common,
          ...call(pin),
          resource: `gpio:${pin} of another app`,
          scene: 'neighbour',
          granted: false,
          stop: ungranted,
        };
      }),
    ];
  };
}

const TIMER: ProbeStep = { request: { function: 'timers.create' }, as: '$timer' };

/** A call on a handle: good on the right kind, refused on none, on another kind, on a closed one and on another app's. */
export function onHandle(fn: AppFunction, { right, wrong, request }: OnHandle): Recipe {
  return ({ grants }) => {
    const stop = { error: 'invalid-argument', layer: 'broker', check: `handle:${fn}` } as const satisfies Stop;
    const rightSteps = right(grants.gpioPins);
    const wrongSteps = wrong(grants.gpioPins);
    const base = { function: fn, scene: 'alone', sayable: 'runner', granted: false, before: [], stop } as const;
    const other = [
      { ...base, resource: 'handle 0', call: request(0) },
      { ...base, resource: 'a handle that was never given', call: request(NO_HANDLE) },
      // The neighbour holds its handle 1; numbers are of one session, so here it is none.
      { ...base, scene: 'neighbour' as const, resource: "another app's handle 1", call: request(1) },
    ];
    const kind = wrongSteps.map((step): ProbeCall => {
      return {
        ...base,
        resource: `a handle of ${step.request.function}`,
        before: [step],
        call: request(step.as ?? ''),
      };
    });
    const closed = rightSteps.slice(0, 1).map((step): ProbeCall => {
      const close = { request: { function: 'handle.close', handle: step.as ?? '' } } as const;
      return { ...base, resource: 'a closed handle', before: [step, close], call: request(step.as ?? '') };
    });
    const good = rightSteps.slice(0, 1).map((step): ProbeCall => {
      const resource = `a handle of ${step.request.function}`;
      const sayable = 'guest';
      const { function: name } = base;
      return {
        function: name,
        scene: 'alone',
        sayable,
        granted: true,
        resource,
        before: [step],
        call: request(step.as ?? ''),
      };
    });
    return [...good, ...other, ...kind, ...closed];
  };
}

interface OnHandle {
  /** How a handle of the right kind is got, with these pins. None: this manifest cannot. */
  readonly right: (pins: readonly number[]) => readonly ProbeStep[];
  readonly wrong: (pins: readonly number[]) => readonly ProbeStep[];
  readonly request: (handle: string | number) => ProbeRequest;
}

const opened = (fn: Opener, pins: readonly number[]): readonly ProbeStep[] =>
  pins.slice(0, 1).map((pin) => ({ request: opening(fn, pin), as: '$pin' }));

export const getRecipe: Recipe = onHandle('gpio.get', {
  right: (pins) => opened('gpio.open-input', pins),
  wrong: (pins) => [...opened('gpio.open-output', pins), TIMER],
  request: (handle) => ({ function: 'gpio.get', handle }),
});

export const setRecipe: Recipe = onHandle('gpio.set', {
  right: (pins) => opened('gpio.open-output', pins),
  wrong: (pins) => [...opened('gpio.open-input', pins), TIMER],
  request: (handle) => ({ function: 'gpio.set', handle, level: 1 }),
});

export const timerSetRecipe: Recipe = onHandle('timers.set', {
  right: () => [TIMER],
  wrong: (pins) => opened('gpio.open-input', pins),
  request: (handle) => ({ function: 'timers.set', handle, initialNs: 1n, intervalNs: 0n }),
});

export const takeExpirationsRecipe: Recipe = onHandle('timers.take-expirations', {
  right: () => [TIMER],
  wrong: (pins) => opened('gpio.open-input', pins),
  request: (handle) => ({ function: 'timers.take-expirations', handle }),
});
