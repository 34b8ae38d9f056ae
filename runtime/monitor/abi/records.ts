// The results of the secure calls as records, with the one layout that both sides read and write. Never decides anything.

import type { ByteReader, ByteWriter } from '../../../contracts/core/bytes.ts';
import { MASTER } from '../../../contracts/core/chip.ts';
import type { Master } from '../../../contracts/core/chip.ts';
import { DEVICE_RIGHT } from '../../../contracts/core/device-capability.ts';
import type { DeviceRight } from '../../../contracts/core/device-capability.ts';
import type { ComponentId, DeviceId, ImageId } from '../../../contracts/core/ids.ts';
import {
  componentIdFromBytes,
  componentIdToBytes,
  deviceIdFromBytes,
  deviceIdToBytes,
  hexToBytes,
  imageIdFromBytes,
} from '../../../contracts/core/ids.ts';
import type { MeasuredStage, Measurement } from '../../../contracts/core/measurement.ts';
import { AbiError } from './abi-error.ts';

/** One value's place in a frame: written and read by the same object, so that the two cannot drift apart. */
export interface Layout<Value> {
  write(writer: ByteWriter, value: Value): void;
  /** Errors: `abi-malformed`, `LayoutErrorCode`. */
  read(reader: ByteReader): Value;
}

