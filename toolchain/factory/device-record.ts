// What the station notes about a device beside its chip: the label on the box. Never anything that the device itself reads.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { parseDeviceId } from '../../contracts/core/ids.ts';
import { FactoryError } from './factory-error.ts';

export interface DeviceRecord {
  readonly deviceId: DeviceId;
  readonly board: string;
  /** ISO 8601; absent on devices that were made from a seed. */
  readonly madeAt?: string;
}

export const DEVICE_RECORD_FILE = 'device.json';
const MAX_BYTES = 4096;
const BOARD = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Bytes of `device.json`. */
export function encodeDeviceRecord(record: DeviceRecord): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`);
}

/** Errors: `device-missing`, `device-record-malformed`. */
export async function readDeviceRecord(folder: string): Promise<DeviceRecord> {
  const path = join(folder, DEVICE_RECORD_FILE);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new FactoryError('device-missing', `there is no device in ${folder}`, {
      fault: 'caller',
      hint: 'manufacture one, or name another',
      cause,
    });
  }
  return decodeDeviceRecord(bytes, path);
}

function decodeDeviceRecord(bytes: Uint8Array, path: string): DeviceRecord {
  const malformed = (cause?: unknown): FactoryError =>
    new FactoryError('device-record-malformed', `${path} is no record of a device`, {
      fault: 'world',
      hint: 'the device itself may be whole: its id is shown by `casemate device show-attached`',
      cause,
    });
  if (bytes.length > MAX_BYTES) throw malformed();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw malformed(cause);
  }
  const { deviceId, board, madeAt } = (value ?? {}) as Partial<Record<keyof DeviceRecord, unknown>>;
  const id = typeof deviceId === 'string' ? parseDeviceId(deviceId) : undefined;
  if (id === undefined || typeof board !== 'string' || !BOARD.test(board)) throw malformed();
  if (madeAt === undefined) return { deviceId: id, board };
  if (typeof madeAt !== 'string' || Number.isNaN(Date.parse(madeAt))) throw malformed();
  return { deviceId: id, board, madeAt };
}
