// A monitor that keeps records and images as the real one does, without signatures: a test says whom it trusts. Launches as
// the scripted one. It must never be used to show that the monitor itself refuses something.

import { createHash } from 'node:crypto';
import { FLASH_BLOCK_BYTES, FLASH_PART } from '../../contracts/core/flash-map.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { OsRecordName } from '../../contracts/core/os-records.ts';
import type { SecureRequest, SecureResults } from '../../runtime/monitor/abi/codec.ts';
import type { ImageRecord, ImageTrust } from '../../runtime/monitor/abi/records.ts';
import type { SecureCall, SecureCallError } from '../../runtime/monitor/abi/secure-call.ts';
import type { RequestOf } from '../../runtime/os/secure-calls.ts';
import { SecureCallRefused } from '../../runtime/os/secure-calls.ts';
import { ScriptedMonitor } from './scripted-monitor.ts';

interface Stored {
  readonly bytes: Uint8Array;
  readonly record: ImageRecord;
  readonly pins: readonly number[];
}

const nodeSha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

export class StoringMonitor extends ScriptedMonitor {
  readonly records = new Map<OsRecordName, Uint8Array>();
  /** Records whose flash content is not the sealed one. */
  readonly lost = new Set<OsRecordName>();
  /** `writeRecord` calls so far. */
  writes = 0;
  readonly images = new Map<ComponentId, Stored>();
  /** By image id: what `stageInstall` says of it. */
  readonly distrusted = new Map<string, SecureCallError>();
  rights: 'appDevelopment'[] = [];
  applicationsBytes: number = FLASH_PART.applications.size;
  readonly #firstRoot: Uint8Array;
  readonly #deviceId: DeviceId;
  #staged: { readonly bytes: Uint8Array; filled: number } | undefined;

  constructor(firstRoot: Uint8Array, deviceId: DeviceId) {
    super();
    this.#firstRoot = firstRoot;
    this.#deviceId = deviceId;
  }

  override async call<Call extends SecureCall>(request: RequestOf<Call>): Promise<SecureResults[Call]> {
    const answer = this.#stored(request);
    if (answer === undefined) return super.call(request);
    this.requests.push(request);
    return answer.result as SecureResults[Call];
  }

  /** As if it had been installed before. */
  put(bytes: Uint8Array, trust: ImageTrust = 'service'): ImageRecord {
    const { componentId, imageId, rollbackIndex, grants } = decodeImage(bytes, nodeSha256);
    const record = { componentId, imageId, rollbackIndex, packageBytes: bytes.length, trust, running: false };
    this.images.set(componentId, { bytes, record, pins: grants?.gpioPins ?? [] });
    return record;
  }

  /** The answer in a box; `undefined` for what the scripted monitor answers. */
  #stored(request: SecureRequest): { readonly result: unknown } | undefined {
    switch (request.call) {
      case 'keystoreFile':
        return { result: this.#firstRoot };
      case 'readRecord':
        if (this.lost.has(request.record)) throw new SecureCallRefused('record-lost', request.record);
        return { result: this.records.get(request.record) };
      case 'writeRecord':
        this.writes++;
        this.lost.delete(request.record);
        this.records.set(request.record, request.bytes);
        return { result: undefined };
      case 'capability':
        return { result: this.rights.length === 0 ? undefined : { rights: this.rights, serial: 1n } };
      case 'describe':
        return { result: { deviceId: this.#deviceId, applicationsBytes: this.applicationsBytes } };
      case 'stageBegin':
        this.#staged = { bytes: new Uint8Array(request.length), filled: 0 };
        return { result: undefined };
      case 'stageWrite':
        return { result: this.#stageWrite(request.offset, request.bytes) };
      case 'stageInstall':
        return { result: this.#stageInstall() };
      case 'listImages':
        return { result: [...this.images.values()].map(({ record }) => record) };
      case 'removeImage':
        return { result: void this.images.delete(request.componentId) };
      case 'readImage': {
        const { offset, length, componentId } = request;
        return { result: this.images.get(componentId)?.bytes.slice(offset, offset + length) ?? new Uint8Array(0) };
      }
      default:
        return undefined;
    }
  }

  #stageWrite(offset: number, bytes: Uint8Array): void {
    const staged = this.#staged;
    if (staged === undefined) throw new SecureCallRefused('stage-not-begun', '');
    if (offset !== staged.filled) throw new SecureCallRefused('call-malformed', '');
    staged.bytes.set(bytes, offset);
    staged.filled += bytes.length;
  }

  /** The checks in the order of the real one: trust and rollback first, room last. */
  #stageInstall(): ImageRecord {
    const bytes = this.#staged?.bytes;
    this.#staged = undefined;
    if (bytes === undefined) throw new SecureCallRefused('stage-not-begun', '');
    const { componentId, imageId, rollbackIndex, grants } = decodeImage(bytes, nodeSha256);
    const refusal = this.distrusted.get(imageId);
    if (refusal !== undefined) throw new SecureCallRefused(refusal, imageId);
    const old = this.images.get(componentId);
    if (rollbackIndex < (old?.record.rollbackIndex ?? 0)) throw new SecureCallRefused('image-rolled-back', imageId);
    const others = [...this.images.values()].filter(({ record }) => record.componentId !== componentId);
    if (others.some(({ pins }) => pins.some((pin) => grants?.gpioPins.includes(pin))))
      throw new SecureCallRefused('resource-in-use', imageId);
    const used = [...this.images.values()].reduce((sum, stored) => sum + blocks(stored.bytes.length), 0);
    if (used + blocks(bytes.length) > this.applicationsBytes) throw new SecureCallRefused('flash-full', imageId);
    return this.put(bytes);
  }
}

function blocks(length: number): number {
  return Math.ceil(length / FLASH_BLOCK_BYTES) * FLASH_BLOCK_BYTES;
}
