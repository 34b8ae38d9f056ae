// Makes an operating system release: four image packages, signed for the platform. Never signs by itself: the authority's
// program does, and the device checks.

import { BUILD_TIME_FILE, PLATFORM_KEY_FILE, GROUP_RUNNER_FILE, RUNNER_FILE } from '../../contracts/core/boot-files.ts';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Packr } from 'msgpackr';
import type { ImageKind, ImageParts } from '../../contracts/core/image.ts';
import { encodeImage } from '../../contracts/core/image.ts';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { parseComponentId } from '../../contracts/core/ids.ts';
import { KEYSTORE_FILES, encodeTrustedKeystore } from '../../contracts/core/trusted-keystore.ts';
import type { AuthorityClient } from './authority-client.ts';
import type { Bundle, BundleName } from './bundle.ts';
import { inCheckout } from './checkout.ts';
import { RELEASE_TIME_SECONDS } from './release-time.ts';
import type { TrustAnchors } from './trust-anchors.ts';

/** The images of a release, in boot order. */
export const RELEASE_IMAGES = [
  'plutonRuntime',
  'trustedKeystore',
  'monitor',
  'os',
] as const satisfies readonly ImageKind[];
export type ReleaseImage = (typeof RELEASE_IMAGES)[number];

export interface OsRelease {
  readonly version: string;
  /** Signed packages. */
  readonly images: Readonly<Record<ReleaseImage, Uint8Array>>;
}

/**
 * Raised with a release that closes a hole, so that devices never go back before it. The fuses follow it; it has 256 steps
 * for the life of a device.
 */
const ROLLBACK_INDEX: Readonly<Record<ReleaseImage, number>> = {
  plutonRuntime: 1,
  trustedKeystore: 1,
  monitor: 1,
  os: 1,
};
const COMPONENTS: Readonly<Record<ReleaseImage, { readonly id: ComponentId; readonly name: string }>> = {
  plutonRuntime: { id: known('6b0f6a4e-52a5-4c0e-9d6c-0a1f4f1d7c01'), name: 'Casemate Pluton runtime' },
  trustedKeystore: { id: known('6b0f6a4e-52a5-4c0e-9d6c-0a1f4f1d7c02'), name: 'Casemate trusted keystore' },
  monitor: { id: known('6b0f6a4e-52a5-4c0e-9d6c-0a1f4f1d7c03'), name: 'Casemate security monitor' },
  os: { id: known('6b0f6a4e-52a5-4c0e-9d6c-0a1f4f1d7c04'), name: 'Casemate OS' },
};

const packr = new Packr({ useRecords: false });
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** The version in the checkout's package.json: what `device show` calls the OS version. */
export function releaseVersion(): string {
  return (JSON.parse(readFileSync(inCheckout('package.json'), 'utf8')) as { version: string }).version;
}

/** Errors: those of the authority; `ImageErrorCode` for bundles beyond all bounds. */
export async function makeRelease(
  bundles: Readonly<Record<BundleName, Bundle>>,
  anchors: TrustAnchors,
  authority: AuthorityClient,
  { isAttack = false }: { readonly isAttack?: boolean } = {},
): Promise<OsRelease> {
  const version = releaseVersion();
  const contents: Readonly<Record<ReleaseImage, Pick<ImageParts, 'component' | 'files'>>> = {
    plutonRuntime: {
      component: bundles.plutonRuntime.code,
      files: filesOf([[PLATFORM_KEY_FILE, anchors.platformKey]]),
    },
    trustedKeystore: { component: keystoreOf(anchors), files: keystoreFiles(anchors) },
    monitor: { component: bundles.monitor.code },
    os: {
      component: bundles.os.code,
      files: filesOf([
        [RUNNER_FILE, bundles.compartment.code],
        [GROUP_RUNNER_FILE, bundles.group.code],
        [BUILD_TIME_FILE, new TextEncoder().encode(String(RELEASE_TIME_SECONDS))],
      ]),
    },
  };
  const images = await Promise.all(
    RELEASE_IMAGES.map(async (kind) => {
      const name = isAttack ? `${COMPONENTS[kind].name}, an attack` : COMPONENTS[kind].name;
      const metadata = new Uint8Array(packr.pack({ name, version }));
      const rollbackIndex = ROLLBACK_INDEX[kind];
      const unsigned = encodeImage(
        { kind, rollbackIndex, componentId: COMPONENTS[kind].id, metadata, ...contents[kind] },
        sha256,
      );
      return [kind, await authority.signImage(unsigned, 'platform', { isWithheld: isAttack })] as const;
    }),
  );
  return { version, images: Object.fromEntries(images) as Record<ReleaseImage, Uint8Array> };
}

function keystoreOf(anchors: TrustAnchors): Uint8Array {
  return encodeTrustedKeystore([
    { role: 'platform', publicKey: anchors.platformKey },
    { role: 'serviceImage', publicKey: anchors.serviceImageKey },
    { role: 'deviceCapability', publicKey: anchors.deviceCapabilityKey },
    { role: 'time', publicKey: anchors.timeKey },
    { role: 'deviceClaim', publicKey: anchors.deviceClaimKey },
  ]);
}

function keystoreFiles(anchors: TrustAnchors): Uint8Array {
  return filesOf([
    [KEYSTORE_FILES.tufRoot, anchors.tufRoot],
    [KEYSTORE_FILES.serviceCa, anchors.serviceCa],
  ]);
}

function filesOf(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  return encodeImageFiles(new Map(entries));
}

function known(text: string): ComponentId {
  const id = parseComponentId(text);
  if (id === undefined) throw new TypeError(`${text} is no component id`);
  return id;
}
