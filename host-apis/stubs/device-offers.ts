// The whole of casemate:device@0.1.0 as a high-level app may import it: the table that stands for device.wit in code. A test compares the two.

import type { ImageFiles } from '../../contracts/core/image-files.ts';
import type { HostOffers } from '../../component/host-interface.ts';
import { hostType } from '../../component/host-interface.ts';
import { ResourceType } from '../../component/value-types.ts';
import type { BrokerClient } from './broker-pipe.ts';
import { gpioInterface } from './gpio.ts';
import { imageFilesInterface } from './image-files.ts';
import { logInterface } from './log.ts';
import { pollInterface } from './poll.ts';
import { processInterface } from './process.ts';
import { ERROR_CODE } from './results.ts';
import { timersInterface } from './timers.ts';

export interface DeviceSources {
  readonly broker: BrokerClient;
  readonly files: ImageFiles;
  /** `CmdArgs` of the manifest. */
  readonly args: readonly string[];
}

export function deviceOffers({ broker, files, args }: DeviceSources): HostOffers {
  // One resource type for both interfaces: timers uses the pollable of poll.
  const pollable = new ResourceType('pollable');
  return new Map([
    ['casemate:device/errors@0.1.0', new Map([['error-code', hostType(ERROR_CODE)]])],
    ['casemate:device/gpio@0.1.0', gpioInterface(broker)],
    ['casemate:device/poll@0.1.0', pollInterface(broker, pollable)],
    ['casemate:device/timers@0.1.0', timersInterface(broker, pollable)],
    ['casemate:device/log@0.1.0', logInterface(broker)],
    ['casemate:device/image-files@0.1.0', imageFilesInterface(files)],
    ['casemate:device/process@0.1.0', processInterface(args)],
  ]);
}
