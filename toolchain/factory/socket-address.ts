// Finds the sockets of a device that is powered on. Never connects anywhere but to a local socket that the device's folder names.

import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { FactoryError } from './factory-error.ts';

/** One line each: where the socket is really bound, since a folder's own path may be too long for one. */
export const ADDRESS_FILES = { service: 'service.addr', hub: 'hub.addr', world: 'world.addr' } as const;
const MAX_BYTES = 4096;

/** An open connection to the device's service UART, to the hub that shares it, or to the world around its pins. Errors: `device-off`. */
export async function connectCable(folder: string, cable: keyof typeof ADDRESS_FILES): Promise<Socket> {
  const address = await readAddress(join(folder, ADDRESS_FILES[cable]), folder);
  return new Promise((resolve, reject) => {
    const socket = connect({ path: address });
    const fail = (cause: Error): void => reject(off(folder, cause));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

async function readAddress(path: string, folder: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw off(folder, cause);
  }
  const address = bytes.toString('utf8').trim();
  if (bytes.length > MAX_BYTES || address === '' || /[\n\0]/.test(address)) throw off(folder);
  return address;
}

function off(folder: string, cause?: unknown): FactoryError {
  return new FactoryError('device-off', `the device in ${folder} is not powered on`, {
    fault: 'world',
    hint: 'power it on: npx casemate up',
    cause,
  });
}
