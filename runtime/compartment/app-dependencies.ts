// The dependencies of an app as the linker takes them: out of its own verified image, held to their digests, each with its part of the
// grants. Never a component from anywhere else, and never one whose bytes are not the ones that the manifest names.

import { ComponentError } from '../../component/component-error.ts';
import type { OfferSource } from '../../component/host-interface.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import { bytesToHex } from '../../contracts/core/ids.ts';
import type { Sha256 } from '../../contracts/core/image.ts';
import type { ImageFiles } from '../../contracts/core/image-files.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { PackagedDependency } from '../../contracts/wire/manifest-package.ts';
import type { BrokerClient } from '../../host-apis/stubs/broker-pipe.ts';
import type { NarrowedGrants } from '../../host-apis/stubs/narrowed-broker.ts';
import { NarrowedBroker } from '../../host-apis/stubs/narrowed-broker.ts';
import { admitImports } from './admit-imports.ts';
import type { LinkDependency } from './link.ts';

export interface DependencyParts {
  readonly manifest: Uint8Array;
  readonly grants: Grants;
  readonly files: ImageFiles;
  readonly broker: BrokerClient;
  readonly sha256: Sha256;
  /** What a component of this device may be offered, behind this broker. */
  readonly offersBehind: (broker: BrokerClient, grants: NarrowedGrants) => OfferSource;
}

const KEY = new TextEncoder().encode('"Dependencies"');

/** Errors: `dependency-malformed`, `dependency-digest-mismatch`; later, as they are linked, those of the linker. */
export function appDependencies({
  manifest,
  grants,
  files,
  broker,
  sha256,
  offersBehind,
}: DependencyParts): readonly LinkDependency[] {
  // Most apps have none, and start without a reader of manifests.
  if (!holds(manifest, KEY)) return [];
  const verdict = checkPackagedManifest(manifest);
  if (!verdict.ok) throw new ComponentError('dependency-malformed', verdict.errors[0]?.code ?? 'the manifest');
  return verdict.packaged.dependencies.map((dependency) => {
    const { import: name, component, sha256: digest, gpioPins, asked } = dependency;
    const bytes = files.get(component);
    if (bytes === undefined || bytesToHex(sha256(bytes)) !== digest) {
      throw new ComponentError(
        'dependency-digest-mismatch',
        `${component} is not the component that the manifest names`,
      );
    }
    const part: NarrowedGrants = { ...asked, gpioPins };
    if (!isPartOf(dependency, grants))
      throw new ComponentError('dependency-malformed', `${name} asks for more than the app is granted`);
    const offers = offersBehind(new NarrowedBroker(broker, name, part), part);
    return { name, bytes, offers, admit: (definition) => admitImports(definition, part) };
  });
}

/** The manifest was checked for it; the grants are what the monitor verified, and they decide. */
function isPartOf({ gpioPins, asked }: PackagedDependency, grants: Grants): boolean {
  const within = <Item,>(some: readonly Item[], all: readonly Item[]): boolean =>
    some.every((item) => all.includes(item));
  return (
    within(gpioPins, grants.gpioPins) &&
    within(asked.hosts, grants.hosts) &&
    within(asked.tcpServerPorts, grants.tcpServerPorts) &&
    within(asked.udpServerPorts, grants.udpServerPorts) &&
    asked.storageBytes <= grants.storageBytes
  );
}

function holds(bytes: Uint8Array, text: Uint8Array): boolean {
  const [first = 0] = text;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (text.every((byte, index) => bytes[at + index] === byte)) return true;
  }
  return false;
}
