// The station's word on which devices it made: a list that grows with each, and the signed file that a service takes. Never a
// device that this station did not make.

import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { parseDeviceId } from '../../contracts/core/ids.ts';
import type { EndorsedDevice } from '../../contracts/wire/endorsement-file.ts';
import {
  encodeEndorsement,
  endorsementSignedBytes,
  withEndorsementSignature,
} from '../../contracts/wire/endorsement-file.ts';
import { FactoryError } from './factory-error.ts';
import type { FactoryKey } from './signing-key.ts';

/** Adds a line `DEVICE-ID BOARD`, once. */
export async function addToList(list: string, deviceId: DeviceId, board: string): Promise<void> {
  const line = `${deviceId} ${board}`;
  const known = existsSync(list) ? await readFile(list, 'utf8') : '';
  if (!known.split('\n').includes(line)) await appendFile(list, `${line}\n`, { mode: 0o600 });
}

/** Every device of the list, signed. Errors: `no-devices-made`, `EndorsementErrorCode`. */
export async function signedEndorsement(list: string, key: FactoryKey): Promise<Uint8Array> {
  const text = existsSync(list) ? await readFile(list, 'utf8') : '';
  const devices = new Map<DeviceId, EndorsedDevice>();
  for (const line of text.split('\n')) {
    const [idText = '', board] = line.split(' ');
    const deviceId = parseDeviceId(idText);
    // Lines without a board are of devices from before there were services: nothing in them could attest.
    if (deviceId !== undefined && board !== undefined) devices.set(deviceId, { deviceId, board });
  }
  if (devices.size === 0) {
    throw new FactoryError('no-devices-made', `${list} names no device`, {
      fault: 'caller',
      hint: 'manufacture one first',
    });
  }
  const body = encodeEndorsement([...devices.values()]);
  return withEndorsementSignature(body, key.keyId, key.sign(endorsementSignedBytes(body)));
}
