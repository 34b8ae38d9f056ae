// The authority as a command: makes a service's keys, signs images, issues device capabilities. It is started by an
// operator's tooling on the operator's own machine; it never listens to a network and never prints a private key.

import { Buffer } from 'node:buffer';
import { parseArgs } from 'node:util';
import { CodedError, isCoded } from '../../contracts/core/coded-error.ts';
import type { DeviceRight } from '../../contracts/core/device-capability.ts';
import { DEVICE_RIGHT } from '../../contracts/core/device-capability.ts';
import { bytesToHex, parseDeviceId } from '../../contracts/core/ids.ts';
import { IMAGE_MAX_BYTES } from '../../contracts/core/limits.ts';
import { isP256Point } from '../../contracts/core/p256.ts';
import { fromBase64 } from '../../contracts/wire/base64.ts';
import type { AuthorityRefusal } from '../../contracts/wire/trust-anchors.ts';
import { sha256, withAuthority } from '../adapters/authority-folder.ts';
import { AuthorityError } from '../domain/authority-error.ts';
import type { AuthorityImageRole } from '../domain/authority-keys.ts';
import { IMAGE_ROLES } from '../domain/authority-keys.ts';
import { issueDeviceCapability } from '../domain/issue-capability.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import { MEASURED_GROUND, measurementOf } from '../domain/ledger.ts';
import { imageEntry } from '../domain/image-entry.ts';
import { signImage } from '../domain/sign-image.ts';

const USAGE = `authority.ts init --dir DIR
    makes the keys if there are none; prints the trust anchors as JSON
authority.ts sign-image --dir DIR --role platform|service [--reference none]
    image package on standard input, signed package on standard output; none: a device may run it, and no service takes evidence of that
authority.ts issue-capability --dir DIR --device HEX128 --rights RIGHT[,RIGHT] [--development-key BASE64]
    256 bytes on standard output; rights: ${Object.keys(DEVICE_RIGHT).join(', ')}
authority.ts trust-factory --dir DIR --key BASE64
    endorsements that this key (a SEC 1 point on P-256) signed count from now on
authority.ts allow-measurement --dir DIR --type ${MEASURED_GROUND.join('|')} --digest HEX64 --version TEXT
    evidence may name this ground of the boot from now on
`;
const EXIT = { refused: 1, usage: 2 } as const;

const OPTION_NAMES = [
  'dir',
  'role',
  'reference',
  'device',
  'rights',
  'development-key',
  'key',
  'type',
  'digest',
  'version',
] as const;
type OptionName = (typeof OPTION_NAMES)[number];
type Options = Readonly<Partial<Record<OptionName, string>>>;
const clock = { nowMs: () => Date.now() };

class UsageError extends CodedError<'usage-wrong'> {}

