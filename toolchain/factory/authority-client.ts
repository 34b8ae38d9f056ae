// Talks to the service's authority, which is a program of its own. Never touches its folder or its keys.

import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import { DEVICE_CAPABILITY_BYTES } from '../../contracts/core/device-capability.ts';
import type { DeviceId } from '../../contracts/core/ids.ts';
import { IMAGE_MAX_BYTES, SIGNATURES_MAX_BYTES } from '../../contracts/core/limits.ts';
import { TRUST_ANCHORS_MAX_BYTES } from '../../contracts/wire/trust-anchors.ts';
import { inCheckout } from './checkout.ts';
import { runChild } from './child-program.ts';
import { FactoryError, RelayedRefusal } from './factory-error.ts';
import type { TrustAnchors } from './trust-anchors.ts';
import { parseTrustAnchors } from './trust-anchors.ts';

/** An entry of the ledger, as the authority prints it. */
const ENTRY_MAX_BYTES = 1024;
const PROGRAM = inCheckout('as3/main/authority.ts');

/** What a capability file is asked for. */
export interface CapabilityOrder {
  readonly deviceId: DeviceId;
  readonly rights: readonly DeviceRight[];
  /** SEC 1 uncompressed P-256 point; exactly with `appDevelopment`. */
  readonly developmentKey?: Uint8Array;
}

/** One authority by its folder. All errors: `RelayedRefusal` with the authority's own code, or `authority-failed`. */
export class AuthorityClient {
  readonly #folder: string;
  readonly #program: string;

  constructor(folder: string, program: string = PROGRAM) {
    this.#folder = folder;
    this.#program = program;
  }

  /** Makes the authority if there is none. Also: `trust-anchors-malformed`. */
  async init(): Promise<TrustAnchors> {
    return parseTrustAnchors(await this.#run('init', [], new Uint8Array(0), TRUST_ANCHORS_MAX_BYTES));
  }

  /**
   * The package with the authority's signature in this role. Withheld: a device may run it, and no service takes evidence of that.
   */
  async signImage(
    packageBytes: Uint8Array,
    role: 'platform' | 'service',
    { isWithheld = false }: { readonly isWithheld?: boolean } = {},
  ): Promise<Uint8Array> {
    const args = ['--role', role, ...(isWithheld ? ['--reference', 'none'] : [])];
    return this.#run('sign-image', args, packageBytes, IMAGE_MAX_BYTES + SIGNATURES_MAX_BYTES);
  }

  /** A device capability file, 256 bytes. */
  async issueCapability({ deviceId, rights, developmentKey }: CapabilityOrder): Promise<Uint8Array> {
    const args = ['--device', deviceId, '--rights', rights.join(',')];
    if (developmentKey !== undefined) args.push('--development-key', Buffer.from(developmentKey).toString('base64'));
    return this.#run('issue-capability', args, new Uint8Array(0), DEVICE_CAPABILITY_BYTES);
  }

  /** From now on a service takes endorsements that this key (SEC 1 point) signed. */
  async trustFactory(key: Uint8Array): Promise<void> {
    await this.#run(
      'trust-factory',
      ['--key', Buffer.from(key).toString('base64')],
      new Uint8Array(0),
      ENTRY_MAX_BYTES,
    );
  }

  /** From now on evidence may name this ground of the boot. `digest`: 64 hex digits. */
  async allowMeasurement(ground: {
    readonly type: 'rom' | 'engine';
    readonly digest: string;
    readonly version: string;
  }): Promise<void> {
    const args = ['--type', ground.type, '--digest', ground.digest, '--version', ground.version];
    await this.#run('allow-measurement', args, new Uint8Array(0), ENTRY_MAX_BYTES);
  }

  async #run(command: string, args: readonly string[], input: Uint8Array, maxOutputBytes: number): Promise<Uint8Array> {
    const output = await runChild(this.#program, [command, '--dir', this.#folder, ...args], input, maxOutputBytes);
    if (output.exitCode === 0) return output.stdout;
    throw (
      refusalOf(output.stderr) ??
      new FactoryError('authority-failed', `${command} ended with ${output.exitCode}: ${output.stderr.slice(-500)}`)
    );
  }
}

/** The last line of standard error, if it is a refusal in the agreed form. */
function refusalOf(stderr: string): RelayedRefusal | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
  } catch {
    return undefined; // the program did not refuse, it broke
  }
  const { code, message, hint } =
    (parsed as { error?: { code?: unknown; message?: unknown; hint?: unknown } } | null)?.error ?? {};
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return new RelayedRefusal(code, message, typeof hint === 'string' ? { hint } : {});
}
