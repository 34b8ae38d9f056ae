// casemate:device/log: one message to the broker. Never more of a message than the broker would keep.

import { LOG_LINE_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { HostInterface } from '../../component/host-interface.ts';
import { hostFunction } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';
import type { BrokerPipe } from './broker-pipe.ts';

export function logInterface(pipe: BrokerPipe): HostInterface {
  const write = (text: string): void => {
    // One unit over the bound tells the broker to cut and to mark; the rest of a long text would not fit a frame.
    pipe.call({ function: 'log.write', message: text.slice(0, LOG_LINE_MAX_BYTES + 1) }, 'none');
  };
  return new Map([['write', hostFunction([{ name: 'message', type: PRIMITIVE_TYPES.string }], undefined, write)]]);
}
