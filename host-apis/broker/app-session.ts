// The far side of one app's pipe: frames in, checked calls, frames out. Never trusts a byte of it, never outlives the app.

import type { Later } from '../../contracts/core/later.ts';
import type { AppArea, AppFunction, AppReply, AppRequest } from '../../contracts/wire/app-call.ts';
import { areaOf, decodeAppRequest, encodeAppReply } from '../../contracts/wire/app-call.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type {
  AppIdentity,
  AuditPort,
  GpioPort,
  NetworkPort,
  RandomPort,
  StoragePort,
  TimePort,
  TurnPort,
  WallClockPort,
} from '../ports.ts';
import { AppBudget } from './app-budget.ts';
import type { BrokerErrorCode } from './broker-error.ts';
import { BrokerError } from './broker-error.ts';
import type { LastCall } from './call-log.ts';
import { CallLog } from './call-log.ts';
import type { CallCount } from './gate.ts';
import { Gate } from './gate.ts';
import type { GrantCheckFor } from './grant-check.ts';
import type { GuardedArea, SessionEnd } from './guarded-area.ts';
import { GuardedClock } from './guarded-clock.ts';
import { GuardedGpio } from './guarded-gpio.ts';
import { GuardedHandles } from './guarded-handles.ts';
import { GuardedLog } from './guarded-log.ts';
import { GuardedRandom } from './guarded-random.ts';
import { GuardedStorage } from './guarded-storage.ts';
import { GuardedNames } from './guarded-names.ts';
import { GuardedTcp } from './guarded-tcp.ts';
import { GuardedTimers } from './guarded-timers.ts';
import { GuardedUdp } from './guarded-udp.ts';
import { GuardedUsage } from './guarded-usage.ts';
import { GuardedWait } from './guarded-wait.ts';
import { HandleTable } from './handle-table.ts';
import type { LogAllowance } from './log-budget.ts';
import type { PinOwners } from './pin-owners.ts';
import { ResolvedHosts } from './resolved-hosts.ts';

/** What the broker has for all of its sessions. */
export interface SessionServices {
  readonly time: TimePort;
  readonly turns: TurnPort;
  readonly gpio: GpioPort;
  readonly storage: StoragePort;
  readonly network: NetworkPort;
  readonly wallClock: WallClockPort;
  readonly random: RandomPort;
  readonly audit: AuditPort;
  readonly owners: PinOwners;
  readonly grantCheckFor: GrantCheckFor;
  readonly handlesMax: number;
  readonly logAllowance: LogAllowance;
}

/** One app's end of it. */
export interface SessionPeer {
  readonly app: AppIdentity;
  readonly grants: Grants;
  /** Sends a frame to the app without waiting for it. False: its pipe is full, it does not read. */
  readonly send: (frame: Uint8Array) => boolean;
  /** The session is over because of the peer; whoever runs apps now ends it. Called once at the most. */
  readonly onCutOff: (reason: BrokerError) => void;
}

/** By what stands before the dot of a function's name. */
type Areas = { readonly [Area in AppArea]: GuardedArea<Extract<AppRequest, { function: `${Area}.${string}` }>> };

export class AppSession {
  readonly #peer: SessionPeer;
  readonly #frames = new FrameStream(APP_FRAME_MAX_BYTES - 4);
  readonly #handles: HandleTable;
  readonly #gate: Gate;
  readonly #calls = new CallLog();
  /** What the app uses and may use; told to people, enforced where it is given out. */
  readonly budget: AppBudget;
  readonly #wait: GuardedWait;
  readonly #areas: Areas;
  /** A call is being answered; the stubs send no second one before its reply. */
  #isBusy = false;
  #answering: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(services: SessionServices, peer: SessionPeer) {
    const { audit, time, owners, gpio } = services;
    const { app } = peer;
    this.#peer = peer;
    const { handlesMax, logAllowance } = services;
    this.budget = new AppBudget({ grants: peer.grants, handlesMax, logBytes: logAllowance.bytes });
    this.#handles = new HandleTable(this.budget.handles);
    this.#gate = new Gate({
      app,
      check: services.grantCheckFor(peer.grants),
      audit,
      handles: this.#handles,
      calls: this.#calls,
    });
    const parts = { app, handles: this.#handles, gate: this.#gate, budget: this.budget };
    this.#wait = new GuardedWait(parts, services);
    const network = { network: services.network, resolved: new ResolvedHosts() };
    this.#areas = {
      gpio: new GuardedGpio(parts, { port: gpio, owners }),
      poll: this.#wait,
      timers: new GuardedTimers(parts, time),
      log: new GuardedLog(parts, services),
      handle: new GuardedHandles(parts),
      usage: new GuardedUsage(parts),
      storage: new GuardedStorage(parts, services),
      clock: new GuardedClock(parts, services.wallClock),
      random: new GuardedRandom(parts, services.random),
      tcp: new GuardedTcp(parts, network),
      udp: new GuardedUdp(parts, network),
      names: new GuardedNames(parts, network),
    };
  }

  /** Bytes of the app, as they come. Never throws: a peer that does not speak the protocol is cut off. */
  receive(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      for (const frame of this.#frames.push(chunk)) this.#take(frame);
    } catch (error) {
      this.#cutOff('protocol-error', error);
    }
  }

  /** The device wants the app to end: its wait, or its next one, answers `terminating`, once. */
  terminate(): void {
    this.#wait.terminate();
  }

  /**
   * The app's process is gone: the monitor has let its pins float and taken its firewall rows away. Gives everything back;
   * resolves when nothing is under way in its context any more.
   */
  async ended(): Promise<void> {
    await this.#close('ended');
  }

  /** Calls per function, granted and denied. */
  counts(): ReadonlyMap<AppFunction, CallCount> {
    return this.#gate.counts();
  }

  /** Oldest first. */
  lastCalls(): readonly LastCall[] {
    return this.#calls.list();
  }

  #close(end: SessionEnd): Promise<void> {
    for (const area of Object.values(this.#areas)) area.sessionIsOver?.(end);
    this.#closing ??= this.#giveBack();
    return this.#closing;
  }

  async #giveBack(): Promise<void> {
    this.#frames.reset();
    await this.#answering;
    await Promise.all(this.#handles.takeAll().map(async (holding) => holding.close?.()));
  }

  get #isClosed(): boolean {
    return this.#closing !== undefined;
  }

  #take(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isBusy) throw new BrokerError('protocol-error', 'a second call before the reply to the first');
    this.#isBusy = true;
    this.#answering = this.#answer(decodeAppRequest(frame)).then(
      (reply) => this.#reply(reply),
      (error: unknown) => this.#cutOff('service-fault', error),
    );
  }

  #reply(reply: AppReply): void {
    if (this.#isClosed) return;
    this.#calls.answered(reply);
    this.#isBusy = false;
    if (!this.#peer.send(encodeAppReply(reply))) this.#cutOff('reply-not-taken', undefined);
  }

  async #answer(request: AppRequest): Promise<AppReply> {
    this.#calls.begun(request.function);
    // An area takes the requests that its own name leads to it.
    const area = this.#areas[areaOf(request.function)] as { call(request: AppRequest): Later<AppReply> };
    return area.call(request);
  }

  #cutOff(code: BrokerErrorCode, cause: unknown): void {
    if (this.#isClosed) return;
    const detail = cause instanceof CodedError ? `${cause.code}: ${cause.message}` : code;
    const reason = cause instanceof BrokerError ? cause : new BrokerError(code, detail, { cause });
    void this.#close('cut-off');
    this.#peer.onCutOff(reason);
  }
}
