// Nonces that the service hands out and takes back without keeping them: it knows its own by a MAC. Never good for anything but
// what it was given for, and never for longer than five minutes; that each is good once is the store's to see to.

import { ByteReader, ByteWriter, concatBytes } from '../../contracts/core/bytes.ts';
import type { ComponentId, DeviceId } from '../../contracts/core/ids.ts';
import { componentIdToBytes, deviceIdToBytes } from '../../contracts/core/ids.ts';
import { SERVICE_NONCE_BYTES } from '../../contracts/wire/device-api.ts';
import { DeviceRefusal } from './device-refusal.ts';
import type { Clock } from './ports.ts';

/** What a nonce is good for: a device's attestation, or the claim of some device into one catalog. */
export type NoncePurpose =
  | { readonly kind: 'attest'; readonly deviceId: DeviceId }
  | { readonly kind: 'claim'; readonly catalogId: ComponentId };

export interface NoncePrimitives {
  random(length: number): Uint8Array;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
}

export interface GivenNonce {
  /** 16 random bytes, when it was given (u64, milliseconds since 1970), and 24 bytes of HMAC-SHA-256 over both and the purpose. */
  readonly nonce: Uint8Array;
  readonly expiresInSeconds: number;
}

export const NONCE_LIFE_MS = 5 * 60 * 1000;
/** Clocks of two processes of one service differ; a nonce from further ahead is nobody's. */
const AHEAD_MS = 60_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 8;
/** 192 bits: nobody guesses it, and random, time and MAC together are a nonce of RFC 9783. */
const MAC_BYTES = SERVICE_NONCE_BYTES - RANDOM_BYTES - TIME_BYTES;
const CONTEXT = new TextEncoder().encode('casemate service nonce v1\0');
const PURPOSE = { attest: 1, claim: 2 } as const;

export class ServiceNonces {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #primitives: NoncePrimitives;

  /** `secret`: 32 bytes that no one else has. */
  constructor(secret: Uint8Array, clock: Clock, primitives: NoncePrimitives) {
    this.#secret = secret;
    this.#clock = clock;
    this.#primitives = primitives;
  }

  give(purpose: NoncePurpose): GivenNonce {
    const random = this.#primitives.random(RANDOM_BYTES);
    const unsigned = new ByteWriter().bytes(random).u64(BigInt(this.#clock.nowMs())).finish();
    const nonce = concatBytes(unsigned, this.#mac(unsigned, purpose));
    return { nonce, expiresInSeconds: NONCE_LIFE_MS / 1000 };
  }

  /** When it ends. Errors: `nonce-not-ours`, `nonce-expired`. */
  check(nonce: Uint8Array, purpose: NoncePurpose): { readonly expiresMs: number } {
    const unsigned = nonce.subarray(0, RANDOM_BYTES + TIME_BYTES);
    const isOurs =
      nonce.length === SERVICE_NONCE_BYTES && isSameMac(nonce.subarray(-MAC_BYTES), this.#mac(unsigned, purpose));
    if (!isOurs) throw refused('nonce-not-ours', 'not a nonce that this service gave for this');
    const givenMs = Number(new ByteReader(unsigned.subarray(RANDOM_BYTES)).u64());
    const nowMs = this.#clock.nowMs();
    if (nowMs > givenMs + NONCE_LIFE_MS || nowMs < givenMs - AHEAD_MS)
      throw refused('nonce-expired', 'the nonce is no longer good');
    return { expiresMs: givenMs + NONCE_LIFE_MS };
  }

  #mac(unsigned: Uint8Array, purpose: NoncePurpose): Uint8Array {
    const subject =
      purpose.kind === 'attest' ? deviceIdToBytes(purpose.deviceId) : componentIdToBytes(purpose.catalogId);
    const message = concatBytes(CONTEXT, Uint8Array.of(PURPOSE[purpose.kind]), subject, unsigned);
    return this.#primitives.hmacSha256(this.#secret, message).subarray(0, MAC_BYTES);
  }
}

/** In one time for all inputs: how many bytes were right must not be learnt from how long it took. */
function isSameMac(a: Uint8Array, b: Uint8Array): boolean {
  return a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0xff)), a.length ^ b.length) === 0;
}

function refused(code: 'nonce-not-ours' | 'nonce-expired', message: string): DeviceRefusal {
  return new DeviceRefusal(code, message, {
    hint: 'ask for a nonce and collect evidence over it',
    details: { claim: 'nonce' },
  });
}