const COMMANDS: Readonly<Record<string, (options: Options) => Promise<Uint8Array>>> = {
  async init(options) {
    const anchors = await withAuthority(
      wanted(options, 'dir'),
      { clock, mayMake: true },
      async (authority) => authority.anchors,
    );
    return new TextEncoder().encode(`${JSON.stringify(anchors)}\n`);
  },

  async 'sign-image'(options) {
    const folder = wanted(options, 'dir');
    const role = wanted(options, 'role');
    if (!Object.hasOwn(IMAGE_ROLES, role)) throw wrong(`no role ${role}: ${Object.keys(IMAGE_ROLES).join(' or ')}`);
    const reference = options.reference ?? 'kept';
    if (reference !== 'kept' && reference !== 'none') throw wrong(`--reference is none, or left out`);
    const packageBytes = await readInput(IMAGE_MAX_BYTES);
    return withAuthority(folder, { clock, mayMake: false }, async ({ keys, ledger }) => {
      const signed = await signImage(packageBytes, role as AuthorityImageRole, keys, sha256);
      // Before it leaves: a device that runs it could not attest otherwise.
      if (reference === 'kept') await ledger.add(await imageEntry(signed, role as AuthorityImageRole, keys, sha256));
      return signed;
    });
  },

  async 'issue-capability'(options) {
    const folder = wanted(options, 'dir');
    const deviceId = parseDeviceId(wanted(options, 'device'));
    if (deviceId === undefined) throw wrong('--device is not a device id of 128 hex digits');
    const rights = wanted(options, 'rights').split(',').map(parseRight);
    const developmentKey =
      options['development-key'] === undefined
        ? undefined
        : parseBase64(options['development-key'], '--development-key');
    return withAuthority(folder, { clock, mayMake: false }, async ({ keys, serials, ledger }) => {
      const file = await issueDeviceCapability({ deviceId, rights, developmentKey }, keys, serials);
      if (developmentKey !== undefined) {
        await ledger.add({ entry: 'developer', deviceId, keyId: bytesToHex(sha256(developmentKey)) });
      }
      return file;
    });
  },

  async 'trust-factory'(options) {
    const folder = wanted(options, 'dir');
    const key = parseBase64(wanted(options, 'key'), '--key');
    if (!isP256Point(key)) {
      throw new AuthorityError('factory-key-malformed', 'not an uncompressed point on P-256', { fault: 'caller' });
    }
    const entry = { entry: 'factory', keyId: bytesToHex(sha256(key)), key: bytesToHex(key) } as const;
    return record(folder, entry);
  },

  async 'allow-measurement'(options) {
    const folder = wanted(options, 'dir');
    const entry = measurementOf(wanted(options, 'type'), wanted(options, 'digest'), wanted(options, 'version'));
    if (entry !== undefined) return record(folder, entry);
    throw new AuthorityError('measurement-malformed', 'not a type, a SHA-256 digest and a version of evidence', {
      fault: 'caller',
      hint: `types: ${MEASURED_GROUND.join(', ')}; a digest has 64 hex digits; a version 1 to 64 printable characters`,
    });
  },
};

/** Adds it to the ledger and prints it. */
async function record(folder: string, entry: LedgerEntry): Promise<Uint8Array> {
  await withAuthority(folder, { clock, mayMake: false }, async ({ ledger }) => ledger.add(entry));
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`);
}

function wanted(options: Options, name: keyof Options): string {
  const value = options[name];
  if (value === undefined || value === '') throw wrong(`--${name} is missing`);
  return value;
}

function parseRight(text: string): DeviceRight {
  if (!Object.hasOwn(DEVICE_RIGHT, text)) throw wrong(`no right ${text}: ${Object.keys(DEVICE_RIGHT).join(', ')}`);
  return text as DeviceRight;
}

function parseBase64(text: string, option: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw wrong(`${option} is not base64`);
  return bytes;
}

function wrong(message: string): UsageError {
  return new UsageError('usage-wrong', message, { fault: 'caller', hint: USAGE });
}

/** Standard input to its end. Errors: `input-too-large`. */
async function readInput(maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes)
      throw new AuthorityError('input-too-large', `more than ${maxBytes} bytes on standard input`, { fault: 'caller' });
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function parseCommandLine(args: readonly string[]): { readonly name: string; readonly options: Options } {
  const text = { type: 'string' } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(OPTION_NAMES.map((name) => [name, text] as const)),
      allowPositionals: true,
    });
    if (positionals.length === 1) return { name: positionals[0] ?? '', options: values };
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  throw wrong('exactly one command is wanted');
}

function refusalOf(error: unknown): AuthorityRefusal {
  if (!isCoded(error)) return { error: { code: 'internal', message: String(error) } };
  const { code, message, hint, details } = error;
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), details } };
}

async function main(): Promise<void> {
  try {
    const { name, options } = parseCommandLine(process.argv.slice(2));
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw wrong(`no command ${name}`);
    process.stdout.write(await command(options));
  } catch (error) {
    process.stderr.write(`${JSON.stringify(refusalOf(error))}\n`);
    process.exitCode = error instanceof UsageError ? EXIT.usage : EXIT.refused;
  }
}

await main();
