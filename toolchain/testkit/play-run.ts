// Makes the calls of one run on a device that is on: sideloads the probes, hears what they say, and hands back rows. Never a verdict of its own.

import { randomUUID } from 'node:crypto';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { componentFromText } from './component-text.ts';
import { APP_FOLDER_DEFAULTS } from '../../contracts/wire/app-folder.ts';
import { MT3620_RDB } from '../../runtime/board/mt3620_rdb.ts';
import { packageApp } from '../build/package-app.ts';
import type { Bench, BenchEvent } from '../cli/bench.ts';
import type { SigningKey } from '../factory/signing-key.ts';
import type { RunKind } from './compositions.ts';
import type { ClosedInterface, DerivedCalls } from './derive-calls.ts';
import { OWNED_PIN_CHECK, ruleOf } from './derive-calls.ts';
import { judgeCalls } from './judge-calls.ts';
import type { MatrixRow } from './matrix.ts';
import { holdsOf, neighbourManifest } from './neighbour.ts';
import type { Neighbour, Scene, Stop } from './probe-call.ts';
import type { NumberedCall } from './probe-component.ts';
import { probeComponent } from './probe-component.ts';
import { PROBE_END, readProbeLine } from './probe-words.ts';
import { RAW_LIST_FILE, encodeRawList } from './raw-list.ts';

/** Longer than any list of calls takes, pauses included. */
const PROBE_TIMEOUT_MS = 60_000;
/** Each needs a start; more calls than this that end their probe are beyond telling apart. */
const PROBES_MAX = 6;
const SCENES: readonly Scene[] = ['alone', 'neighbour'];

export interface Subject {
  readonly manifest: PackagedManifest;
  readonly derived: DerivedCalls;
  readonly neighbour: Neighbour;
  /** Signs the probes for the device of the run. */
  readonly key: SigningKey;
}

/** Every call that is made in this run. */
export function callsOf(run: RunKind, { calls, closed }: DerivedCalls): readonly NumberedCall[] {
  const numbered = calls.map((call, number) => ({ ...call, number }));
  const isClosed = (call: NumberedCall): boolean => {
    const name = ruleOf(call.function)?.interface ?? '';
    return closed.some((each) => each.name.startsWith(`${name}@`));
  };
  switch (run) {
    // What the linker does not even let in is told by a row of the import, and tried by the runner that was taken over.
    case 'shipped':
      return numbered.filter((call) => call.sayable === 'guest' && !isClosed(call));
    case 'taken-over':
      return numbered.filter(({ stop, sayable }) => stop !== undefined || sayable === 'runner');
    case 'opened':
      return numbered.filter(({ behind, sayable }) => behind !== undefined && sayable === 'guest');
    case 'opened-taken-over':
      return numbered.filter(({ behind, sayable }) => behind !== undefined && sayable === 'runner');
  }
}

const isOpen = (run: RunKind): boolean => run === 'opened' || run === 'opened-taken-over';

function stopIn(run: RunKind): (call: NumberedCall) => Stop | undefined {
  return isOpen(run) ? ({ behind }) => behind : ({ stop }) => stop;
}

/** Errors: those of the build of a probe and of the device. What a probe does not say stands in its row. */
export async function playRun(run: RunKind, subject: Subject, bench: Bench): Promise<readonly MatrixRow[]> {
  const calls = callsOf(run, subject.derived);
  const rows: MatrixRow[] = [];
  const edges = new Set<number>();
  const stop = bench.onEvent((event) => {
    if (event.kind === 'pin' && event.level !== null) edges.add(event.pin);
  });
  try {
    for (const scene of SCENES) {
      const some = calls.filter((call) => call.scene === scene);
      if (some.length === 0) continue;
      if (scene === 'neighbour') await startNeighbour(subject, bench);
      rows.push(...judgeCalls(run, some, await playCalls(subject, bench, some), stopIn(run)));
    }
    if (run === 'shipped') {
      const { ownedPin } = subject.derived;
      if (ownedPin !== undefined) rows.push(await playOwnedPin(subject, bench, ownedPin));
      for (const closed of subject.derived.closed) rows.push(await playImport(subject, bench, closed));
    }
    if (!isOpen(run)) rows.push(await quietBus(run, subject, bench, edges));
    return rows;
  } finally {
    stop();
  }
}

async function startNeighbour({ neighbour, key }: Subject, bench: Bench): Promise<void> {
  const holds = holdsOf(neighbour);
  const image = imageOf(
    neighbourManifest(neighbour),
    await probeComponent({ calls: [], holds }),
    encodeRawList({ calls: [], holds }),
  );
  const holding = bench.next('the neighbour to hold its pins', saying(neighbour.componentId), PROBE_TIMEOUT_MS);
  await Promise.all([bench.client.sideload(key.signImage(image)), holding]);
}

/** A call that ends the probe is silent, and those after it are made by the next one: one fault never hides another. */
async function playCalls(
  subject: Subject,
  bench: Bench,
  calls: readonly NumberedCall[],
): Promise<readonly DeviceEvent[]> {
  const events: DeviceEvent[] = [];
  let rest = calls;
  for (let probe = 0; probe < PROBES_MAX && rest.length > 0; probe++) {
    const heard = await playProbe(subject, bench, rest);
    events.push(...heard);
    const said = new Set(
      heard.flatMap((event) => (event.kind === 'log' ? (readProbeLine(event.message)?.call ?? []) : [])),
    );
    const silent = rest.findIndex(({ number }) => !said.has(number));
    rest = silent < 0 ? [] : rest.slice(silent + 1);
  }
  return events;
}

