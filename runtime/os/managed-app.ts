// One installed app through its life: launched, watched, restarted, stopped, given up. Never runs code of it: the monitor does.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { APP_START_FRAME } from '../../contracts/wire/app-call.ts';
import type { CrashRecord } from '../../contracts/wire/crash-record.ts';
import type { AppEnd, AppMemoryStats, AppState, AppStatus } from '../../contracts/wire/device-link.ts';
import { ALL_AT_ONCE } from '../../host-apis/broker/all-at-once.ts';
import type { AppSession } from '../../host-apis/broker/app-session.ts';
import type { Broker } from '../../host-apis/broker/broker.ts';
import type { BrokerError } from '../../host-apis/broker/broker-error.ts';
import type { TimePort, TurnPort } from '../../host-apis/ports.ts';
import type { AppEnded, LaunchedApp, Placement } from '../monitor/abi/records.ts';
import type { SecureCallError } from '../monitor/abi/secure-call.ts';
import { appEndOf, isFailingEnd } from './app-end.ts';
import { crashRecord } from './crash-record.ts';
import type { AppFacts } from './app-facts.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { CompartmentPipe } from './compartment-pipes.ts';
import type { Contexts } from './contexts.ts';
import { toMilliseconds } from './device-time.ts';
import type { FailureReporter } from './failure-reporter.ts';
import { memoryStats } from './memory-stats.ts';
import type { AppNetwork, ListeningPort } from './network/app-network.ts';
import type { RestartTimes } from './restart-policy.ts';
import { RestartPolicy } from './restart-policy.ts';

/** What every app is managed with. */
export interface AppServices {
  readonly broker: Broker;
  readonly time: TimePort;
  /** In real time every app computes when it can. */
  readonly turns?: TurnPort;
  readonly trail: AuditTrail;
  readonly failures: FailureReporter;
  readonly contexts: Contexts;
  /** Whose firewall learns what each app was granted. */
  readonly network: AppNetwork;
  readonly restartTimes: RestartTimes;
  /** From the terminating wake to the end by force, nanoseconds. */
  readonly stopGraceNs: bigint;
  /** Errors: `OsErrorCode`, `SecureCallError`, those of an image's parts. */
  readonly factsOf: (componentId: ComponentId) => Promise<AppFacts>;
}

/** An app in a context. */
interface Run {
  readonly context: number;
  readonly pipe: CompartmentPipe;
  readonly facts: AppFacts;
  readonly session: AppSession;
  readonly startedAtNs: bigint;
  readonly memoryBytes: number;
  readonly placement: Placement;
  cutOff: BrokerError | undefined;
}

/** Of each app: the end of a loop is told by its last turns. */
const CRASHES_KEPT = 4;

/** Refusals of `launch` that pass: another app ends, the host recovers. The others need another image, or a person. */
const PASSING_REFUSALS: readonly SecureCallError[] = [
  'no-free-context',
  'resource-in-use',
  'launch-failed',
  'internal',
];

export class ManagedApp {
  readonly componentId: ComponentId;
  readonly #services: AppServices;
  readonly #turns: TurnPort;
  readonly #policy: RestartPolicy;
  #facts: AppFacts | undefined;
  #state: AppState = 'stopped';
  #run: Run | undefined;
  #restarts = 0;
  #lastEnd: AppEnd | null = null;
  readonly #crashes: CrashRecord[] = [];
  #cancelAlarm = (): void => undefined;
  /** Somebody asked for the app to be gone; no restart after this end. */
  #isStopWanted = false;
  #whenGone: (() => void)[] = [];

  constructor(componentId: ComponentId, services: AppServices) {
    this.componentId = componentId;
    this.#services = services;
    this.#turns = services.turns ?? ALL_AT_ONCE;
    this.#policy = new RestartPolicy(services.restartTimes);
  }

  get state(): AppState {
    return this.#state;
  }

