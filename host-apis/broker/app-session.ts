// The far side of one app's pipe: frames in, checked calls, frames out. Never trusts a byte of it, never outlives the app.

import type { AppFunction, AppReply, AppRequest } from '../../contracts/wire/app-call.ts';
import { decodeAppRequest, encodeAppReply } from '../../contracts/wire/app-call.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import { FrameStream } from '../../contracts/core/frame-stream.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { AppIdentity, AuditPort, GpioPort, TimePort } from '../ports.ts';
import { AppTimer } from './app-timer.ts';
import type { AppWait } from './app-wait.ts';
import { startWait } from './app-wait.ts';
import type { BrokerErrorCode } from './broker-error.ts';
import { BrokerError } from './broker-error.ts';
import type { CallCount } from './gate.ts';
import { Gate } from './gate.ts';
import type { GrantCheckFor } from './grant-check.ts';
import type { SessionEnd } from './guarded-gpio.ts';
import { GuardedGpio } from './guarded-gpio.ts';
import { HandleTable } from './handle-table.ts';
import type { LogAllowance } from './log-budget.ts';
import { LogBudget } from './log-budget.ts';
import type { PinOwners } from './pin-owners.ts';
import { DONE, refuse, u32, u64, woken } from './replies.ts';

/** What the broker has for all of its sessions. */
export interface SessionServices {
  readonly time: TimePort;
  readonly gpio: GpioPort;
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

export class AppSession {
  readonly #services: SessionServices;
  readonly #peer: SessionPeer;
  readonly #frames = new FrameStream(APP_FRAME_MAX_BYTES - 4);
  readonly #handles: HandleTable;
  readonly #gate: Gate;
  readonly #gpio: GuardedGpio;
  readonly #log: LogBudget;
  #wait: AppWait | undefined;
  /** A call is being answered; the stubs send no second one before its reply. */
  #isBusy = false;
  #answering: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** Asked to end, and not yet told so. */
  #isTerminating = false;

  constructor(services: SessionServices, peer: SessionPeer) {
    const { audit, time, owners } = services;
    this.#services = services;
    this.#peer = peer;
    this.#handles = new HandleTable(services.handlesMax);
    const check = services.grantCheckFor(peer.grants);
    this.#gate = new Gate({ app: peer.app, check, audit, handles: this.#handles });
    const pins = { context: peer.app.context, port: services.gpio, owners };
    this.#gpio = new GuardedGpio({ ...pins, handles: this.#handles, gate: this.#gate });
    this.#log = new LogBudget(time, services.logAllowance, (limit, used, allowed) =>
      audit.limit(peer.app, limit, used, allowed),
    );
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
    this.#isTerminating = true;
    if (this.#wait === undefined) return;
    this.#isTerminating = false;
    this.#wait.wake({ kind: 'terminating' });
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

  #close(end: SessionEnd): Promise<void> {
    this.#gpio.sessionIsOver(end);
    this.#closing ??= this.#giveBack();
    return this.#closing;
  }

  async #giveBack(): Promise<void> {
    this.#log.close();
    this.#frames.reset();
    this.#wait?.wake({ kind: 'terminating' });
    await this.#answering;
    const held = this.#handles.takeAll();
    const pins = held.filter((holding) => holding.kind !== 'timer');
    await Promise.all(pins.map((holding) => this.#gpio.close(holding)));
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
    this.#isBusy = false;
    if (!this.#peer.send(encodeAppReply(reply))) this.#cutOff('reply-not-taken', undefined);
  }

  async #answer(request: AppRequest): Promise<AppReply> {
    switch (request.function) {
      case 'gpio.open-input':
      case 'gpio.open-output':
      case 'gpio.get':
      case 'gpio.set':
        return this.#gpio.call(request);
      case 'handle.close':
        return this.#closeHandle(request.handle);
      case 'poll.wait':
      case 'timers.now':
      case 'timers.create':
      case 'timers.set':
      case 'timers.take-expirations':
      case 'log.write':
        // No capability guards these today; they are asked for all the same, so that the table alone decides.
        return this.#gate.ask(request.function, undefined) ?? this.#answerUnguarded(request);
    }
  }

  async #answerUnguarded(request: UnguardedRequest): Promise<AppReply> {
    const { time, audit } = this.#services;
    switch (request.function) {
      case 'poll.wait':
        return this.#waitFor(request.handles, request.timeoutNs);
      case 'timers.now':
        return u64(time.nowNs());
      case 'timers.create':
        if (!this.#handles.reserve()) return this.#gate.handlesUsedUp();
        return u32(this.#handles.add({ kind: 'timer', timer: new AppTimer() }));
      case 'timers.set': {
        const timer = this.#timer(request.handle);
        timer?.set(time.nowNs(), request.initialNs, request.intervalNs);
        return timer === undefined ? refuse('invalid-argument') : DONE;
      }
      case 'timers.take-expirations': {
        const timer = this.#timer(request.handle);
        return timer === undefined ? refuse('invalid-argument') : u64(timer.takeExpirations(time.nowNs()));
      }
      case 'log.write': {
        const line = this.#log.admit(request.message);
        if (line !== undefined) audit.log(this.#peer.app, line);
        return DONE;
      }
    }
  }

  #waitFor(handles: readonly number[], timeoutNs: bigint | undefined): AppReply | Promise<AppReply> {
    const timers = handles.map((handle) => this.#timer(handle));
    if (!timers.every((timer) => timer !== undefined)) return refuse('invalid-argument');
    if (this.#isTerminating) {
      this.#isTerminating = false;
      return woken({ kind: 'terminating' });
    }
    return new Promise((resolve) => {
      let isOver = false;
      const wait = startWait(this.#services.time, { timers, timeoutNs }, (wake) => {
        isOver = true;
        this.#wait = undefined;
        resolve(woken(wake));
      });
      if (!isOver) this.#wait = wait;
    });
  }

  async #closeHandle(handle: number): Promise<AppReply> {
    this.#gate.ask('handle.close', undefined);
    const holding = this.#handles.take(handle);
    if (holding === undefined) return refuse('invalid-argument');
    if (holding.kind !== 'timer') await this.#gpio.close(holding);
    return DONE;
  }

  #timer(handle: number): AppTimer | undefined {
    return this.#handles.get(handle, 'timer')?.timer;
  }

  #cutOff(code: BrokerErrorCode, cause: unknown): void {
    if (this.#isClosed) return;
    const detail = cause instanceof CodedError ? `${cause.code}: ${cause.message}` : code;
    const reason = cause instanceof BrokerError ? cause : new BrokerError(code, detail, { cause });
    void this.#close('cut-off');
    this.#peer.onCutOff(reason);
  }
}

type UnguardedRequest = Exclude<AppRequest, { readonly function: `gpio.${string}` | 'handle.close' }>;