async function playProbe(
  { manifest, key }: Subject,
  bench: Bench,
  calls: readonly NumberedCall[],
): Promise<readonly DeviceEvent[]> {
  const sayable = calls.filter((call) => call.sayable === 'guest');
  const image = imageOf(manifest, await probeComponent({ calls: sayable }), encodeRawList({ calls, holds: [] }));
  const events: DeviceEvent[] = [];
  const stop = bench.onEvent((event) => {
    if ('componentId' in event && event.componentId === manifest.componentId) events.push(event);
  });
  const isOver = saying(manifest.componentId);
  const ended = (event: BenchEvent): boolean =>
    event.kind === 'exit' &&
    event.componentId === manifest.componentId &&
    events.some(({ kind }) => kind === 'started');
  try {
    const over = bench.next('the probe to end', (event) => isOver(event) || ended(event), PROBE_TIMEOUT_MS);
    await Promise.all([bench.client.sideload(key.signImage(image)), over]);
    // The OS starts again whatever ends: a second life of this probe would be taken for the next one.
    await bench.client.stopApp(manifest.componentId);
    return events;
  } finally {
    stop();
  }
}

/** A component that imports one interface which the manifest does not open. */
async function playImport(
  { manifest, key }: Subject,
  bench: Bench,
  { name, capability, check }: ClosedInterface,
): Promise<MatrixRow> {
  const component = await componentFromText(`(component (import "${name}" (instance)))`);
  const image = imageOf(manifest, component, encodeRawList({ calls: [], holds: [] }));
  const over = bench.next(
    `the refusal of ${name}`,
    (event) => event.kind === 'exit' && event.componentId === manifest.componentId && event.reason === 'refused',
    PROBE_TIMEOUT_MS,
  );
  await Promise.all([bench.client.sideload(key.signImage(image)), over]);
  const status = (await bench.client.apps()).find(({ componentId }) => componentId === manifest.componentId);
  await bench.client.stopApp(manifest.componentId);
  const error = /^[\w-]+/.exec(status?.lastEnd?.detail ?? '')?.[0] ?? null;
  const row = { capability, interface: name, function: '', resource: `import ${name}`, granted: false } as const;
  const told = { run: 'shipped', outcome: 'denied', error, layer: 'linker', check } as const;
  return { ...row, ...told, pass: error === 'import-not-granted' };
}

/** Another app's image that asks for a pin of this one. */
async function playOwnedPin({ neighbour, key }: Subject, bench: Bench, pin: number): Promise<MatrixRow> {
  const thief = neighbourManifest({ ...neighbour, componentId: randomUUID(), heldPins: [pin] });
  const image = imageOf(thief, await probeComponent({ calls: [] }), encodeRawList({ calls: [], holds: [] }));
  const error = await bench.client.sideload(key.signImage(image)).then(() => null, codeOf);
  const pass = error === 'resource-in-use';
  const row = {
    capability: 'Gpio',
    interface: '',
    function: '',
    resource: `gpio:${pin} for another app`,
    granted: false,
  } as const;
  const outcome = error === null ? 'allowed' : 'denied';
  const layer = error === null ? null : 'monitor';
  return { ...row, run: 'shipped', outcome, error, layer, check: OWNED_PIN_CHECK, pass };
}

function codeOf(error: unknown): string {
  if (isCoded(error)) return error.code;
  throw error;
}

/** With the broker's checks in place nothing of a denied call reaches the bus: no violation, no edge on a pin that is not granted. */
async function quietBus(
  run: RunKind,
  { manifest, neighbour }: Subject,
  bench: Bench,
  edges: ReadonlySet<number>,
): Promise<MatrixRow> {
  const { violations } = await bench.client.firewall();
  const strange = [...edges].filter((pin) => !manifest.gpioPins.includes(pin) && !neighbour.heldPins.includes(pin));
  const pass = violations === 0 && strange.length === 0;
  const resource = `bus: ${violations} violations, edges on ${strange.length} pins that are not granted`;
  const row = { capability: null, interface: '', function: '', resource, granted: false, run } as const;
  const told = { outcome: pass ? 'denied' : 'allowed', error: null, layer: null, check: null } as const;
  return { ...row, ...told, pass };
}

function saying(componentId: string): (event: BenchEvent) => boolean {
  return (event) => event.kind === 'log' && event.componentId === componentId && event.message === PROBE_END;
}

function imageOf(manifest: PackagedManifest, component: Uint8Array, list: Uint8Array): Uint8Array {
  return packageApp({
    component,
    manifest,
    files: new Map([[RAW_LIST_FILE, list]]),
    version: APP_FOLDER_DEFAULTS.version,
    rollback: APP_FOLDER_DEFAULTS.rollback,
    language: 'wasm',
    hardware: 'kit',
    sourceDigest: undefined,
    memoryLimitBytes: MT3620_RDB.appMemoryLimitBytes,
    catalogId: undefined,
  }).image;
}
