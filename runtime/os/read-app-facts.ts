// Reads an application's package and compares its two statements of rights: the manifest that people read and the grants that
// the silicon is programmed from. Never lets a package through in which they differ.

import { sameBytes } from '../../contracts/core/bytes.ts';
import { encodeGrants } from '../../contracts/core/grants.ts';
import type { Grants } from '../../contracts/core/grants.ts';
import { decodeImage } from '../../contracts/core/image.ts';
import type { ImagePackage, Sha256 } from '../../contracts/core/image.ts';
import { compileGrants } from '../../contracts/wire/compile-grants.ts';
import { decodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import type { PackagedManifest } from '../../contracts/wire/manifest-package.ts';
import { checkPackagedManifest } from '../../contracts/wire/manifest-package.ts';
import type { ReadAppFacts } from './app-facts.ts';
import { OsError } from './os-error.ts';

/**
 * Signatures are the monitor's business; this is what the monitor leaves to the OS, since it reads no JSON. Errors of the
 * reader: `image-kind-not-application`, `manifest-invalid`, `grants-mismatch`, and those of `decodeImage`, `decodeImageMetadata`.
 */
export function appFactsReader(sha256: Sha256): ReadAppFacts {
  return (packageBytes) => {
    const image = decodeImage(packageBytes, sha256);
    const { componentId, imageId, grants } = image;
    if (image.kind !== 'application' || grants === undefined) {
      throw new OsError('image-kind-not-application', `an image of kind ${image.kind}`);
    }
    const manifest = manifestOf(image);
    checkSameGrants(manifest, grants);
    const { version } = decodeImageMetadata(image.metadata);
    return { componentId, imageId, name: manifest.name, version, grants };
  };
}

function manifestOf({ manifest: bytes, componentId }: ImagePackage): PackagedManifest {
  const verdict = checkPackagedManifest(bytes);
  if (!verdict.ok) {
    const [first] = verdict.errors;
    throw new OsError(
      'manifest-invalid',
      `${first?.code ?? 'unknown'} at ${first?.path ?? '/'}: ${first?.message ?? ''}`,
    );
  }
  if (verdict.packaged.componentId !== componentId) {
    throw new OsError(
      'manifest-invalid',
      `the manifest is of ${verdict.packaged.componentId}, the image of ${componentId}`,
    );
  }
  return verdict.packaged;
}

/** A manifest says nothing about memory: its share of the grants is the packager's, under the board's limit (the monitor's check). */
function checkSameGrants(manifest: PackagedManifest, grants: Grants): void {
  const wanted = compileGrants(manifest, { memoryBytes: grants.memoryBytes });
  if (sameBytes(encodeGrants(wanted), encodeGrants(grants))) return;
  const list = ({ gpioPins }: Grants): string => `GPIO ${gpioPins.join(', ') || 'none'}`;
  throw new OsError('grants-mismatch', `the manifest asks for ${list(wanted)}, the image grants ${list(grants)}`, {
    hint: 'build the package again: somebody changed the manifest or the grants after they were compiled',
  });
}
