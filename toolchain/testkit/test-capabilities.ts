// The capability test kit: what a manifest grants, tried on devices call by call, with a matrix that its device signs. Never on a device
// that somebody keeps, and never with a key that outlives the run in builds that open something.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { compileGrants } from '../../contracts/wire/compile-grants.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { MT3620_RDB } from '../../runtime/board/mt3620_rdb.ts';
import type { Bench } from '../cli/bench.ts';
import { withFreshDevice } from '../cli/fresh-device.ts';
import type { Profile } from '../factory/profile.ts';
import { prepareProfile } from '../factory/profile.ts';
import type { BundleEdit, RunKind } from './compositions.ts';
import { isHurried } from './compositions.ts';
import type { DerivedCalls } from './derive-calls.ts';
import { OWNED_PIN_CHECK, deriveCalls } from './derive-calls.ts';
import { KitReleases } from './kit-releases.ts';
import type { CapabilityMatrix, MatrixRow, Mutants, MutantVerdict, UnsignedMatrix } from './matrix.ts';
import { namedChecks } from './matrix.ts';
import type { Mutant } from './mutants.ts';
import { editsOf, mutantOf } from './mutants.ts';
import { neighbourOf } from './neighbour.ts';
import type { PartCalls } from './part-calls.ts';
import { deriveParts } from './part-calls.ts';
import { withoutDependencies } from './played-manifest.ts';
import type { Subject } from './subject.ts';
import { callsOf, playMutant, playRun, prepareSeries } from './play-run.ts';
import { withKitServer } from './kit-server.ts';
import type { CheckName } from './probe-call.ts';
import { sha256, signMatrix } from './sign-matrix.ts';

const { appMemoryLimitBytes: MEMORY_BYTES } = MT3620_RDB;
/** Each is a device of four processes. */
const DEVICES_AT_ONCE = 2;

