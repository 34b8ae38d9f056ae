// The crypto block: uses the keys in its slots for what each slot is for. Never gives a private key or the device secret out.

import { CodedError } from '../../contracts/core/coded-error.ts';
import type { CryptoBlock, CryptoFaultCode, CryptoPrimitives, DeviceKeyName, Entropy } from '../hil/crypto.ts';
import type { KeyRows } from '../hil/fuses.ts';

export class CryptoFault extends CodedError<CryptoFaultCode> {}

/** Stands before the purpose, so that a derived key is never the MAC of a message. */
const DERIVATION_CONTEXT = 'casemate device key v1\0';

/** Errors of what uses a slot: `key-not-fused`. */
export function createCryptoBlock(keyRows: KeyRows, primitives: CryptoPrimitives, entropy: Entropy): CryptoBlock {
  const identityKey = (): Uint8Array => fused(keyRows.identityKey(), 'identity');
  const purposeKey = (purpose: string): Uint8Array => {
    const secret = fused(keyRows.deviceSecret(), 'device secret');
    return primitives.hmacSha256(secret, new TextEncoder().encode(DERIVATION_CONTEXT + purpose));
  };
  const deviceKey = ({ purpose, context }: DeviceKeyName): Uint8Array =>
    primitives.hmacSha256(purposeKey(purpose), context);
  return {
    sha256: (bytes) => primitives.sha256(bytes),
    sha512: (bytes) => primitives.sha512(bytes),
    identityPublicKey: () => primitives.p256PublicKey(identityKey()),
    signWithIdentity: (message) => primitives.signP256(identityKey(), message),
    deviceMac: (purpose, message) => primitives.hmacSha256(purposeKey(purpose), message),
    deviceSeal: (name, nonce, plaintext, associated) =>
      primitives.aesGcmSeal(deviceKey(name), nonce, plaintext, associated),
    deviceOpen: (name, nonce, sealed, associated) => primitives.aesGcmOpen(deviceKey(name), nonce, sealed, associated),
    random: (length) => entropy(length),
  };
}

function fused(row: Uint8Array | undefined, name: string): Uint8Array {
  if (row === undefined) throw new CryptoFault('key-not-fused', `the ${name} row is blank`, { fault: 'caller' });
  return row;
}
