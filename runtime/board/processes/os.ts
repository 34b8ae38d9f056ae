// The OS process: the OS bundle of a device runs this with two channels to the secure world and the pipes of all contexts.
// Never with any right of the host: no file, no process, no environment.
//
// Descriptors: 3 bus, 4 secure calls, for context n from 1 to 7 requests on 3 + 2n and replies on 4 + 2n, 19 radio.
// Exit code: 0 when the secure world is gone, 70 after an error that nobody expected (EX_SOFTWARE of sysexits.h).

import process from 'node:process';
import { CONTEXTS } from '../../../contracts/core/chip.ts';
import { deviceKeys } from '../../adapters/device-keys.ts';
import { nodeCrypto } from '../../adapters/node-crypto.ts';
import { openOsChannel } from '../../adapters/os-channel.ts';
import { HostAlarmClock } from '../../adapters/os-clock.ts';
import { openCompartmentPipe } from '../../adapters/os-compartment-pipe.ts';
import { openOsRadio } from '../../adapters/os-radio.ts';
import { serviceNetwork } from '../../adapters/service-network.ts';
import type { CompartmentPipe } from '../../os/compartment-pipes.ts';
import { startOs } from '../../os/os.ts';

const DESCRIPTOR = { bus: 3, secureCalls: 4, radio: 3 + 2 * CONTEXTS } as const;
const EXIT_SOFTWARE = 70;

function report(error: unknown): void {
  process.stderr.write(`os: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
}

function crash(error: unknown): never {
  report(error);
  process.exit(EXIT_SOFTWARE);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

const secureWorldIsGone = (): never => process.exit(0);
const pipes = new Map<number, CompartmentPipe>();
for (let context = 1; context < CONTEXTS; context++) {
  pipes.set(context, openCompartmentPipe(3 + 2 * context, 4 + 2 * context));
}
const radio = openOsRadio(DESCRIPTOR.radio);
await startOs({
  bus: openOsChannel(DESCRIPTOR.bus, secureWorldIsGone),
  secureCalls: openOsChannel(DESCRIPTOR.secureCalls, secureWorldIsGone),
  pipeOf: (context) => pipes.get(context),
  clock: new HostAlarmClock(),
  soon: (work) => void setImmediate(work),
  sha256: (bytes) => nodeCrypto.sha256(bytes),
  network: serviceNetwork(radio),
  air: radio,
  keys: deviceKeys,
  report,
});
