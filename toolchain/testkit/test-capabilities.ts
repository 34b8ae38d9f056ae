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
import type { DerivedCalls } from './derive-calls.ts';
import { OWNED_PIN_CHECK, deriveCalls } from './derive-calls.ts';
import { KitReleases } from './kit-releases.ts';
import type { CapabilityMatrix, MatrixRow, Mutants, MutantVerdict, UnsignedMatrix } from './matrix.ts';
import { namedChecks } from './matrix.ts';
import type { Mutant } from './mutants.ts';
import { mutantOf } from './mutants.ts';
import { neighbourOf } from './neighbour.ts';
import type { Subject } from './play-run.ts';
import { callsOf, playRun } from './play-run.ts';
import type { CheckName } from './probe-call.ts';
import { sha256, signMatrix } from './sign-matrix.ts';

/** Each is a device of four processes. */
const MUTANTS_AT_ONCE = 2;

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
    const mutants = test.mutants === true ? await kit.tryMutants(claimedChecks(subject.derived)) : null;
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
  const grants = compileGrants(manifest, { memoryBytes: MT3620_RDB.appMemoryLimitBytes });
  const neighbour = neighbourOf(grants);
  return { manifest, neighbour, derived: deriveCalls(grants, neighbour) };
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
  async play(run: RunKind, edits: readonly BundleEdit[] = []): Promise<readonly MatrixRow[]> {
    if (callsOf(run, this.#subject.derived).length === 0 && run !== 'shipped') return [];
    const release = await this.#releases.make(run, edits);
    const { board } = this.#test;
    const device = { profile: this.#profile, board, names: new Map(), release, ...signalOf(this.#test) };
    return withFreshDevice(device, (bench: Bench) => playRun(run, this.#subject, bench));
  }

  async tryMutants(checks: readonly CheckName[]): Promise<Mutants> {
    const { onProgress = () => undefined } = this.#test;
    const verdicts: MutantVerdict[] = [];
    const waiting = checks.map((check) => mutantOf(check));
    const tryNext = async (): Promise<void> => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        onProgress(`without ${mutant.check} (${checks.length - waiting.length} of ${checks.length})`);
        verdicts.push(await this.#try(mutant));
      }
    };
    await Promise.all(Array.from({ length: MUTANTS_AT_ONCE }, tryNext));
    verdicts.sort((a, b) => (a.check < b.check ? -1 : 1));
    return { tried: verdicts.length, caught: verdicts.filter(({ caught }) => caught).length, verdicts };
  }

  /** The row of the bus has no check of its own: it only echoes what the others say. */
  async #try({ check, run, edits }: Mutant): Promise<MutantVerdict> {
    const rows = await this.play(run, edits);
    const named = namedChecks(rows.filter((row) => row.check !== null || row.granted));
    return { check, named, caught: named.length === 1 && named[0] === check };
  }
}

/** Every check that a row of this manifest relies on. */
export function claimedChecks({ calls, closed, ownedPin }: DerivedCalls): readonly CheckName[] {
  const stops = calls.flatMap(({ stop, behind }) => [stop, behind].flatMap((each) => each?.check ?? []));
  const owned = ownedPin === undefined ? [] : [OWNED_PIN_CHECK];
  return [...new Set([...stops, ...closed.map(({ check }) => check), ...owned])].sort();
}
