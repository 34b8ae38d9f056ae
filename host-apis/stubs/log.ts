// casemate:device/log: one message to the broker. Never more of a message than the broker would keep.

import { LOG_LINE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import { blockingHostFunction } from '../../component/host-interface.ts';
import type { Later } from '../../contracts/core/later.ts';
import { after } from '../../contracts/core/later.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { BrokerClient } from './broker-pipe.ts';

export function logInterface(broker: BrokerClient): HostInterface {
  const write = (text: string): Later<void> =>
    // One unit over the bound tells the broker to cut and to mark; the rest of a long text would not fit a frame.
    after(
      broker.call({ function: 'log.write', message: text.slice(0, LOG_LINE_MAX_BYTES + 1) }, 'none'),
      () => undefined,
    );
  const params = [{ name: 'message', type: PRIMITIVE_TYPES.string }] as const;
  return new Map([['write', blockingHostFunction(params, undefined, write)]]);
}
