// casemate:device/gpio: every call goes to the broker, which alone knows what the app was granted.

import type { HostInterface } from '../../component/host-interface.ts';
import { blockingHostFunction, hostResource, hostType } from '../../component/host-interface.ts';
import { after } from '../../contracts/core/later.ts';
import type { EnumType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { ERROR_CODE, callForNothing, callForNumber, fallible, ok } from './results.ts';

const LEVEL: EnumType = { kind: 'enum', names: ['low', 'high'] };
const OUTPUT_MODE: EnumType = { kind: 'enum', names: ['push-pull', 'open-drain', 'open-source'] };
const { u32 } = PRIMITIVE_TYPES;

export function gpioInterface(broker: BrokerClient): HostInterface {
  const close = (handle: number): void => broker.tell({ function: 'handle.close', handle });
  const input = new ResourceType('gpio input', close);
  const output = new ResourceType('gpio output', close);
  return new Map([
    ['error-code', hostType(ERROR_CODE)],
    ['level', hostType(LEVEL)],
    ['output-mode', hostType(OUTPUT_MODE)],
    ['input', hostResource(input)],
    ['output', hostResource(output)],
    [
      '[method]input.get',
      blockingHostFunction([{ name: 'self', type: { kind: 'borrow', resource: input } }], fallible(LEVEL), (handle) =>
        // The broker says 0 or 1: any other number would be a case that the enum does not have.
        after(callForNumber(broker, { function: 'gpio.get', handle }), (reply) =>
          reply.index === 0 ? ok(reply.value === 0 ? 0 : 1) : reply,
        ),
      ),
    ],
    [
      '[method]output.set',
      blockingHostFunction(
        [
          { name: 'self', type: { kind: 'borrow', resource: output } },
          { name: 'level', type: LEVEL },
        ],
        fallible(),
        (handle, level) => callForNothing(broker, { function: 'gpio.set', handle, level }),
      ),
    ],
    [
      'open-input',
      blockingHostFunction([{ name: 'pin', type: u32 }], fallible({ kind: 'own', resource: input }), (pin) =>
        callForNumber(broker, { function: 'gpio.open-input', pin }),
      ),
    ],
    [
      'open-output',
      blockingHostFunction(
        [
          { name: 'pin', type: u32 },
          { name: 'mode', type: OUTPUT_MODE },
          { name: 'initial', type: LEVEL },
        ],
        fallible({ kind: 'own', resource: output }),
        (pin, mode, level) => callForNumber(broker, { function: 'gpio.open-output', pin, mode, level }),
      ),
    ],
  ]);
}
