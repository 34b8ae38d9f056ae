// A broker between a test that plays the app and ports that only note what they are asked. Never a chip, never a process.

import { FrameStream } from '../../contracts/core/frame-stream.ts';
import { APP_FRAME_MAX_BYTES } from '../../contracts/core/limits.ts';
import type { AppReply, AppRequest, AppResult } from '../../contracts/wire/app-call.ts';
import { decodeAppReply, encodeAppRequest } from '../../contracts/wire/app-call.ts';
import type { AppSession } from '../../host-apis/broker/app-session.ts';
import type { BrokerParts } from '../../host-apis/broker/broker.ts';
import { Broker } from '../../host-apis/broker/broker.ts';
import type { BrokerError } from '../../host-apis/broker/broker-error.ts';
import type { AppIdentity, AuditPort, Denial, GpioPort, PortResult } from '../../host-apis/ports.ts';
import { NotedNetwork } from './noted-network.ts';
import { VirtualTime, settled } from './virtual-time.ts';
import { grantsOf } from '../../contracts/core/grants.ts';

/** What the audit port was told. */
export class AuditNotes implements AuditPort {
  readonly logs: string[] = [];
  readonly denials: (Denial & { readonly app: string })[] = [];
  readonly limits: { readonly limit: string; readonly used: number; readonly allowed: number }[] = [];

  log(_app: AppIdentity, message: string): void {
    this.logs.push(message);
  }
  denied({ name }: AppIdentity, denial: Denial): void {
    this.denials.push({ app: name, ...denial });
  }
  limit(_app: AppIdentity, limit: string, used: number, allowed: number): void {
    this.limits.push({ limit, used, allowed });
  }
}

const DONE: PortResult<void> = { ok: true, value: undefined };

/** Pins that note every access; `answer` stands in for all of them while it is set, `hold` keeps the answers back. */
export class NotedPins implements GpioPort {
  readonly accesses: string[] = [];
  answer: Extract<PortResult<never>, { ok: false }> | undefined;
  level: 0 | 1 = 1;
  hold: Promise<void> | undefined;

  openInput(context: number, pin: number): Promise<PortResult<void>> {
    return this.#note(`open-input ${context}:${pin}`, DONE);
  }
  openOutput(context: number, pin: number, mode: string, level: 0 | 1): Promise<PortResult<void>> {
    return this.#note(`open-output ${context}:${pin} ${mode} ${level}`, DONE);
  }
  read(context: number, pin: number): Promise<PortResult<0 | 1>> {
    return this.#note(`read ${context}:${pin}`, { ok: true, value: this.level });
  }
  write(context: number, pin: number, level: 0 | 1): Promise<PortResult<void>> {
    return this.#note(`write ${context}:${pin} ${level}`, DONE);
  }
  async close(context: number, pin: number): Promise<void> {
    this.accesses.push(`close ${context}:${pin}`);
  }

  async #note<Value>(access: string, result: PortResult<Value>): Promise<PortResult<Value>> {
    await this.hold;
    if (this.answer !== undefined) return this.answer;
    this.accesses.push(access);
    return result;
  }
}

const RESULT_OF: Readonly<Record<AppRequest['function'], AppResult['kind']>> = {
  'gpio.open-input': 'u32',
  'gpio.open-output': 'u32',
  'gpio.get': 'u32',
  'gpio.set': 'none',
  'poll.wait': 'wake',
  'timers.now': 'u64',
  'timers.create': 'u32',
  'timers.set': 'none',
  'timers.take-expirations': 'u64',
  'log.write': 'none',
  'handle.close': 'none',
  'tcp.connect': 'u32',
  'tcp.listen': 'u32',
  'tcp.ready': 'none',
  'tcp.accept': 'bytes',
  'tcp.room': 'u32',
  'tcp.send': 'u32',
  'tcp.receive': 'bytes',
  'tcp.shutdown': 'none',
  'tcp.watch': 'u32',
  'udp.bind': 'u32',
  'udp.ready': 'none',
  'udp.send': 'none',
  'udp.receive': 'bytes',
  'udp.watch': 'u32',
  'names.resolve': 'u32',
  'names.addresses': 'bytes',
  'usage.tell': 'none',
  'storage.stat': 'bytes',
  'storage.list': 'bytes',
  'storage.create': 'none',
  'storage.read': 'bytes',
  'storage.write': 'none',
  'storage.resize': 'none',
  'storage.rename': 'none',
  'storage.remove': 'none',
  'storage.sync': 'none',
  'clock.now': 'u64',
  'random.bytes': 'bytes',
};

