// What came of the calls of one run, as rows of the matrix. It only compares: it neither makes a call nor excuses one.

import type { DeviceEvent } from '../../contracts/wire/device-link.ts';
import type { RunKind } from './compositions.ts';
import { shownAs } from './derive-calls.ts';
import type { MatrixRow } from './matrix.ts';
import type { Layer, ProbeError, Stop } from './probe-call.ts';
import { PROBE_ERRORS } from './probe-call.ts';
import type { NumberedCall } from './probe-component.ts';
import { CODE, readProbeLine } from './probe-words.ts';

/** What was heard of one call. */
interface Heard {
  readonly code: number;
  /** The layer of the last denial that the audit trail told while the call was under way. */
  readonly denied: string | undefined;
}

/** `events`: of the probe's app alone, in the device's order. `stopOf`: what must stop a call in this run. */
export function judgeCalls(
  run: RunKind,
  calls: readonly NumberedCall[],
  events: readonly DeviceEvent[],
  stopOf: (call: NumberedCall) => Stop | undefined,
): readonly MatrixRow[] {
  const heard = hear(events);
  return calls.map((call) => {
    const stop = stopOf(call);
    const told = outcomeOf(call, heard.get(call.number));
    const wanted = stop === undefined ? ALLOWED : { outcome: 'denied', error: stop.error, layer: stop.layer };
    return {
      ...shownAs(call),
      resource: call.resource,
      granted: call.granted,
      run,
      ...told,
      check: stop?.check ?? null,
      pass: told.outcome === wanted.outcome && told.error === wanted.error && told.layer === wanted.layer,
    };
  });
}

type Told = Pick<MatrixRow, 'outcome' | 'error' | 'layer'>;
const ALLOWED: Told = { outcome: 'allowed', error: null, layer: null };

function outcomeOf(call: NumberedCall, heard: Heard | undefined): Told {
  if (heard === undefined || heard.code === CODE.notSet) return { outcome: 'silent', error: null, layer: null };
  if (heard.code === CODE.ok) return ALLOWED;
  const error = PROBE_ERRORS[heard.code - CODE.errorsFrom];
  if (error === undefined) return { outcome: 'denied', error: 'unknown', layer: null };
  return { outcome: 'denied', error, layer: layerOf(call, error, heard.denied) };
}

/**
 * Denials are in the audit trail with their layer, those of a dependency's part on the log. Of the other refusals those in WASI's own words
 * are the stub's, those of the device the driver's, and all of a storage.
 */
function layerOf({ function: name }: NumberedCall, error: ProbeError, denied: string | undefined): Layer {
  if (denied === 'linker' || denied === 'broker' || denied === 'firewall') return denied;
  if (error === 'no-folder') return 'linker';
  if (error === 'not-permitted' || error === 'read-only') return 'stub';
  return name.startsWith('storage.') || error === 'no-device' || error === 'io' ? 'driver' : 'broker';
}

/** How the narrowed broker begins its line (host-apis/stubs/narrowed-broker.ts). */
const DENIED_TO_PART = 'denied to the dependency ';

function hear(events: readonly DeviceEvent[]): ReadonlyMap<number, Heard> {
  const heard = new Map<number, Heard>();
  let denied: string | undefined;
  for (const event of events) {
    if (event.kind === 'denied') denied = event.layer;
    if (event.kind === 'log' && event.message.startsWith(DENIED_TO_PART)) denied = 'linker';
    const line = event.kind === 'log' ? readProbeLine(event.message) : undefined;
    if (line === undefined) continue;
    heard.set(line.call, { code: line.code, denied });
    denied = undefined;
  }
  return heard;
}
