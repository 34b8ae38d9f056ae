// Compiles a packaged manifest to the grants that the monitor reads. Never grants what the manifest does not ask for by number.

import { CodedError } from '../core/coded-error.ts';
import type { Grants } from '../core/grants.ts';
import { grantsOf } from '../core/grants.ts';
import type { PackagedManifest } from './manifest-package.ts';

export type CompileGrantsErrorCode = 'grants-memory-out-of-range';
export class CompileGrantsError extends CodedError<CompileGrantsErrorCode> {}

/** What a manifest cannot say: no key of Azure Sphere's is for memory, there it is one limit for all apps of the chip. */
export interface GrantTerms {
  /** Upper bound of all linear memories together, bytes: 1 to 2^32 - 1. */
  readonly memoryBytes: number;
}

/**
 * The grants of an app. Same manifest and terms, same grants: packager, AS3 and OS each compile for themselves and compare the bytes
 * (`encodeGrants`). Errors: `grants-memory-out-of-range`.
 */
export function compileGrants(manifest: PackagedManifest, { memoryBytes }: GrantTerms): Grants {
  if (!Number.isInteger(memoryBytes) || memoryBytes < 1 || memoryBytes > 0xffff_ffff) {
    throw new CompileGrantsError('grants-memory-out-of-range', `${memoryBytes} bytes of memory`, { fault: 'caller' });
  }
  // Through the bytes and back, so that what leaves here is what every reader will see.
  return grantsOf({ memoryBytes, ...manifest.asked, gpioPins: manifest.gpioPins });
}