export interface AppEndWish {
  readonly context?: number;
  readonly pins?: readonly number[];
  readonly storageBytes?: number;
  readonly hosts?: readonly string[];
  readonly tcpServerPorts?: readonly number[];
  readonly udpServerPorts?: readonly number[];
}

/** The app's end of a session: speaks the protocol as the stubs do, or sends any bytes at all. */
export class AppEnd {
  readonly session: AppSession;
  readonly cutOffs: BrokerError[] = [];
  readonly frames: Uint8Array[] = [];
  /** What `send` answers the broker: false when the pipe is full. */
  takesReplies = true;
  readonly #replies = new FrameStream(APP_FRAME_MAX_BYTES);

  constructor(
    broker: Broker,
    { context = 1, pins = [] as readonly number[], storageBytes = 0, ...network }: AppEndWish = {},
  ) {
    this.session = broker.open({
      app: { componentId: `component-${context}`, name: `app-${context}`, context },
      grants: grantsOf({ memoryBytes: 65536, gpioPins: pins, storageBytes, ...network }),
      send: (frame) => {
        this.frames.push(...this.#replies.push(frame));
        return this.takesReplies;
      },
      onCutOff: (reason) => this.cutOffs.push(reason),
    });
  }

  /** Sends and does not wait. */
  send(request: AppRequest): void {
    this.session.receive(encodeAppRequest(request));
  }

  /** The reply, when everything has come to rest; `undefined`: there is none yet. */
  async call(request: AppRequest): Promise<AppReply | undefined> {
    const before = this.frames.length;
    this.send(request);
    await settled();
    return this.replyAt(before, request.function);
  }

  /** The reply number `index`, from 0, read as one to `name`. */
  replyAt(index: number, name: AppRequest['function']): AppReply | undefined {
    const frame = this.frames[index];
    return frame === undefined ? undefined : decodeAppReply(frame, RESULT_OF[name]);
  }

  /** The new handle; anything else is the test's error. */
  async open(request: AppRequest): Promise<number> {
    const reply = await this.call(request);
    if (reply?.ok === true && reply.result.kind === 'u32') return reply.result.value;
    throw new Error(`${request.function} gave no handle: ${JSON.stringify(reply)}`);
  }
}

export interface BrokerBench {
  readonly broker: Broker;
  readonly time: VirtualTime;
  readonly pins: NotedPins;
  readonly audit: AuditNotes;
  readonly network: NotedNetwork;
}

/** Services that answer at once, of the right kind, and keep nothing. */
const SERVICES: Pick<Required<BrokerParts>, 'storage' | 'wallClock' | 'random'> = {
  storage: {
    perform: (_app, _limit, request) => {
      const isBytes = RESULT_OF[request.function] === 'bytes';
      const result: AppResult = isBytes ? { kind: 'bytes', value: new Uint8Array(0) } : { kind: 'none' };
      return Promise.resolve({ ok: true, value: { result, usedBytes: 0 } });
    },
    release: () => undefined,
  },
  wallClock: { nowNs: () => Promise.resolve(1_700_000_000_000_000_000n) },
  random: { bytes: (count) => Promise.resolve(new Uint8Array(count)) },
};

export function brokerBench(parts: Omit<BrokerParts, 'time' | 'gpio' | 'audit'> = {}): BrokerBench {
  const time = new VirtualTime();
  const pins = new NotedPins();
  const audit = new AuditNotes();
  const network = new NotedNetwork();
  return {
    broker: new Broker({ time, gpio: pins, audit, network, ...SERVICES, ...parts }),
    time,
    pins,
    audit,
    network,
  };
}
