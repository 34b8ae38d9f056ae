// Reads the Capabilities of an app manifest. Never lets a capability pass silently that this version does not enforce.

import { GPIO_PINS } from '../core/chip.ts';
import { isGrantedHost } from '../core/grants.ts';
import { parseComponentId } from '../core/ids.ts';
import type { JsonValue } from './json-text.ts';
import type { ShapeReader } from './json-shape.ts';
import { isJsonArray, isJsonObject } from './json-shape.ts';
import { childPath, shown } from './json-path.ts';
import { CAPABILITIES, CAPABILITY_KEYS, GRANTED_CAPABILITIES, MUTABLE_STORAGE_KB, PORTS } from './manifest-schema.ts';
import type { ManifestErrorCode } from './manifest-problem.ts';
import type { CapabilityShape } from './manifest-schema.ts';
import { didYouMean } from './near-name.ts';

/** A GPIO pin as the author asked for it: by a name of the hardware definition, or by the chip's number. */
export type GpioRequest =
  { readonly kind: 'name'; readonly name: string } | { readonly kind: 'pin'; readonly pin: number };

/** What the capabilities ask for apart from peripherals: the part of a manifest that means the same on every board. */
export interface AskedGrants {
  /** Mutable storage, bytes; 0: none. */
  readonly storageBytes: number;
  /** Hosts to be reached, in lower case, in the order of the text. */
  readonly hosts: readonly string[];
  readonly tcpServerPorts: readonly number[];
  readonly udpServerPorts: readonly number[];
}

export interface ReadCapabilities {
  /** The pins asked for, in the order of the text. */
  readonly gpio: readonly GpioRequest[];
  readonly asked: AskedGrants;
}

const ASKS_NOTHING: AskedGrants = { storageBytes: 0, hosts: [], tcpServerPorts: [], udpServerPorts: [] };

type Reader = ShapeReader<ManifestErrorCode>;

