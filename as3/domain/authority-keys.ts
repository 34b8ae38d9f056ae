// Which keys a service has and the one thing that each may sign. Never two purposes on one key: a signature that is good
// for one statement must not be presentable as another.

import type { ImageKind } from '../../contracts/core/image.ts';

/** Everything that the authority ever signs. */
export type SigningPurpose =
  | 'platform-image'
  | 'service-image'
  | 'device-capability'
  | 'signed-time'
  | 'device-claim'
  | 'tuf-root'
  | 'tuf-targets'
  | 'tuf-snapshot'
  | 'tuf-timestamp'
  | 'ca-certificate';

interface KeyRule {
  readonly curve: 'P-256' | 'P-384';
  readonly signs: SigningPurpose;
}

export const AUTHORITY_KEYS = {
  platform: { curve: 'P-256', signs: 'platform-image' },
  'service-image': { curve: 'P-256', signs: 'service-image' },
  'device-capability': { curve: 'P-256', signs: 'device-capability' },
  time: { curve: 'P-256', signs: 'signed-time' },
  'device-claim': { curve: 'P-256', signs: 'device-claim' },
  'tuf-root': { curve: 'P-256', signs: 'tuf-root' },
  'tuf-targets': { curve: 'P-256', signs: 'tuf-targets' },
  'tuf-snapshot': { curve: 'P-256', signs: 'tuf-snapshot' },
  'tuf-timestamp': { curve: 'P-256', signs: 'tuf-timestamp' },
  // The chain is root P-384, policy CA P-384, tenant CA P-256, device: the long-lived end gets the larger margin.
  'ca-root': { curve: 'P-384', signs: 'ca-certificate' },
} as const satisfies Readonly<Record<string, KeyRule>>;
export type AuthorityKeyName = keyof typeof AUTHORITY_KEYS;
export const AUTHORITY_KEY_NAMES = Object.keys(AUTHORITY_KEYS) as readonly AuthorityKeyName[];
/** Keys that authorities made before them do not have. Those are made when such an authority is opened; any other is a loss. */
export const LATER_KEY_NAMES: readonly AuthorityKeyName[] = ['device-claim'];

/** Who may sign which images: the platform key what the device boots, the service key what it runs. */
export const IMAGE_ROLES = {
  platform: { purpose: 'platform-image', kinds: ['plutonRuntime', 'monitor', 'trustedKeystore', 'os'] },
  service: { purpose: 'service-image', kinds: ['application'] },
} as const satisfies Readonly<Record<string, { purpose: SigningPurpose; kinds: readonly ImageKind[] }>>;
export type AuthorityImageRole = keyof typeof IMAGE_ROLES;
