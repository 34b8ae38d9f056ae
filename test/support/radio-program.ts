// The radio probe as the one module that a process gets on its standard input. Never a file that it could load more from.

import { bundle } from '../../toolchain/factory/bundle.ts';

let made: Promise<Uint8Array> | undefined;

export function radioProgram(): Promise<Uint8Array> {
  made ??= bundle({ entry: 'test/support/radio-probe.ts', form: 'process' }).then(({ code }) => code);
  return made;
}
