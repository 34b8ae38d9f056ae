// Reads the parameters of a device-link request. Never lets an unknown name, a missing one or a wrong type through.

import { EVIDENCE_NONCE_BYTES } from '../../../contracts/core/evidence.ts';
import type { ComponentId } from '../../../contracts/core/ids.ts';
import { parseComponentId } from '../../../contracts/core/ids.ts';
import type { LinkRequest } from '../../../contracts/wire/device-link.ts';
import { LinkError } from '../../../contracts/wire/device-link.ts';
import { isServiceHost, isServicePort } from '../service/service-address.ts';

/** Reads one value; throws `LinkError` `link-params-wrong`. */
type Read<Value> = (value: unknown, name: string) => Value;

export const bytes: Read<Uint8Array> = (value, name) => {
  // A copy in an array of its own kind: what a MessagePack reader gives may be a view on its input.
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  throw wrong(name, 'bytes');
};

/** A length or an offset: 0 to 2^32 - 1. */
export const size: Read<number> = (value, name) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw wrong(name, 'a size in bytes');
};

export const flag: Read<boolean> = (value, name) => {
  if (typeof value === 'boolean') return value;
  throw wrong(name, 'true or false');
};

/** What a service may ask with: 32, 48 or 64 bytes. */
export const evidenceNonce: Read<Uint8Array> = (value, name) => {
  if (value instanceof Uint8Array && EVIDENCE_NONCE_BYTES.includes(value.length)) return Uint8Array.from(value);
  throw wrong(name, `a nonce of ${EVIDENCE_NONCE_BYTES.join(', ')} bytes`);
};

export const serviceHost: Read<string> = (value, name) => {
  if (typeof value === 'string' && isServiceHost(value)) return value;
  throw wrong(name, 'a DNS name or an IP address');
};

export const servicePort: Read<number> = (value, name) => {
  if (typeof value === 'number' && isServicePort(value)) return value;
  throw wrong(name, 'a port from 1 to 65535');
};

export const componentId: Read<ComponentId> = (value, name) => {
  const id = typeof value === 'string' ? parseComponentId(value) : undefined;
  if (id !== undefined) return id;
  throw wrong(name, 'a component id');
};

/**
 * Exactly these parameters.
 *
 * @example
 *   const { offset, bytes } = readParams(request.params, { offset: size, bytes });
 */
export function readParams<Values extends Readonly<Record<string, unknown>>>(
  params: LinkRequest['params'],
  readers: { readonly [Name in keyof Values]: Read<Values[Name]> },
): Values {
  const unknown = Object.keys(params).find((name) => !Object.hasOwn(readers, name));
  if (unknown !== undefined) throw wrong(unknown, 'no parameter of this method');
  const read = Object.entries<Read<unknown>>(readers).map(([name, reader]) => {
    return [name, reader(Object.hasOwn(params, name) ? params[name] : undefined, name)] as const;
  });
  return Object.fromEntries(read) as Values;
}

function wrong(name: string, wanted: string): LinkError {
  return new LinkError('link-params-wrong', `${name.slice(0, 64)} is not ${wanted}`);
}