/** RFC 1035 section 2.3.4: 255 bytes on the wire. */
const HOST_MAX_CHARACTERS = 253;
const HARDWARE_NAME = /^\$[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/** What the manifest asks for. Problems go to the reader. */
export function readCapabilities(reader: Reader, value: JsonValue | undefined, path: string): ReadCapabilities {
  const capabilities = reader.object(value, path, CAPABILITY_KEYS);
  if (capabilities === undefined) return { gpio: [], asked: ASKS_NOTHING };
  for (const [key, asked] of capabilities) {
    const capability = CAPABILITY_KEYS.includes(key) ? CAPABILITIES[key] : undefined;
    if (capability === undefined || key === 'Gpio') continue;
    const at = childPath(path, key);
    readShape(reader, capability.shape, asked, at);
    if (capability.granted === true || !isAskedFor(asked)) continue;
    const hint = `this version enforces ${GRANTED_CAPABILITIES.join(', ')}: remove ${key}, or run the app with a version that has it`;
    reader.refuse('capability-not-supported', at, `${key} is known, but this version cannot enforce it`, hint);
  }
  const pins = capabilities.get('Gpio');
  return {
    gpio: pins === undefined ? [] : readPins(reader, pins, childPath(path, 'Gpio')),
    asked: {
      storageBytes: storageBytes(capabilities.get('MutableStorage')),
      hosts: texts(capabilities.get('AllowedConnections')).map((host) => host.toLowerCase()),
      tcpServerPorts: numbers(capabilities.get('AllowedTcpServerPorts')),
      udpServerPorts: numbers(capabilities.get('AllowedUdpServerPorts')),
    },
  };
}

// The shapes have been read already: what does not fit stands among the problems, and no manifest comes out of it.

function storageBytes(value: JsonValue | undefined): number {
  const size = isJsonObject(value) ? value.get('SizeKB') : 0;
  return typeof size === 'number' ? size * 1024 : 0;
}

function texts(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

function numbers(value: JsonValue | undefined): readonly number[] {
  return isJsonArray(value) ? value.filter((element) => typeof element === 'number') : [];
}

/** An empty list, `false`, an empty text and storage of 0 KB ask for nothing: published manifests are full of them. */
function isAskedFor(value: JsonValue): boolean {
  if (isJsonArray(value)) return value.length > 0;
  if (isJsonObject(value)) return value.get('SizeKB') !== 0;
  return value === true || (typeof value === 'string' && value !== '');
}

function readPins(reader: Reader, value: JsonValue, path: string): readonly GpioRequest[] {
  const seen = new Set<string | number>();
  const read = (element: JsonValue, at: string): GpioRequest | undefined => {
    const request = readPin(reader, element, at);
    if (request !== undefined)
      refuseRepeat(reader, seen, request.kind === 'pin' ? request.pin : `$${request.name}`, at);
    return request;
  };
  return reader.list(value, path, read) ?? [];
}

function readPin(reader: Reader, element: JsonValue, path: string): GpioRequest | undefined {
  if (typeof element === 'number') {
    const pin = reader.integer(element, path, { min: 0, max: GPIO_PINS - 1 });
    return pin === undefined ? undefined : { kind: 'pin', pin };
  }
  if (typeof element === 'string') {
    if (HARDWARE_NAME.test(element)) return { kind: 'name', name: element.slice(1) };
    const hint = 'write "$NAME" with a name of the hardware definition, or the pin number without quotes';
    reader.refuse('value-malformed', path, `${shown(element)} names no pin`, hint);
    return undefined;
  }
  reader.refuse('value-type-wrong', path, 'neither a name nor a pin number', 'write "$NAME" or a number');
  return undefined;
}

function refuseRepeat(reader: Reader, seen: Set<string | number>, item: string | number, path: string): void {
  if (seen.has(item))
    reader.refuse('value-duplicate', path, `${shown(String(item))} stands twice in the list`, 'keep one of them');
  seen.add(item);
}

function readShape(reader: Reader, shape: CapabilityShape, value: JsonValue, path: string): void {
  const seen = new Set<string | number>();
  switch (shape.kind) {
    case 'flag':
      reader.boolean(value, path);
      return;
    case 'pins':
      readPins(reader, value, path);
      return;
    case 'storage': {
      const storage = reader.object(value, path, ['SizeKB']);
      if (storage === undefined) return;
      reader.integer(reader.required(storage, path, 'SizeKB'), childPath(path, 'SizeKB'), MUTABLE_STORAGE_KB);
      return;
    }
    case 'tenant': {
      const tenant = reader.string(value, path);
      if (tenant === undefined || tenant === '' || parseComponentId(tenant) !== undefined) return;
      reader.refuse(
        'value-malformed',
        path,
        `${shown(tenant)} is no GUID`,
        "put your tenant's GUID in place of this text",
      );
      return;
    }
    case 'ports':
      reader.list(value, path, (element, at) => {
        const port = reader.integer(element, at, PORTS);
        if (port !== undefined) refuseRepeat(reader, seen, port, at);
        return port;
      });
      return;
    case 'hosts':
    case 'components':
    case 'names':
    case 'words':
      reader.list(value, path, (element, at) => {
        const text = reader.string(element, at);
        if (text === undefined) return undefined;
        readWord(reader, shape, text, at);
        if (shape.kind !== 'hosts')
          refuseRepeat(reader, seen, shape.kind === 'components' ? text.toLowerCase() : text, at);
        return text;
      });
  }
}

function readWord(reader: Reader, shape: CapabilityShape, text: string, path: string): void {
  if (shape.kind === 'hosts') readHost(reader, text, path);
  if (shape.kind === 'components' && parseComponentId(text) === undefined) {
    reader.refuse('value-malformed', path, `${shown(text)} is no GUID`, "write the partner's ComponentId");
  }
  if (shape.kind === 'names' && !shape.chip.test(text) && !HARDWARE_NAME.test(text)) {
    const hint = `write "$NAME" with a name of the hardware definition, or the chip's own, e.g. "${shape.example}"`;
    reader.refuse('value-malformed', path, `${shown(text)} names no such peripheral`, hint);
  }
  if (shape.kind === 'words' && !shape.words.includes(text)) {
    const hint = didYouMean(text, shape.words, `known here: ${shape.words.join(', ')}`);
    reader.refuse('value-malformed', path, `${shown(text)} is unknown`, hint);
  }
}

function readHost(reader: Reader, text: string, path: string): void {
  if (text.length > HOST_MAX_CHARACTERS) {
    reader.refuse('value-out-of-range', path, `a host name of ${text.length} characters`, 'DNS allows 253 (RFC 1035)');
  } else if (!isGrantedHost(text.toLowerCase())) {
    const hint = 'write a DNS name or an IP address alone, without scheme, port, path or wildcard';
    reader.refuse('value-malformed', path, `${shown(text)} is no host`, hint);
  }
}
