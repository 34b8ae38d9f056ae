// casemate:device/process: the app's arguments and its end. The end unwinds the guest alone; the process is the runner's to close.

import type { HostInterface } from '../../component/host-interface.ts';
import { hostFunction } from '../../component/host-interface.ts';
import { PRIMITIVE_TYPES } from '../../component/value-types.ts';

/** Thrown through the guest's frames when it asked to end. Not an error, and never a trap. */
export class ExitRequest extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit with ${exitCode}`);
    this.name = 'ExitRequest';
    this.exitCode = exitCode;
  }
}

export function processInterface(args: readonly string[]): HostInterface {
  return new Map([
    ['arguments', hostFunction([], { kind: 'list', element: PRIMITIVE_TYPES.string }, () => args)],
    [
      'exit',
      hostFunction([{ name: 'code', type: PRIMITIVE_TYPES.u8 }], undefined, (code) => {
        throw new ExitRequest(code);
      }),
    ],
  ]);
}
