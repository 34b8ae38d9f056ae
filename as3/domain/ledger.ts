// What an authority has signed, allowed and issued, as its ledger keeps it: the reference values that evidence is judged by. Never
// shortened: a device that still runs something old has to be able to say so.

import { APP_MEASUREMENT } from '../../contracts/core/evidence.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { hexToBytes, parseComponentId, parseDeviceId } from '../../contracts/core/ids.ts';
import type { ImageKind } from '../../contracts/core/image.ts';
import { IMAGE_KIND } from '../../contracts/core/image.ts';
import { AuthorityError } from './authority-error.ts';
import type { ReferenceValue } from './verify-evidence.ts';

/** What no authority signs, and evidence names all the same. */
export const MEASURED_GROUND = ['rom', 'engine'] as const;
export type MeasuredGround = (typeof MEASURED_GROUND)[number];

/** One line of the ledger, as JSON. Digests and key ids are 64 lower-case hex digits. */
export type LedgerEntry =
  | {
      readonly entry: 'image';
      readonly kind: ImageKind;
      readonly componentId: ComponentId;
      /** All zeros: of no catalog. */
      readonly catalogId: ComponentId;
      readonly rollbackIndex: number;
      /** SHA-256 of the bytes that signatures are over. */
      readonly digest: string;
      readonly signerKeyId: string;
    }
  | { readonly entry: 'measurement'; readonly type: MeasuredGround; readonly digest: string; readonly version: string }
  /** A capability that lets images of this key run on this one device. */
  | { readonly entry: 'developer'; readonly deviceId: DeviceId; readonly keyId: string }
  /** A factory whose endorsements count. `key`: SEC 1 point in hex. */
  | { readonly entry: 'factory'; readonly keyId: string; readonly key: string };

/** Where the service reads it; an authority's commands write it. */
export interface Ledger {
  /** All entries, as of now. Errors: `AuthorityErrorCode`. */
  entries(): Promise<readonly LedgerEntry[]>;
}

const DIGEST = /^[0-9a-f]{64}$/;
const POINT = /^04[0-9a-f]{128}$/;
/** As evidence can carry it (contracts/wire/evidence.ts). */
const VERSION = /^[\x20-\x7e]{1,64}$/;

/** One line. Errors: `authority-file-malformed`. */
export function parseLedgerLine(line: string): LedgerEntry {
  const fields = jsonObject(line);
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const hex = (name: string, form = DIGEST): string => wanted(form.test(text(name)) ? text(name) : undefined);
  switch (fields['entry']) {
    case 'image': {
      const kind = text('kind');
      const index = fields['rollbackIndex'];
      const isIndex = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index <= 0xffff_ffff;
      return {
        entry: 'image',
        kind: wanted(Object.hasOwn(IMAGE_KIND, kind) ? (kind as ImageKind) : undefined),
        componentId: wanted(parseComponentId(text('componentId'))),
        catalogId: wanted(parseComponentId(text('catalogId'))),
        rollbackIndex: wanted(isIndex ? index : undefined),
        digest: hex('digest'),
        signerKeyId: hex('signerKeyId'),
      };
    }
    case 'measurement': {
      const type = MEASURED_GROUND.find((name) => name === fields['type']);
      const version = text('version');
      return measurementEntry(wanted(type), hex('digest'), wanted(VERSION.test(version) ? version : undefined));
    }
    case 'developer':
      return { entry: 'developer', deviceId: wanted(parseDeviceId(text('deviceId'))), keyId: hex('keyId') };
    case 'factory':
      return { entry: 'factory', keyId: hex('keyId'), key: hex('key', POINT) };
    default:
      return wanted<LedgerEntry>(undefined);
  }
}

function measurementEntry(type: MeasuredGround, digest: string, version: string): LedgerEntry {
  return { entry: 'measurement', type, digest, version };
}

/** From words of a command. `undefined` when they do not make an entry. */
export function measurementOf(type: string, digest: string, version: string): LedgerEntry | undefined {
  const ground = MEASURED_GROUND.find((name) => name === type);
  const lower = digest.toLowerCase();
  if (ground === undefined || !DIGEST.test(lower) || !VERSION.test(version)) return undefined;
  return measurementEntry(ground, lower, version);
}

/** What the boot of any device may consist of, and the apps of this catalog that were signed beside the service. */
export function referencesIn(entries: readonly LedgerEntry[], catalogId: string): readonly ReferenceValue[] {
  return entries.flatMap((entry): readonly ReferenceValue[] => {
    if (entry.entry === 'measurement') {
      return [{ measurementType: entry.type, digest: hexToBytes(entry.digest), version: entry.version }];
    }
    if (entry.entry !== 'image') return [];
    const isApp = entry.kind === 'application';
    if (isApp && entry.catalogId !== catalogId) return [];
    const measurementType = isApp ? `${APP_MEASUREMENT}${entry.componentId}` : entry.kind;
    return [{ measurementType, digest: hexToBytes(entry.digest), version: String(entry.rollbackIndex) }];
  });
}

/** Key ids (SHA-256) of those who were allowed to develop on this device. */
export function developersOf(entries: readonly LedgerEntry[], deviceId: DeviceId): readonly Uint8Array[] {
  return entries.flatMap((entry) =>
    entry.entry === 'developer' && entry.deviceId === deviceId ? [hexToBytes(entry.keyId)] : [],
  );
}

/** The SEC 1 point of the factory key with this id. */
export function factoryKeyIn(entries: readonly LedgerEntry[], keyId: string): Uint8Array | undefined {
  const found = entries.find((entry) => entry.entry === 'factory' && entry.keyId === keyId);
  return found?.entry === 'factory' ? hexToBytes(found.key) : undefined;
}

function jsonObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw malformed(cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Readonly<Record<string, unknown>>;
}

function wanted<Value>(value: Value | undefined): Value {
  if (value === undefined) throw malformed();
  return value;
}

function malformed(cause?: unknown): AuthorityError {
  return new AuthorityError('authority-file-malformed', 'a line of the ledger is not what the authority wrote', {
    fault: 'world',
    hint: 'bring the folder back from a backup',
    cause,
  });
}
