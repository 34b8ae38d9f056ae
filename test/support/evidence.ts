// Makes evidence in tests, true and false: a signer with a key of its own, and claims to change. Never a real device's key.

import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { encodeSign1, sign1SignedBytes } from '../../contracts/core/cose-sign1.ts';
import { deviceIdOf } from '../../contracts/core/device-identity.ts';
import type { EvidenceClaims, EvidenceComponent } from '../../contracts/core/evidence.ts';
import { encodeEvidenceClaims, implementationIdOf, instanceIdOf } from '../../contracts/core/evidence.ts';
import { nodeCrypto } from '../../runtime/adapters/node-crypto.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => nodeCrypto.sha256(bytes);
const component = (measurementType: string, fill: number, signer: number): EvidenceComponent => ({
  measurementType,
  digest: new Uint8Array(32).fill(fill),
  version: measurementType === 'engine' ? 'v26.10.0' : '1',
  signerId: signer === 0 ? undefined : new Uint8Array(32).fill(signer),
});

/** A device of a test: the boot stages in order, and one app. */
export const COMPONENTS: readonly EvidenceComponent[] = [
  component('rom', 1, 0),
  component('engine', 2, 0),
  component('plutonRuntime', 3, 100),
  component('trustedKeystore', 4, 100),
  component('monitor', 5, 100),
  component('os', 6, 100),
  component('app:00000000-0000-4000-8000-00000000000a', 7, 101),
];

export class EvidenceSigner {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SEC 1 point. */
  readonly point: Uint8Array;

  constructor() {
    ({ privateKey: this.privateKey, publicKey: this.publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    this.point = new Uint8Array(this.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65));
  }

  /** What this device truly is, with changes. */
  claims(changes: Partial<EvidenceClaims> = {}): EvidenceClaims {
    return {
      nonce: new Uint8Array(32).fill(9),
      instanceId: instanceIdOf(this.point, sha256),
      clientId: -1,
      securityLifecycle: 'secured',
      implementationId: implementationIdOf('bench', COMPONENTS[0]?.digest ?? new Uint8Array(0), sha256),
      bootSeed: new Uint8Array(32).fill(11),
      components: COMPONENTS,
      deviceId: deviceIdOf(this.point, (bytes) => nodeCrypto.sha512(bytes)),
      identityKey: this.point,
      bootCount: 5,
      board: 'bench',
      certificateKey: undefined,
      customerKey: undefined,
      ...changes,
    };
  }

  token(changes: Partial<EvidenceClaims> = {}): Uint8Array {
    return this.signed(encodeEvidenceClaims(this.claims(changes)));
  }

  signed(payload: Uint8Array): Uint8Array {
    return encodeSign1(payload, this.sign(sign1SignedBytes(payload)));
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(sign('sha256', message, { key: this.privateKey, dsaEncoding: 'ieee-p1363' }));
  }
}
