// The manifest under test as a probe carries it: without the dependencies it names, or with one that the kit supplies in its place, under that
// one's own part of the grants. Never with a grant more than the manifest has.

import type { PackagedDependency, PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import { TestkitError } from './testkit-error.ts';
import { sha256 } from './sign-matrix.ts';

/** Where the kit's dependency lies in the probe's image. */
const PART_FILE = 'kit/part.wasm';

export interface PlayedManifest {
  readonly manifest: PackagedManifest;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The manifest for a probe that has no dependency. */
export function withoutDependencies(manifest: PackagedManifest): PackagedManifest {
  return manifest.dependencies.length === 0 ? manifest : withDependencies(manifest, []);
}

/** The manifest with one of its dependencies, supplied by the kit, and with that one's own part. */
export function withPart(
  manifest: PackagedManifest,
  { import: name, component }: PackagedDependency,
  bytes: Uint8Array,
): PlayedManifest {
  const digest = bytesToHex(sha256(bytes));
  const own = dependenciesOf(manifest).filter((one) => one.Import === name && one.Component === component);
  const supplied = own.map((one) => ({ ...one, Component: PART_FILE, Sha256: digest }));
  return { manifest: withDependencies(manifest, supplied), files: new Map([[PART_FILE, bytes]]) };
}

interface WrittenDependency {
  readonly Import: string;
  readonly Component: string;
}

/** The text was checked: it came from a packaged manifest. */
function dependenciesOf({ bytes }: PackagedManifest): readonly WrittenDependency[] {
  const { Dependencies: list } = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly Dependencies: readonly WrittenDependency[];
  };
  return list;
}

function withDependencies({ bytes }: PackagedManifest, list: readonly WrittenDependency[]): PackagedManifest {
  const { Dependencies: _, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const text = JSON.stringify(list.length === 0 ? rest : { ...rest, Dependencies: list });
  const verdict = checkPackagedManifest(new TextEncoder().encode(text));
  if (!verdict.ok) throw new TestkitError('target-unreadable', `the probe's manifest: ${verdict.errors[0]?.message}`);
  return verdict.packaged;
}
