// An OS's radio and an access point on this host's network, joined in one process. Never a wire between them that loses a byte.

import { duplexPair } from 'node:stream';
import { HostAlarmClock } from '../../runtime/adapters/os-clock.ts';
import { OsRadio } from '../../runtime/adapters/os-radio.ts';
import { hostUplink } from '../../runtime/adapters/host-uplink.ts';
import { AccessPoint } from '../../runtime/world/access-point.ts';

export interface RadioBench {
  readonly radio: OsRadio;
  readonly accessPoint: AccessPoint;
  /** Pulls the wire between them. */
  readonly cut: () => void;
}

export function radioBench(): RadioBench {
  const [deviceEnd, airEnd] = duplexPair();
  const accessPoint = new AccessPoint({ uplink: hostUplink, clock: new HostAlarmClock(), tell: () => undefined });
  const session = accessPoint.connected({
    send: (bytes) => void airEnd.write(bytes),
    hangUp: () => void airEnd.destroy(),
  });
  airEnd.on('data', (chunk: Buffer) => session.receive(new Uint8Array(chunk)));
  airEnd.on('end', () => airEnd.destroy());
  airEnd.on('close', () => session.over());
  return { radio: new OsRadio(deviceEnd), accessPoint, cut: () => void deviceEnd.destroy() };
}
