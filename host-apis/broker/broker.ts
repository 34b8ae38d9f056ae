// The broker: one session per app, one owner per pin, one grant check on every call. Never starts or ends an app itself.

import type {
  AuditPort,
  GpioPort,
  NetworkPort,
  RandomPort,
  StoragePort,
  TimePort,
  TurnPort,
  WallClockPort,
} from '../ports.ts';
import { ALL_AT_ONCE } from './all-at-once.ts';
import type { SessionPeer, SessionServices } from './app-session.ts';
import { AppSession } from './app-session.ts';
import type { GrantCheckFor } from './grant-check.ts';
import { checkGrants } from './grant-check.ts';
import { HANDLES_MAX } from './handle-table.ts';
import type { LogAllowance } from './log-budget.ts';
import { LOG_ALLOWANCE } from './log-budget.ts';
import { NO_NETWORK, NO_RANDOM, NO_STORAGE, NO_WALL_CLOCK } from './no-services.ts';
import { PinOwners } from './pin-owners.ts';

export interface BrokerParts {
  readonly time: TimePort;
  readonly gpio: GpioPort;
  readonly audit: AuditPort;
  /** Without one of these its functions refuse. */
  readonly storage?: StoragePort;
  readonly network?: NetworkPort;
  readonly wallClock?: WallClockPort;
  readonly random?: RandomPort;
  /** In real time every app computes when it can. */
  readonly turns?: TurnPort;
  /** The grant check; every board leaves it as it is (`checkGrants`). */
  readonly grantCheckFor?: GrantCheckFor;
  readonly handlesMax?: number;
  readonly logAllowance?: LogAllowance;
}

/**
 * @example
 *   const broker = new Broker({ time, gpio, audit });
 *   const session = broker.open({ app, grants, send: (frame) => pipe.send(frame), onCutOff: (reason) => end(app, reason) });
 *   pipe.onBytes((bytes) => session.receive(bytes));   // …
 *   await session.ended();                             // when its process is gone
 */
export class Broker {
  readonly #services: SessionServices;

  constructor({
    time,
    gpio,
    audit,
    storage = NO_STORAGE,
    network = NO_NETWORK,
    wallClock = NO_WALL_CLOCK,
    random = NO_RANDOM,
    turns = ALL_AT_ONCE,
    grantCheckFor = checkGrants,
    handlesMax = HANDLES_MAX,
    logAllowance = LOG_ALLOWANCE,
  }: BrokerParts) {
    this.#services = {
      time,
      turns,
      gpio,
      storage,
      network,
      wallClock,
      random,
      audit,
      owners: new PinOwners(),
      grantCheckFor,
      handlesMax,
      logAllowance,
    };
  }

  /** The session of an app that was just started. */
  open(peer: SessionPeer): AppSession {
    return new AppSession(this.#services, peer);
  }
}
