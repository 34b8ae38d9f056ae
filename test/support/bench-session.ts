// A device's session with a service whose files are a repository in memory. It must never answer more than asked for: the real
// network cuts an answer that is too long, and so does this one.

import { DEVICE_API } from '../../contracts/wire/device-api.ts';
import { TARGET_FOLDER } from '../../contracts/wire/update-target.ts';
import type { ServiceRequest, ServiceResponse } from '../../runtime/os/service-port.ts';
import { ServiceNetworkError } from '../../runtime/os/service-port.ts';
import type { ServiceSession } from '../../runtime/os/service/service-session.ts';
import type { TufRepository } from './tuf-repository.ts';
import { sha256 } from './tuf-repository.ts';

export const BENCH_DEVICE = 'd'.repeat(128);
export const BENCH_CATALOG = '00000000-0000-4000-8000-0000000000ca';

export class BenchSession implements ServiceSession {
  readonly isAttested = true;
  /** Every path, in order. */
  readonly paths: string[] = [];
  readonly repository: TufRepository;
  time: { isSet: boolean; seconds: number };
  catalog: string | undefined = BENCH_CATALOG;
  /** The service goes away in the middle of an answer to a path that holds this text. */
  cutOffAt: string | undefined;
  /** By a part of a path: another status than 200. */
  readonly statuses = new Map<string, number>();
  /** By image id: other bytes than the repository has. */
  readonly tampered = new Map<string, Uint8Array>();

  constructor(repository: TufRepository, seconds: number) {
    this.repository = repository;
    this.time = { isSet: true, seconds };
  }

  async request({ path, maxBytes }: Omit<ServiceRequest, 'identity'>, as: 'open' | 'device'): Promise<ServiceResponse> {
    this.paths.push(path);
    // An answer takes time: two looks at once would be in each other's way here.
    await new Promise((resolve) => setImmediate(resolve));
    if (as !== 'device') return { status: 401, body: new Uint8Array(0) };
    if (this.cutOffAt !== undefined && path.includes(this.cutOffAt))
      throw new ServiceNetworkError('service-cut-off', path);
    const status = [...this.statuses].find(([part]) => path.includes(part))?.[1];
    if (status !== undefined) return { status, body: new Uint8Array(0) };
    const body = await this.fileAt(path);
    if (body === undefined) return { status: 404, body: new Uint8Array(0) };
    if (body.length > maxBytes) throw new ServiceNetworkError('service-answer-too-large', path);
    return { status: 200, body };
  }

  async trustedNow(): Promise<{ isSet: boolean; seconds: number }> {
    return this.time;
  }
  async deviceId(): Promise<string> {
    return BENCH_DEVICE;
  }
  async catalogId(): Promise<string | undefined> {
    return this.catalog;
  }

  /** The repository's, unless a test puts another service in its place. */
  fileAt: (path: string) => Promise<Uint8Array | undefined> = async (path) => {
    const { metadata, targets } = DEVICE_API;
    if (path.startsWith(metadata.path)) return this.repository.files.get(path.slice(metadata.path.length));
    const image = this.repository.images.find(
      ({ bytes, custom }) => path === `${targets.path}${TARGET_FOLDER}${sha256(bytes)}.${custom.imageId}`,
    );
    return image === undefined ? undefined : (this.tampered.get(image.custom.imageId) ?? image.bytes);
  };
}
