// A compartment as the device starts it: the real runner in a real process with nothing allowed, the test in the broker's place.

import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import { BUNDLES, bundle } from '../../toolchain/factory/bundle.ts';
import type { FakeBroker } from './fake-broker.ts';

const runner = await bundle(BUNDLES.compartment);

export interface EndedCompartment {
  readonly exitCode: number | null;
  readonly stderr: string;
}

/** `hangUp`: the broker is gone before it said that the app may start. */
export async function runCompartment(image: Uint8Array, broker: FakeBroker, hangUp = false): Promise<EndedCompartment> {
  const child = spawn(process.execPath, ['--permission', '--input-type=module', '-'], {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    env: {},
    cwd: '/',
  });
  const [stdin, , stderr, imagePipe, requests, replies] = child.stdio as unknown as Duplex[];
  for (const stream of [stdin, imagePipe, replies]) stream?.on('error', () => stream.destroy());
  stdin?.end(runner.code);
  imagePipe?.end(image);
  let said = '';
  stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  requests?.on('data', (chunk: Buffer) => replies?.write(broker.serve(chunk)));
  if (hangUp) replies?.destroy();
  else replies?.write(APP_START_FRAME);
  return new Promise((resolve) => child.once('close', (exitCode) => resolve({ exitCode, stderr: said })));
}
