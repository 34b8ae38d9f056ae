// The other app on the device: it holds pins and handles of its own, so that the kit can try to get at them.

import { randomUUID } from 'node:crypto';
import { GPIO_PINS } from '../../contracts/core/chip.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { Neighbour, ProbeRequest } from './probe-call.ts';
import { TestkitError } from './testkit-error.ts';

/** It has a pin that the app under test may not have. */
export function neighbourOf({ gpioPins }: Grants): Neighbour {
  const pin = [8, 9, 10].find((each) => !gpioPins.includes(each)) ?? FREE_PINS.find((each) => !gpioPins.includes(each));
  return { componentId: randomUUID() as ComponentId, heldPins: pin === undefined ? [] : [pin] };
}

const FREE_PINS = Array.from({ length: GPIO_PINS }, (_, pin) => pin);

/** What it holds from its start to its end. */
export function holdsOf({ heldPins }: Neighbour): readonly ProbeRequest[] {
  return heldPins.map((pin) => ({ function: 'gpio.open-output', pin, mode: 0, level: 0 }));
}

export function neighbourManifest({ componentId, heldPins }: Neighbour): PackagedManifest {
  const text = JSON.stringify({
    SchemaVersion: 1,
    Name: 'kit neighbour',
    ComponentId: componentId,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: { Gpio: heldPins },
    ApplicationType: 'Default',
  });
  const verdict = checkPackagedManifest(new TextEncoder().encode(text));
  if (!verdict.ok)
    throw new TestkitError('target-unreadable', `the neighbour's manifest: ${verdict.errors[0]?.message}`);
  return verdict.packaged;
}