export interface KitTest {
  /** As the caller named it. */
  readonly target: string;
  readonly manifest: PackagedManifest;
  readonly board: string;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface CapabilityTest extends KitTest {
  /** Whose sound release and development key the shipped calls are made with. */
  readonly profile: Profile;
  /** Take each check away in turn, and see that the kit names it. */
  readonly mutants?: boolean;
}

/**
 * Tries every call that the capability table derives for a manifest. For a test of one's own app:
 *
 * ```ts
 * const { rows } = await testCapabilities({ target: 'apps/blink', manifest, board: 'mt3620_rdb', profile });
 * t.deepEqual(rows.filter(({ pass }) => !pass), []);
 * ```
 *
 * Errors: `TestkitErrorCode`, those of the profile and the device. A call that goes wrong is a row, never an error.
 */
export async function testCapabilities(test: CapabilityTest): Promise<CapabilityMatrix> {
  const { profile, onProgress = () => undefined } = test;
  const subject = subjectOf(test);
  return withKit(test, async (kit) => {
    onProgress('calls of a runner that was taken over');
    const takenOver = await kit.play('taken-over');
    onProgress('calls with the broker opened');
    const opened = [...(await kit.play('opened')), ...(await kit.play('opened-taken-over'))];
    const mutants = test.mutants === true ? await kit.tryMutants(claimedChecks(subject.derived, subject.parts)) : null;
    onProgress('calls of a guest on the OS as it ships');
    const device = { profile, board: test.board, names: new Map(), ...signalOf(test) };
    return withFreshDevice(device, async (bench) => {
      const shipped = await playRun('shipped', { ...subject, key: profile.developmentKey }, bench);
      const matrix = matrixOf(test, [...shipped, ...takenOver, ...opened], mutants);
      return signMatrix(matrix, (nonce) => bench.client.collectEvidence(nonce));
    });
  });
}

/** Takes these checks away, each in a build of its own, and says which ones the kit then named. Errors: as `testCapabilities`. */
export function tryMutants(test: KitTest, checks: readonly CheckName[]): Promise<Mutants> {
  return withKit(test, (kit) => kit.tryMutants(checks));
}

function subjectOf({ manifest }: KitTest): Omit<Subject, 'key'> {
  const grants = compileGrants(manifest, { memoryBytes: MEMORY_BYTES });
  const neighbour = neighbourOf(grants);
  const derived = deriveCalls(grants, neighbour);
  const parts = deriveParts(manifest, grants, neighbour);
  const { hosts } = grants;
  const probes = { manifest: withoutDependencies(manifest), memoryBytes: MEMORY_BYTES, isHurried: false };
  return { ...probes, whole: manifest, hosts, neighbour, derived, parts };
}

function matrixOf(
  { target, manifest, board }: CapabilityTest,
  rows: readonly MatrixRow[],
  mutants: Mutants | null,
): UnsignedMatrix {
  const passed = rows.filter(({ pass }) => pass).length;
  const digest = bytesToHex(sha256(manifest.bytes));
  return { target, manifest: digest, board, rows, passed, failed: rows.length - passed, mutants };
}

function signalOf({ signal }: KitTest): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** An authority, a factory and a developer's key for builds that open something: no other device boots them, and the keys go with the run. */
async function withKit<Result>(test: KitTest, work: (kit: Kit) => Promise<Result>): Promise<Result> {
  const state = await mkdtemp(join(tmpdir(), 'casemate-kit-'));
  try {
    const profile = await prepareProfile(state);
    return await work(new Kit(test, { ...subjectOf(test), key: profile.developmentKey }, profile));
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

class Kit {
  readonly #test: KitTest;
  readonly #subject: Subject;
  readonly #profile: Profile;
  readonly #releases: KitReleases;

  constructor(test: KitTest, subject: Subject, profile: Profile) {
    this.#test = test;
    this.#subject = subject;
    this.#profile = profile;
    this.#releases = new KitReleases(profile);
  }

  /** One run on a device of the kit's own. */
  async play(run: RunKind): Promise<readonly MatrixRow[]> {
    if (callsOf(run, this.#subject.derived).length === 0) return [];
    const subject = { ...this.#subject, isHurried: isHurried(run) };
    return this.#onDevice(run, [], (bench) => playRun(run, subject, bench));
  }

  /** Mutants of one series share a device, and each has a probe of its own. */
  async tryMutants(checks: readonly CheckName[]): Promise<Mutants> {
    const verdicts: MutantVerdict[] = [];
    const waiting = seriesOf(checks.map((check) => mutantOf(check)));
    const tryNext = async (): Promise<void> => {
      for (let series = waiting.shift(); series !== undefined; series = waiting.shift()) {
        await this.#trySeries(series, (verdict) => {
          verdicts.push(verdict);
          this.#tell(`without ${verdict.check} (${verdicts.length} of ${checks.length})`);
        });
      }
    };
    await Promise.all(Array.from({ length: DEVICES_AT_ONCE }, tryNext));
    verdicts.sort((a, b) => (a.check < b.check ? -1 : 1));
    return { tried: verdicts.length, caught: verdicts.filter(({ caught }) => caught).length, verdicts };
  }

  /** The row of the bus has no check of its own: it only echoes what the others say. */
  async #trySeries(series: readonly Mutant[], done: (verdict: MutantVerdict) => void): Promise<void> {
    const [first] = series;
    if (first === undefined) return;
    const { run, rows: group } = first;
    const hurried = { ...this.#subject, isHurried: true };
    await this.#onDevice(run, editsOf(series, MEMORY_BYTES), (bench) =>
      withKitServer(hurried.hosts, bench, async () => {
        await prepareSeries(run, group, hurried, bench);
        for (const [index, { check }] of series.entries()) {
          const subject = first.inSeries ? { ...hurried, memoryBytes: MEMORY_BYTES - 1 - index } : hurried;
          const rows = await playMutant(run, group, subject, bench);
          const named = namedChecks(rows.filter((row) => row.check !== null || row.granted));
          done({ check, named, caught: named.length === 1 && named[0] === check });
        }
      }),
    );
  }

  async #onDevice<Result>(
    run: RunKind,
    edits: readonly BundleEdit[],
    work: (bench: Bench) => Promise<Result>,
  ): Promise<Result> {
    const release = await this.#releases.make(run, edits);
    const { board } = this.#test;
    const device = { profile: this.#profile, board, names: new Map(), release, ...signalOf(this.#test) };
    return withFreshDevice(device, work);
  }

  #tell(text: string): void {
    this.#test.onProgress?.(text);
  }
}

/** Long series first, so that the last device is not the one with most to do. */
function seriesOf(mutants: readonly Mutant[]): (readonly Mutant[])[] {
  const groups = new Map<string, Mutant[]>();
  for (const mutant of mutants) {
    const { check, run, rows, inSeries, place } = mutant;
    const key = inSeries ? `${run} ${rows} ${place.bundle}` : check;
    groups.set(key, [...(groups.get(key) ?? []), mutant]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

/** Every check that a row of this manifest relies on. */
export function claimedChecks(
  { calls, closed, ownedPin }: DerivedCalls,
  parts: readonly PartCalls[] = [],
): readonly CheckName[] {
  const stops = [...calls, ...parts.flatMap((part) => part.calls)].flatMap(({ stop, behind }) =>
    [stop, behind].flatMap((each) => each?.check ?? []),
  );
  const owned = ownedPin === undefined ? [] : [OWNED_PIN_CHECK];
  return [
    ...new Set([...stops, ...[closed, ...parts.map((part) => part.closed)].flat().map(({ check }) => check), ...owned]),
  ].sort();
}
