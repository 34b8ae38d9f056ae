// What appraising evidence needs of cryptography, on node:crypto. Named curves only; keeps no key.

import { createHash } from 'node:crypto';
import type { EvidencePrimitives } from '../domain/verify-evidence.ts';
import { verifyEs256 } from './verify-es256.ts';

export const evidenceCrypto: EvidencePrimitives = {
  sha256: (bytes) => Uint8Array.from(createHash('sha256').update(bytes).digest()),
  sha512: (bytes) => Uint8Array.from(createHash('sha512').update(bytes).digest()),
  verifyEs256,
};
