// One image of the kit's on a device: made, sideloaded, and heard until it has said everything or was refused. Never a judgement.

import type { ComponentId } from '../../contracts/core/ids.ts';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { APP_FOLDER_DEFAULTS } from '../../contracts/wire/app-folder.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { MT3620_RDB } from '../../runtime/board/mt3620_rdb.ts';
import { packageApp } from '../build/package-app.ts';
import type { Bench, BenchEvent } from '../cli/bench.ts';
import type { MatrixRow } from './matrix.ts';
import { PROBE_END } from './probe-words.ts';
import { RAW_LIST_FILE } from './raw-list.ts';

/** Longer than any list of calls takes, pauses included. */
export const PROBE_TIMEOUT_MS = 60_000;

/** What the app said and did until its end, or until it said that it made every call; it is stopped then. */
export async function playImage(
  componentId: ComponentId,
  signedImage: Uint8Array,
  bench: Bench,
): Promise<readonly DeviceEvent[]> {
  const events: DeviceEvent[] = [];
  const stop = bench.onEvent((event) => {
    if ('componentId' in event && event.componentId === componentId) events.push(event);
  });
  const isOver = saying(componentId);
  const ended = (event: BenchEvent): boolean =>
    event.kind === 'exit' && event.componentId === componentId && events.some(({ kind }) => kind === 'started');
  try {
    const over = bench.next('the probe to end', (event) => isOver(event) || ended(event), PROBE_TIMEOUT_MS);
    await Promise.all([bench.client.sideload(signedImage), over]);
    // The OS starts again whatever ends: a second life of this probe would be taken for the next one.
    await bench.client.stopApp(componentId);
    return events;
  } finally {
    stop();
  }
}

/** The code with which the linker refused the image; `null`: it ran. */
export async function playRefusal(
  componentId: ComponentId,
  signedImage: Uint8Array,
  bench: Bench,
): Promise<string | null> {
  let isStarted = false;
  const stop = bench.onEvent((event) => {
    if (event.kind === 'started' && event.componentId === componentId) isStarted = true;
  });
  const ended = (event: BenchEvent): boolean => event.kind === 'exit' && event.componentId === componentId && isStarted;
  try {
    const over = bench.next('the refusal of an import', ended, PROBE_TIMEOUT_MS);
    await Promise.all([bench.client.sideload(signedImage), over]);
    const status = (await bench.client.apps()).find((app) => app.componentId === componentId);
    await bench.client.stopApp(componentId);
    return /^[\w-]+/.exec(status?.lastEnd?.detail ?? '')?.[0] ?? null;
  } finally {
    stop();
  }
}

export function refusedBy(error: string | null): Pick<MatrixRow, 'outcome' | 'error' | 'layer'> {
  return error === null ? { outcome: 'allowed', error, layer: null } : { outcome: 'denied', error, layer: 'linker' };
}

export function saying(componentId: ComponentId): (event: BenchEvent) => boolean {
  return (event) => event.kind === 'log' && event.componentId === componentId && event.message === PROBE_END;
}

export interface ImageExtras {
  readonly files?: ReadonlyMap<string, Uint8Array>;
  /** Granted. Default: what the board has for an app. */
  readonly memoryBytes?: number;
}

/** `list`: for a runner that was taken over. */
export function imageOf(
  manifest: PackagedManifest,
  component: Uint8Array,
  list: Uint8Array,
  { files = new Map(), memoryBytes = MT3620_RDB.appMemoryLimitBytes }: ImageExtras = {},
): Uint8Array {
  return packageApp({
    component,
    manifest,
    files: new Map([...files, [RAW_LIST_FILE, list]]),
    version: APP_FOLDER_DEFAULTS.version,
    rollback: APP_FOLDER_DEFAULTS.rollback,
    language: 'wasm',
    hardware: 'kit',
    sourceDigest: undefined,
    memoryLimitBytes: memoryBytes,
    catalogId: undefined,
  }).image;
}
