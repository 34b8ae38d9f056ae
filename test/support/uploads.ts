// App packages for the service's tests, good ones and any single thing wrong with them, and publishers who sign them. It must never
// be used outside tests.

import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { encodeGrants } from '../../contracts/core/grants.ts';
import { encodeImageFiles } from '../../contracts/core/image-files.ts';
import type { ImageSignature } from '../../contracts/core/image-signatures.ts';
import { encodeSignatures } from '../../contracts/core/image-signatures.ts';
import type { ImageKind } from '../../contracts/core/image.ts';
import { decodeImage, encodeImage, withSignatures } from '../../contracts/core/image.ts';
import type { ComponentId } from '../../contracts/core/ids.ts';
import { toLowS } from '../../contracts/core/p256.ts';
import { encodeImageMetadata } from '../../contracts/wire/image-metadata.ts';
import { BLINK, deviceApp, sha256 } from './device-app.ts';

export interface Publisher {
  /** SEC 1 point. */
  readonly publicKey: Uint8Array;
  readonly privateKey: KeyObject;
  sign(packageBytes: Uint8Array): Uint8Array;
}

/** A P-256 key as a point, with its private half. */
export function pointOf(privateKey: KeyObject): Uint8Array {
  const { x = '', y = '' } = privateKey.export({ format: 'jwk' });
  return Uint8Array.from(Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]));
}

export function es256(privateKey: KeyObject, message: Uint8Array): Uint8Array {
  return toLowS(Uint8Array.from(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })));
}

export function publisher(): Publisher {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = pointOf(privateKey);
  return {
    publicKey,
    privateKey,
    sign(packageBytes) {
      const { signedBytes } = decodeImage(packageBytes, sha256);
      const signature: ImageSignature = {
        role: 'publisher',
        algorithm: 'ecdsa-p256-sha256',
        keyId: sha256(publicKey),
        signature: es256(privateKey, signedBytes),
      };
      return withSignatures(packageBytes, encodeSignatures([signature]));
    },
  };
}

export const APP = '11111111-2222-3333-4444-555555555555' as ComponentId;

export interface AppWanted {
  readonly catalogId: string;
  readonly componentId?: ComponentId;
  readonly rollbackIndex?: number;
  readonly version?: string;
  readonly kind?: ImageKind;
  /** In the place of what fits the rest. */
  readonly component?: Uint8Array;
  readonly manifest?: Uint8Array;
  readonly metadata?: Uint8Array;
  readonly files?: Uint8Array;
  readonly gpioOfGrants?: readonly number[];
  readonly gpioOfManifest?: readonly number[];
}

let blink: Promise<Uint8Array> | undefined;
/** A real component that imports gpio and log. */
export function blinkComponent(): Promise<Uint8Array> {
  blink ??= deviceApp(BLINK.imports, BLINK.functions);
  return blink;
}

/** An unsigned package that a service takes, but for what is asked to be otherwise. */
export async function appPackage(wanted: AppWanted): Promise<Uint8Array> {
  const { componentId = APP, gpioOfManifest = [9], gpioOfGrants = gpioOfManifest, kind = 'application' } = wanted;
  const manifest = {
    SchemaVersion: 1,
    Name: 'Blink',
    ComponentId: componentId,
    EntryPoint: '/bin/app',
    CmdArgs: [],
    Capabilities: gpioOfManifest.length === 0 ? {} : { Gpio: gpioOfManifest },
    ApplicationType: 'Default',
  };
  const metadata = { name: 'Blink', version: wanted.version ?? '1.0.0', language: 'c', hardware: '' };
  return encodeImage(
    {
      kind,
      rollbackIndex: wanted.rollbackIndex ?? 1,
      componentId,
      catalogId: wanted.catalogId as ComponentId,
      grantBytes: encodeGrants({ memoryBytes: 256 * 1024, gpioPins: gpioOfGrants }),
      manifest: wanted.manifest ?? new TextEncoder().encode(JSON.stringify(manifest)),
      metadata: wanted.metadata ?? encodeImageMetadata(metadata),
      component: wanted.component ?? (await blinkComponent()),
      files: wanted.files ?? encodeImageFiles(new Map()),
    },
    sha256,
  );
}