  status(): AppStatus {
    return {
      componentId: this.componentId,
      name: this.#facts?.name ?? '',
      state: this.#state,
      restarts: this.#restarts,
      context: this.#run?.context ?? null,
      placement: this.#run?.placement ?? null,
      memoryLimitBytes: this.#run?.memoryBytes ?? this.#facts?.grants.memoryBytes ?? 0,
      lastEnd: this.#lastEnd,
    };
  }

  async memoryStats(): Promise<AppMemoryStats> {
    const app = { componentId: this.componentId, name: this.#facts?.name ?? '' };
    const run = this.#run;
    if (run === undefined) return memoryStats(app, undefined);
    const process = await this.#services.contexts.usage(run.context);
    return memoryStats(app, { budget: run.session.budget, process });
  }

  /** Its last bad ends, oldest first. */
  get crashes(): readonly CrashRecord[] {
    return this.#crashes;
  }

  /** Starts it afresh, also after it was given up; resolves when it runs or was refused. A running app goes on as it is. */
  async start(): Promise<void> {
    if (this.#state === 'stopping') await this.stop();
    if (this.#state === 'starting' || this.#state === 'running') return;
    this.#cancelAlarm();
    this.#policy.reset();
    this.#restarts = 0;
    await this.#launch();
  }

  /** Resolves when it is gone: by itself within the grace period, otherwise by force. */
  async stop(): Promise<void> {
    switch (this.#state) {
      case 'stopped':
      case 'failed':
        return;
      case 'crashed':
        this.#cancelAlarm();
        this.#state = 'stopped';
        return;
      case 'running':
        this.#askToEnd();
        break;
      case 'starting':
        this.#isStopWanted = true;
        break;
      case 'stopping':
        break;
    }
    await new Promise<void>((resolve) => this.#whenGone.push(resolve));
  }

  async #launch(): Promise<void> {
    const { contexts, factsOf } = this.#services;
    this.#state = 'starting';
    try {
      this.#facts = await factsOf(this.componentId);
      const facts = this.#facts;
      await contexts.launch(this.componentId, {
        launched: (app, pipe) => this.#launched(facts, app, pipe),
        ended: (ended) => this.#ended(ended),
      });
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#refused(error.code as string);
    }
  }

  #launched(facts: AppFacts, { context, memoryBytes, placement }: LaunchedApp, pipe: CompartmentPipe): void {
    const { broker, network, time, trail } = this.#services;
    const { componentId, name } = facts;
    const startedAtNs = time.nowNs();
    const session = broker.open({
      app: { componentId, name, context },
      grants: facts.grants,
      send: (frame) => pipe.send(frame),
      onCutOff: (reason) => this.#cutOff(reason),
    });
    const listening = (port: ListeningPort): void => {
      trail.record({ t: toMilliseconds(time.nowNs()), kind: 'listening', app: name, componentId, ...port });
    };
    network.admit(context, facts.grants, listening, session.budget.buffers);
    const run = { context, pipe, facts, session, startedAtNs, memoryBytes, placement, cutOff: undefined };
    this.#run = run;
    this.#state = 'running';
    trail.record({ t: toMilliseconds(startedAtNs), kind: 'started', app: name, componentId, context });
    // The listener stands before the start frame goes out: the app's first call may follow at once.
    pipe.reset();
    pipe.onBytes((bytes) => session.receive(bytes));
    this.#turns.ready(componentId, () => {
      // Ended before its first turn: somebody else may be at the other end of the pipe.
      if (this.#run === run) pipe.send(APP_START_FRAME);
    });
    if (this.#isStopWanted) this.#askToEnd();
  }

  #askToEnd(): void {
    const { time, stopGraceNs } = this.#services;
    this.#state = 'stopping';
    this.#isStopWanted = true;
    this.#run?.session.terminate();
    this.#cancelAlarm = time.at(time.nowNs() + stopGraceNs, () => this.#endByForce());
  }

  #cutOff(reason: BrokerError): void {
    if (this.#run === undefined) return;
    this.#run.cutOff = reason;
    this.#endByForce();
  }

  #endByForce(): void {
    if (this.#run !== undefined) this.#services.contexts.stop(this.#run.context);
  }

  async #ended(ended: AppEnded): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    const nowNs = this.#services.time.nowNs();
    this.#run = undefined;
    this.#turns.gone(this.componentId);
    this.#cancelAlarm();
    run.pipe.onBytes(undefined);
    run.pipe.reset();
    await run.session.ended();
    this.#services.network.dismiss(run.context);
    const end = appEndOf(ended, run.cutOff);
    this.#tell(run.facts, end, nowNs);
    const crash = this.#remember(run, ended, end, nowNs);
    if (!this.#isStopWanted) this.#services.failures.ended(run.facts, end, crash);
    this.#settle(end, { nowNs, ranNs: nowNs - run.startedAtNs, isFailure: isFailingEnd(end) });
  }

  #remember(run: Run, ended: AppEnded, end: AppEnd, nowNs: bigint): CrashRecord | undefined {
    if (!isFailingEnd(end)) return undefined;
    const { name: app, componentId, imageId } = run.facts;
    const about = { t: toMilliseconds(nowNs), app, componentId, imageId, restarts: this.#restarts };
    const crash = crashRecord({ ...about, end, ended, cutOff: run.cutOff, lastCalls: run.session.lastCalls() });
    this.#crashes.push(crash);
    if (this.#crashes.length > CRASHES_KEPT) this.#crashes.shift();
    return crash;
  }

  #tell({ name: app, componentId }: AppFacts, end: AppEnd, nowNs: bigint): void {
    const t = toMilliseconds(nowNs);
    const { trail } = this.#services;
    if (end.reason === 'trap') trail.record({ t, kind: 'trap', app, componentId, detail: end.detail });
    const refusal = end.reason === 'refused' ? { detail: end.detail } : {};
    trail.record({ t, kind: 'exit', app, componentId, code: end.exitCode, reason: end.reason, ...refusal });
  }

  /** The monitor, or the check of the image, said no before there was a process. */
  #refused(refusal: string): void {
    const nowNs = this.#services.time.nowNs();
    const end: AppEnd = { reason: 'refused', exitCode: null, detail: refusal };
    if (PASSING_REFUSALS.some((code) => code === refusal)) this.#settle(end, { nowNs, ranNs: 0n, isFailure: true });
    else if (this.#isStopWanted) this.#gone(end, 'stopped');
    else this.#giveUp(end, nowNs);
  }

  /** What comes after an end: nothing, a restart after a delay, or giving up. */
  #settle(end: AppEnd, history: Parameters<RestartPolicy['afterEnd']>[0]): void {
    if (this.#isStopWanted) return this.#gone(end, 'stopped');
    const decision = this.#policy.afterEnd(history);
    if (decision.kind === 'give-up') return this.#giveUp(end, history.nowNs);
    this.#gone(end, 'crashed');
    this.#cancelAlarm = this.#services.time.at(history.nowNs + decision.delayNs, () => {
      this.#restarts++;
      void this.#launch();
    });
  }

  #giveUp(end: AppEnd, nowNs: bigint): void {
    const { trail, failures } = this.#services;
    const { componentId } = this;
    const failure = {
      t: toMilliseconds(nowNs),
      app: this.#facts?.name ?? '',
      componentId,
      restarts: this.#restarts,
      lastEnd: end,
    };
    this.#gone(end, 'failed');
    failures.record({ ...failure, imageId: this.#facts?.imageId ?? '' });
    trail.record({ ...failure, kind: 'failure' });
  }

  #gone(end: AppEnd, state: 'stopped' | 'crashed' | 'failed'): void {
    this.#lastEnd = end;
    this.#state = state;
    this.#isStopWanted = false;
    const waiting = this.#whenGone;
    this.#whenGone = [];
    for (const resolve of waiting) resolve();
  }
}
