// Makes the calls of one run on a device that is on: sideloads the probes, hears what they say, and hands back rows. Never a verdict of its own.

import { randomUUID } from 'node:crypto';
import { isCoded } from '../../contracts/core/coded-error.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import { componentFromText } from './component-text.ts';
import type { Bench } from '../cli/bench.ts';
import type { RunKind } from './compositions.ts';
import { withKitServer } from './kit-server.ts';
import type { ClosedInterface, DerivedCalls } from './derive-calls.ts';
import { OWNED_PIN_CHECK, shownAs } from './derive-calls.ts';
import { judgeCalls } from './judge-calls.ts';
import type { MatrixRow } from './matrix.ts';
import type { RowGroup } from './mutants.ts';
import { holdsOf, neighbourManifest } from './neighbour.ts';
import { PROBE_TIMEOUT_MS, imageOf, playImage, playRefusal, refusedBy, saying } from './play-image.ts';
import { playPart } from './play-part.ts';
import type { Subject } from './subject.ts';
import type { Scene, Stop } from './probe-call.ts';
import type { NumberedCall } from './probe-component.ts';
import { probeComponent } from './probe-component.ts';
import { readProbeLine } from './probe-words.ts';
import { encodeRawList } from './raw-list.ts';

/** Each needs a start; more calls than this that end their probe are beyond telling apart. */
const PROBES_MAX = 6;
const SCENES: readonly Scene[] = ['alone', 'neighbour'];

/** Every call that is made in this run. */
export function callsOf(run: RunKind, { calls, closed }: DerivedCalls): readonly NumberedCall[] {
  const numbered = calls.map((call, number) => ({ ...call, number }));
  const isClosed = (call: NumberedCall): boolean => {
    const { interface: name } = shownAs(call);
    return closed.some((each) => each.name.startsWith(`${name}@`));
  };
  switch (run) {
    // What the linker does not even let in is told by a row of the import, and tried by the runner that was taken over.
    case 'shipped':
      return numbered.filter((call) => call.sayable !== 'runner' && !isClosed(call));
    case 'taken-over':
      return numbered.filter(
        ({ stop, sayable }) => sayable === 'runner' || (sayable === 'guest' && stop !== undefined),
      );
    case 'opened':
      return numbered.filter(({ behind, sayable }) => behind !== undefined && sayable !== 'runner');
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
  const rows: MatrixRow[] = [];
  const edges = new Set<number>();
  const stop = bench.onEvent((event) => {
    if (event.kind === 'pin' && event.level !== null) edges.add(event.pin);
  });
  try {
    await withKitServer(subject.hosts, bench, async () => {
      rows.push(...(await playScenes(run, subject, bench)));
      if (run !== 'shipped') return;
      for (const group of ['owned', 'imports', 'parts'] as const)
        rows.push(...(await playGroup(group, subject, bench)));
    });
    if (!isOpen(run)) rows.push(await quietBus(run, subject, bench, edges));
    return rows;
  } finally {
    stop();
  }
}

async function playScenes(run: RunKind, subject: Subject, bench: Bench): Promise<readonly MatrixRow[]> {
  const calls = callsOf(run, subject.derived);
  const rows: MatrixRow[] = [];
  for (const scene of SCENES) {
    const some = calls.filter((call) => call.scene === scene);
    if (some.length === 0) continue;
    if (scene === 'neighbour') await startNeighbour(subject, bench);
    rows.push(...judgeCalls(run, some, await playCalls(subject, bench, some), stopIn(run)));
  }
  return rows;
}

/** The rows of the run `shipped` that are no calls of the app itself. */
async function playGroup(
  group: Exclude<RowGroup, 'calls'>,
  subject: Subject,
  bench: Bench,
): Promise<readonly MatrixRow[]> {
  const { ownedPin, closed } = subject.derived;
  const rows: MatrixRow[] = [];
  if (group === 'owned' && ownedPin !== undefined) rows.push(await playOwnedPin(subject, bench, ownedPin));
  if (group === 'imports') for (const one of closed) rows.push(await playImport(subject, bench, one));
  if (group === 'parts') for (const part of subject.parts) rows.push(...(await playPart(subject, bench, part)));
  return rows;
}

/** The device of a series: what stands on it for all mutants is there before the first. */
export async function prepareSeries(run: RunKind, group: RowGroup, subject: Subject, bench: Bench): Promise<void> {
  const calls = group === 'calls' ? callsOf(run, subject.derived) : [];
  if (calls.some(({ scene }) => scene === 'neighbour')) await startNeighbour(subject, bench);
}

/** One mutant of a series: the rows of its group, all calls beside the other app, with empty storage. Errors: as `playRun`. */
export async function playMutant(
  run: RunKind,
  group: RowGroup,
  subject: Subject,
  bench: Bench,
): Promise<readonly MatrixRow[]> {
  const { componentId } = subject.manifest;
  const isThere = (await bench.client.apps()).some((app) => app.componentId === componentId);
  if (isThere) await bench.client.deleteImage(componentId);
  if (group !== 'calls') return playGroup(group, subject, bench);
  const calls = callsOf(run, subject.derived);
  return judgeCalls(run, calls, await playCalls(subject, bench, calls), stopIn(run));
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
  { manifest, key, memoryBytes, isHurried }: Subject,
  bench: Bench,
  calls: readonly NumberedCall[],
): Promise<readonly DeviceEvent[]> {
  const sayable = calls.filter((call) => call.sayable !== 'runner');
  const list = encodeRawList({ calls, holds: [], isHurried });
  const image = imageOf(manifest, await probeComponent({ calls: sayable, isHurried }), list, { memoryBytes });
  return playImage(manifest.componentId, key.signImage(image), bench);
}

/** A component that imports one interface which the manifest does not open. */
async function playImport(
  { manifest, key, memoryBytes }: Subject,
  bench: Bench,
  closed: ClosedInterface,
): Promise<MatrixRow> {
  const { name, capability, check } = closed;
  const component = await componentFromText(`(component (import "${name}" (instance)))`);
  const image = imageOf(manifest, component, encodeRawList({ calls: [], holds: [] }), { memoryBytes });
  const error = await playRefusal(manifest.componentId, key.signImage(image), bench);
  const row = { capability, interface: name, function: '', resource: `import ${name}`, granted: false } as const;
  const told = { run: 'shipped', ...refusedBy(error), check } as const;
  return { ...row, ...told, pass: error === 'import-not-granted' };
}

/** Another app's image that asks for a pin of this one, which is installed before it. */
async function playOwnedPin(subject: Subject, bench: Bench, pin: number): Promise<MatrixRow> {
  const { neighbour, key } = subject;
  await playProbe(subject, bench, []);
  const thief = neighbourManifest({ ...neighbour, componentId: randomUUID() as ComponentId, heldPins: [pin] });
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