/** What `describe` answers. */
export interface DeviceFacts {
  readonly deviceId: DeviceId;
  readonly lifecycle: Lifecycle;
  /** Contexts of the A7, the OS's own (0) included. */
  readonly contexts: number;
  /** All application images together, bytes. */
  readonly applicationsBytes: number;
  /** The most memory that one app may be granted, bytes. */
  readonly memoryLimitBytes: number;
  readonly board: string;
}
export const LIFECYCLES = ['Blank', 'Module1Complete', 'DeviceComplete'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** What let the monitor trust an installed image. */
export const IMAGE_TRUST = { development: 1, service: 2 } as const;
export type ImageTrust = keyof typeof IMAGE_TRUST;

export interface ImageRecord {
  readonly componentId: ComponentId;
  readonly imageId: ImageId;
  readonly rollbackIndex: number;
  readonly packageBytes: number;
  readonly trust: ImageTrust;
  /** Whether a process of the component runs, be it of the version before this one. */
  readonly running: boolean;
}

export interface LaunchedApp {
  /** The app's bus context, which is also the number of its pipe pair. */
  readonly context: number;
  readonly memoryBytes: number;
  /** Alone in a process, or with others of its signer: each in a worker, or all in one thread. */
  readonly placement: Placement;
}
export const PLACEMENTS = ['process', 'worker', 'thread'] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** The applied device capability; its rights and the serial of the file. */
export interface CapabilityFacts {
  readonly rights: readonly DeviceRight[];
  readonly serial: bigint;
}

export interface FirewallRowFacts {
  readonly name: string;
  readonly master: Master;
  readonly contexts: readonly number[];
  readonly base: number;
  readonly size: number;
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
  readonly locked: boolean;
}

export interface FirewallFacts {
  readonly rows: readonly FirewallRowFacts[];
  /** Since the last reset. */
  readonly violations: number;
}

export interface ViolationFacts {
  readonly master: Master;
  readonly context: number;
  readonly access: 'read' | 'write' | 'execute';
  readonly address: number;
  readonly atNs: bigint;
  readonly region: string;
}

/** `records` end with the newest: the first of them has the number `total - records.length`. */
export interface ViolationList {
  readonly total: number;
  readonly records: readonly ViolationFacts[];
}

/** The event of an app whose process is gone. */
export interface AppEnded {
  readonly context: number;
  readonly how:
    { readonly kind: 'exited'; readonly exitCode: number } | { readonly kind: 'signal'; readonly signal: number };
  /** What it said on standard error at last, at most 4 KiB of UTF-8. */
  readonly lastWords: string;
}

export const NOTHING: Layout<void> = { write: () => undefined, read: () => undefined };

/** All that is left of the frame. */
export const BYTES: Layout<Uint8Array> = {
  write: (writer, bytes) => void writer.bytes(bytes),
  read: (reader) => reader.rest().slice(),
};

export const DEVICE_FACTS: Layout<DeviceFacts> = {
  write(writer, facts) {
    writer.bytes(deviceIdToBytes(facts.deviceId)).u8(LIFECYCLES.indexOf(facts.lifecycle)).u8(0).u16(facts.contexts);
    writer.u32(facts.applicationsBytes).u32(facts.memoryLimitBytes);
    TEXT.write(writer, facts.board);
  },
  read(reader) {
    const deviceId = deviceIdFromBytes(reader.bytes(64));
    const lifecycle = oneOf(LIFECYCLES, reader.u8());
    reader.u8();
    const contexts = reader.u16();
    const applicationsBytes = reader.u32();
    const memoryLimitBytes = reader.u32();
    return { deviceId, lifecycle, contexts, applicationsBytes, memoryLimitBytes, board: TEXT.read(reader) };
  },
};

const STAGES: readonly MeasuredStage[] = ['rom', 'engine', 'plutonRuntime', 'monitor', 'trustedKeystore', 'os', 'app'];

export const MEASUREMENT: Layout<Measurement> = {
  write(writer, line) {
    writer.u8(STAGES.indexOf(line.stage)).u32(line.rollbackIndex).bytes(line.digest);
    TEXT.write(writer, line.name);
  },
  read(reader) {
    const stage = oneOf(STAGES, reader.u8());
    const rollbackIndex = reader.u32();
    const digest = reader.bytes(32).slice();
    return { stage, rollbackIndex, digest, name: TEXT.read(reader) };
  },
};

export const IMAGE_RECORD: Layout<ImageRecord> = {
  write(writer, image) {
    writer.bytes(componentIdToBytes(image.componentId)).bytes(hexToBytes(image.imageId.replaceAll('-', '')));
    writer.u32(image.rollbackIndex).u32(image.packageBytes);
    writer
      .u8(IMAGE_TRUST[image.trust])
      .u8(image.running ? 1 : 0)
      .u16(0);
  },
  read(reader) {
    const componentId = componentIdFromBytes(reader.bytes(16));
    const imageId = imageIdFromBytes(reader.bytes(16));
    const rollbackIndex = reader.u32();
    const packageBytes = reader.u32();
    const trust = keyOf(IMAGE_TRUST, reader.u8());
    const running = flag(reader.u8());
    reader.u16();
    return { componentId, imageId, rollbackIndex, packageBytes, trust, running };
  },
};

export const LAUNCHED_APP: Layout<LaunchedApp> = {
  write: (writer, app) => void writer.u8(app.context).u32(app.memoryBytes).u8(PLACEMENTS.indexOf(app.placement)),
  read: (reader) => ({
    context: reader.u8(),
    memoryBytes: reader.u32(),
    placement: oneOf(PLACEMENTS, reader.u8()),
  }),
};

export const CAPABILITY_FACTS: Layout<CapabilityFacts | undefined> = {
  write(writer, facts) {
    const bits = (facts?.rights ?? []).reduce((sum, right) => sum | DEVICE_RIGHT[right], 0);
    writer
      .u8(facts === undefined ? 0 : 1)
      .u32(bits)
      .u64(facts?.serial ?? 0n);
  },
  read(reader) {
    const present = flag(reader.u8());
    const bits = reader.u32();
    const serial = reader.u64();
    const names = Object.keys(DEVICE_RIGHT) as DeviceRight[];
    return present ? { rights: names.filter((name) => (bits & DEVICE_RIGHT[name]) !== 0), serial } : undefined;
  },
};

const ROW: Layout<FirewallRowFacts> = {
  write(writer, row) {
    const contexts = row.contexts.reduce((bits, context) => bits | (1 << context), 0);
    const rights = (row.read ? 1 : 0) | (row.write ? 2 : 0) | (row.execute ? 4 : 0) | (row.locked ? 8 : 0);
    writer.u8(MASTER[row.master]).u8(contexts).u8(rights).u8(0).u32(row.base).u32(row.size);
    TEXT.write(writer, row.name);
  },
  read(reader) {
    const master = keyOf(MASTER, reader.u8());
    const contextBits = reader.u8();
    const rights = reader.u8();
    reader.u8();
    const base = reader.u32();
    const size = reader.u32();
    const contexts = [0, 1, 2, 3, 4, 5, 6, 7].filter((context) => (contextBits & (1 << context)) !== 0);
    const has = (bit: number): boolean => (rights & bit) !== 0;
    const name = TEXT.read(reader);
    return { name, master, contexts, base, size, read: has(1), write: has(2), execute: has(4), locked: has(8) };
  },
};

export const FIREWALL_FACTS: Layout<FirewallFacts> = {
  write(writer, facts) {
    listOf(ROW).write(writer, facts.rows);
    writer.u32(facts.violations);
  },
  read: (reader) => ({ rows: listOf(ROW).read(reader), violations: reader.u32() }),
};

const ACCESS = { read: 1, write: 2, execute: 4 } as const;

const VIOLATION: Layout<ViolationFacts> = {
  write(writer, { master, context, access, address, atNs, region }) {
    writer.u8(MASTER[master]).u8(context).u8(ACCESS[access]).u8(0).u32(address).u64(atNs);
    TEXT.write(writer, region);
  },
  read(reader) {
    const master = keyOf(MASTER, reader.u8());
    const context = reader.u8();
    const access = keyOf(ACCESS, reader.u8());
    reader.u8();
    return { master, context, access, address: reader.u32(), atNs: reader.u64(), region: TEXT.read(reader) };
  },
};

export const VIOLATION_LIST: Layout<ViolationList> = {
  write(writer, list) {
    writer.u32(list.total);
    listOf(VIOLATION).write(writer, list.records);
  },
  read: (reader) => ({ total: reader.u32(), records: listOf(VIOLATION).read(reader) }),
};

const EXITED = 0;
const SIGNAL = 1;

export const APP_ENDED: Layout<AppEnded> = {
  write(writer, { context, how, lastWords }) {
    writer.u8(context);
    if (how.kind === 'exited') writer.u8(EXITED).u16(how.exitCode);
    else writer.u8(SIGNAL).u16(how.signal);
    writer.bytes(new TextEncoder().encode(lastWords));
  },
  read(reader) {
    const context = reader.u8();
    const kind = oneOf(['exited', 'signal'] as const, reader.u8());
    const number = reader.u16();
    const lastWords = decodeText(reader.rest());
    return { context, how: kind === 'exited' ? { kind, exitCode: number } : { kind, signal: number }, lastWords };
  },
};

/** u16 count, then the records. */
export function listOf<Value>(layout: Layout<Value>): Layout<readonly Value[]> {
  return {
    write(writer, values) {
      writer.u16(values.length);
      for (const value of values) layout.write(writer, value);
    },
    read: (reader) => Array.from({ length: reader.u16() }, () => layout.read(reader)),
  };
}

/** u16 length, then UTF-8. */
const TEXT: Layout<string> = {
  write(writer, text) {
    const bytes = new TextEncoder().encode(text);
    writer.u16(bytes.length).bytes(bytes);
  },
  read: (reader) => decodeText(reader.bytes(reader.u16())),
};

/** Text for people: a byte that is no UTF-8 shows as U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The component id's 16 bytes. */
export const COMPONENT_ID: Layout<ComponentId> = {
  write: (writer, id) => void writer.bytes(componentIdToBytes(id)),
  read: (reader) => componentIdFromBytes(reader.bytes(16)),
};

/** u8, 0 or 1. Errors: `abi-malformed`. */
export function flag(value: number): boolean {
  if (value > 1) throw new AbiError('abi-malformed', `${value} where 0 or 1 stands`);
  return value === 1;
}

function oneOf<Name extends string>(names: readonly Name[], index: number): Name {
  const name = names[index];
  if (name === undefined) throw new AbiError('abi-malformed', `${index} is none of ${names.join(', ')}`);
  return name;
}

/** The name of a number in a closed table. Errors: `abi-malformed`. */
export function keyOf<Name extends string>(numbers: Readonly<Record<Name, number>>, wanted: number): Name {
  const name = (Object.keys(numbers) as Name[]).find((candidate) => numbers[candidate] === wanted);
  if (name === undefined)
    throw new AbiError('abi-malformed', `${wanted} is none of ${Object.keys(numbers).join(', ')}`);
  return name;
}
