// wasi:cli: arguments and environment out of the manifest, standard streams, and the end of the app. The end is the app's alone.

import type { HostInterface, HostOffers } from '../../../component/host-interface.ts';
import { hostFunction, hostResource } from '../../../component/host-interface.ts';
import type { Case, ValueType } from '../../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../../component/value-types.ts';
import { ExitRequest } from '../process.ts';
import type { InputStream, OutputStream, WasiIo } from './io.ts';
import { ALWAYS_READY, CLOSED } from './io.ts';
import { none } from './options.ts';

const { string, u8 } = PRIMITIVE_TYPES;

/** What a program finds before its arguments; the C SDK gives the same. */
const PROGRAM_NAME = 'app';

export interface CliSources {
  /** `CmdArgs` of the manifest. */
  readonly args: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Nobody types anything to an app of a device. */
const NO_INPUT: InputStream = { read: () => CLOSED, subscribe: () => ALWAYS_READY };

export function cliOffers(io: WasiIo, { args, environment, stdout, stderr }: CliSources): HostOffers {
  const terminalInput = new ResourceType('terminal-input');
  const terminalOutput = new ResourceType('terminal-output');
  return new Map([
    ['wasi:cli/environment@0.2.0', environmentInterface(args, environment)],
    ['wasi:cli/exit@0.2.0', exitInterface()],
    [
      'wasi:cli/stdin@0.2.0',
      new Map([
        ['input-stream', hostResource(io.inputStream)],
        ['get-stdin', hostFunction([], { kind: 'own', resource: io.inputStream }, () => io.inputs.add(NO_INPUT))],
      ]),
    ],
    ['wasi:cli/stdout@0.2.0', outputInterface(io, 'get-stdout', stdout)],
    ['wasi:cli/stderr@0.2.0', outputInterface(io, 'get-stderr', stderr)],
    ['wasi:cli/terminal-input@0.2.0', new Map([['terminal-input', hostResource(terminalInput)]])],
    ['wasi:cli/terminal-output@0.2.0', new Map([['terminal-output', hostResource(terminalOutput)]])],
    ['wasi:cli/terminal-stdin@0.2.0', noTerminal('get-terminal-stdin', terminalInput)],
    ['wasi:cli/terminal-stdout@0.2.0', noTerminal('get-terminal-stdout', terminalOutput)],
    ['wasi:cli/terminal-stderr@0.2.0', noTerminal('get-terminal-stderr', terminalOutput)],
  ]);
}

function environmentInterface(args: readonly string[], environment: CliSources['environment']): HostInterface {
  const pairs: ValueType = { kind: 'list', element: { kind: 'tuple', elements: [string, string] } };
  return new Map([
    ['get-environment', hostFunction([], pairs, () => environment)],
    ['get-arguments', hostFunction([], { kind: 'list', element: string }, () => [PROGRAM_NAME, ...args])],
    // Paths that do not begin with a slash start at the image.
    ['initial-cwd', hostFunction([], { kind: 'option', some: string }, () => ({ index: 1, value: '/' }))],
  ]);
}

function exitInterface(): HostInterface {
  const status = { name: 'status', type: { kind: 'result', ok: undefined, error: undefined } } as const;
  return new Map([
    [
      'exit',
      hostFunction([status], undefined, (result) => {
        throw new ExitRequest((result as Case).index === 0 ? 0 : 1);
      }),
    ],
    [
      'exit-with-code',
      hostFunction([{ name: 'status-code', type: u8 }], undefined, (code) => {
        throw new ExitRequest(code);
      }),
    ],
  ]);
}

function outputInterface(io: WasiIo, name: string, stream: OutputStream): HostInterface {
  return new Map([
    ['output-stream', hostResource(io.outputStream)],
    [name, hostFunction([], { kind: 'own', resource: io.outputStream }, () => io.outputs.add(stream))],
  ]);
}

function noTerminal(name: string, resource: ResourceType): HostInterface {
  return new Map([
    [resource.name, hostResource(resource)],
    [name, hostFunction([], { kind: 'option', some: { kind: 'own', resource } }, none)],
  ]);
}
