// The access point beside the device: opens the connections that its radio asks for, and breaks them when the bench says so.
// Never believes the device anything beyond the frames' rules: one that breaks them loses its link, and nothing else happens.

import type { RadioCommand, WorldEvent } from '../../contracts/wire/world-link.ts';
import type { Alarm, Clock } from '../hil/clock.ts';
import type { AirConditions, CutFault, RadioEnd } from './air.ts';
import { BenchHosts } from './bench-hosts.ts';
import { RadioSession } from './radio-session.ts';
import type { Uplink } from '../hil/uplink.ts';

export interface AccessPointParts {
  readonly uplink: Uplink;
  /** Nanoseconds since power-on. */
  readonly clock: Clock & Alarm;
  /** To every bench. */
  readonly tell: (event: WorldEvent) => void;
}

const NS_PER_MS = 1_000_000n;

/**
 * @example
 *   const accessPoint = new AccessPoint({ uplink, clock, tell });
 *   const session = accessPoint.connected({ send: (bytes) => socket.write(bytes), hangUp: () => socket.destroy() });
 *   session.receive(bytes);
 */
export class AccessPoint {
  readonly #parts: AccessPointParts;
  readonly #sessions = new Set<RadioSession>();
  readonly #hosts = new BenchHosts();
  readonly #air = { isOn: true, delayNs: 0n, cut: undefined as CutFault | undefined };

  constructor(parts: AccessPointParts) {
    this.#parts = parts;
  }

  /** A radio found the access point: one for each boot of the device. */
  connected(device: RadioEnd): RadioSession {
    const { uplink, clock } = this.#parts;
    const onOver = (): void => void this.#sessions.delete(session);
    const session: RadioSession = new RadioSession({ uplink, clock, device, onOver, air: this.#conditions() });
    this.#sessions.add(session);
    return session;
  }

  obey(command: RadioCommand): void {
    switch (command.do) {
      case 'radio':
        this.#air.isOn = command.power === 'on';
        if (!this.#air.isOn) for (const session of this.#sessions) session.dropAll();
        break;
      case 'radio-cut':
        this.#air.cut = command.afterBytes === null ? undefined : { afterBytes: command.afterBytes };
        break;
      case 'radio-delay':
        this.#air.delayNs = BigInt(command.delayMs) * NS_PER_MS;
        break;
      case 'radio-host': {
        const { name, address, port } = command;
        this.#hosts.set(name, address === null ? undefined : { address, port: port ?? undefined });
        break;
      }
    }
    this.#tell();
  }

  #conditions(): AirConditions {
    const air = this.#air;
    const hosts = this.#hosts;
    return {
      route: (host, port) => hosts.resolve(host, port),
      addressOf: (name) => hosts.addressOf(name),
      get isOn() {
        return air.isOn;
      },
      get delayNs() {
        return air.delayNs;
      },
      get cut() {
        return air.cut;
      },
      strike: (fault) => {
        if (air.cut !== fault) return false;
        air.cut = undefined;
        this.#tell();
        return true;
      },
    };
  }

  #tell(): void {
    const { isOn, cut, delayNs } = this.#air;
    this.#parts.tell({
      kind: 'radio',
      t: Number(this.#parts.clock.nowNs() / 1000n) / 1000,
      power: isOn ? 'on' : 'off',
      cutAfterBytes: cut?.afterBytes ?? null,
      delayMs: Number(delayNs / NS_PER_MS),
      hosts: this.#hosts.names,
    });
  }
}
