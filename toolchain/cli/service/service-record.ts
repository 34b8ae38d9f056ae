// Finds the service that a state folder belongs to, and what opens it. Never takes a key that others on the machine can read.

import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ServiceRecordText } from '../../../contracts/wire/service-record.ts';
import { SERVICE_RECORD_FILE, SERVICE_RECORD_MAX_BYTES } from '../../../contracts/wire/service-record.ts';
import { oneOf, record, ShapeMismatch, text } from '../../factory/shape.ts';
import type { Shape } from '../../factory/shape.ts';
import { CliError } from '../outcome.ts';

/** Where devices find the service. */
export interface DeviceApiAddress {
  readonly host: string;
  readonly port: number;
}

/** What a client needs to speak to the service as its operator. */
export interface ServiceAccess {
  readonly url: URL;
  /** PEM: private key and certificate. */
  readonly operator: string;
  readonly root: string;
}

const PEM_MAX_BYTES = 16 * 1024;
const OTHERS = 0o077;
const HTTPS_PORT = 443;
const version: Shape<1> = (value, path) => {
  if (value === 1) return 1;
  throw new ShapeMismatch(path, 'version 1');
};
const RECORD = record<ServiceRecordText>({
  version,
  url: text(256),
  deviceApi: text(256),
  operator: oneOf('service/operator.pem'),
  root: oneOf('service/root-ca.pem'),
});

/** `url` in the place of the recorded one. Errors: `service-not-known`, `service-record-malformed`, `operator-key-exposed`, `usage`. */
export async function serviceAccess(state: string, url: string | undefined): Promise<ServiceAccess> {
  const recorded = parseRecord(await readBounded(join(state, SERVICE_RECORD_FILE), SERVICE_RECORD_MAX_BYTES, false));
  return {
    url: parseUrl(url ?? recorded.url),
    operator: await readBounded(resolve(state, recorded.operator), PEM_MAX_BYTES, true),
    root: await readBounded(resolve(state, recorded.root), PEM_MAX_BYTES, false),
  };
}

/** Errors: as `serviceAccess`. */
export async function deviceApiOf(state: string): Promise<DeviceApiAddress> {
  const recorded = parseRecord(await readBounded(join(state, SERVICE_RECORD_FILE), SERVICE_RECORD_MAX_BYTES, false));
  return deviceApiAddress(recorded.deviceApi);
}

/** From `https://HOST:PORT`. Errors: `usage`. */
export function deviceApiAddress(url: string): DeviceApiAddress {
  const { hostname, port } = parseUrl(url);
  return { host: hostname, port: port === '' ? HTTPS_PORT : Number(port) };
}

function parseRecord(json: string): ServiceRecordText {
  try {
    return RECORD(JSON.parse(json), 'record');
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof ShapeMismatch)) throw cause;
    throw new CliError('service-record-malformed', `${SERVICE_RECORD_FILE} is not what a service wrote`, {
      fault: 'world',
      hint: 'start the service once more: npx casemate as3 serve',
      cause,
    });
  }
}

/** HTTPS alone: the certificate says who asks, and without TLS there is none. */
function parseUrl(url: string): URL {
  const parsed = URL.parse(url);
  if (parsed?.protocol === 'https:' && parsed.pathname === '/') return parsed;
  throw new CliError('usage', '--service wants an address like https://localhost:4300', { fault: 'caller' });
}

async function readBounded(path: string, maxBytes: number, isPrivate: boolean): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw new CliError('service-not-known', `no service has left its record in this state folder: ${path} is missing`, {
      fault: 'caller',
      hint: 'Start one in another terminal: npx casemate as3 serve (or name its folder with --state)',
      cause,
    });
  }
  try {
    const { mode, size } = await file.stat();
    if (isPrivate && process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw new CliError('operator-key-exposed', `${path} can be read by other users`, {
        fault: 'world',
        hint: 'delete it and start the service once more: it makes another one',
      });
    }
    if (size > maxBytes)
      throw new CliError('service-record-malformed', `${path} has ${size} bytes`, { fault: 'world' });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
