// The denial matrix: a row for each call and run, with who stopped it, and the signature over all of it. It never says more than its rows.

import type { RunKind } from './compositions.ts';
import type { CheckName, Layer } from './probe-call.ts';

export interface MatrixRow {
  /** The manifest's key; `null`: every app may call it. */
  readonly capability: string | null;
  /** WIT interface. */
  readonly interface: string;
  /** WIT function; empty in a row of an import. */
  readonly function: string;
  readonly resource: string;
  readonly granted: boolean;
  /** How the call was made: see `RUNS`. */
  readonly run: RunKind;
  /** `silent`: the probe said nothing of it. */
  readonly outcome: 'allowed' | 'denied' | 'silent';
  /** The code that the call answered. */
  readonly error: string | null;
  /** Who stopped it. */
  readonly layer: Layer | null;
  /** What should have stopped it; a row that fails names it. */
  readonly check: CheckName | null;
  readonly pass: boolean;
}

export interface MutantVerdict {
  /** The check that was taken away. */
  readonly check: CheckName;
  /** The checks that the failing rows named. */
  readonly named: readonly string[];
  /** Exactly the one that was taken away was named. */
  readonly caught: boolean;
}

export interface Mutants {
  readonly tried: number;
  readonly caught: number;
  readonly verdicts: readonly MutantVerdict[];
}

/** A token of the device that ran the calls `shipped`, over the digest of everything else here. */
export interface MatrixSignature {
  readonly kind: 'device-evidence';
  readonly deviceId: string;
  /** SHA-256 in hex of the matrix without this member: see `matrixDigest`. */
  readonly digest: string;
  /** Base64: what `casemate attest explain` reads. */
  readonly token: string;
}

export interface UnsignedMatrix {
  readonly target: string;
  /** SHA-256 in hex of the packaged manifest. */
  readonly manifest: string;
  readonly board: string;
  readonly rows: readonly MatrixRow[];
  readonly passed: number;
  readonly failed: number;
  readonly mutants: Mutants | null;
}

export interface CapabilityMatrix extends UnsignedMatrix {
  readonly signature: MatrixSignature;
}

/** The checks that failing rows name, each once. */
export function namedChecks(rows: readonly MatrixRow[]): readonly string[] {
  return [...new Set(rows.filter(({ pass }) => !pass).map(({ check }) => check ?? 'a granted call'))].sort();
}
