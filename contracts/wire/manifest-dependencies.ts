// The Dependencies of an app manifest: proven components that the app is linked to, each with a part of the app's own capabilities. Never
// more than the app has: a component that was proven for one pin stays with one pin, whatever the app around it may.

import type { ShapeReader } from './json-shape.ts';
import type { JsonValue } from './json-text.ts';
import { childPath, shown } from './json-path.ts';
import type { GpioRequest, ReadCapabilities } from './manifest-capabilities.ts';
import { readCapabilities } from './manifest-capabilities.ts';
import type { ManifestErrorCode } from './manifest-problem.ts';

/** Azure Sphere knows no such key: an app is one program there. */
export const DEPENDENCY_KEYS = ['Import', 'Component', 'Sha256', 'Capabilities'] as const;
export const DEPENDENCIES_MAX_COUNT = 8;

export interface DependencyRequest extends ReadCapabilities {
  /** The interface that the app imports and the component exports, e.g. `acme:sensor/driver@1.2.0`. */
  readonly import: string;
  /** Path of the component in the app folder and in the image. */
  readonly component: string;
  /** SHA-256 of the component, lower-case hex. */
  readonly sha256: string;
}

type Reader = ShapeReader<ManifestErrorCode>;

/** Namespace, package and interface, with a version or without. Interfaces of the device itself cannot be supplied by anybody else. */
const IMPORT =
  /^(?!casemate:|wasi:)[a-z][a-z0-9-]{0,63}:[a-z][a-z0-9-]{0,63}\/[a-z][a-z0-9-]{0,63}(?:@[0-9][0-9A-Za-z.+-]{0,31})?$/;
const PATH = /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[0-9A-Za-z._/-]{1,255}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** `app`: what the manifest itself asks for. Problems go to the reader. */
export function readDependencies(
  reader: Reader,
  value: JsonValue | undefined,
  path: string,
  app: ReadCapabilities,
): readonly DependencyRequest[] {
  const list = reader.list(value, path, (element, at) => readDependency(reader, element, at, app)) ?? [];
  if (list.length > DEPENDENCIES_MAX_COUNT) {
    reader.refuse('value-out-of-range', path, `${list.length} dependencies`, `use at most ${DEPENDENCIES_MAX_COUNT}`);
  }
  list.forEach((one, index) => {
    if (list.findIndex((other) => other.import === one.import) === index) return;
    const at = childPath(childPath(path, index), 'Import');
    reader.refuse('value-duplicate', at, `${shown(one.import)} is supplied twice`, 'keep one of them');
  });
  return list;
}

function readDependency(
  reader: Reader,
  element: JsonValue,
  path: string,
  app: ReadCapabilities,
): DependencyRequest | undefined {
  const object = reader.object(element, path, DEPENDENCY_KEYS);
  if (object === undefined) return undefined;
  const text = (key: (typeof DEPENDENCY_KEYS)[number], form: RegExp, hint: string): string | undefined => {
    const at = childPath(path, key);
    const read = reader.string(reader.required(object, path, key), at);
    if (read === undefined || form.test(read)) return read;
    reader.refuse('value-malformed', at, `${shown(read)} does not fit`, hint);
    return undefined;
  };
  const name = text('Import', IMPORT, 'write the interface that the app imports, e.g. "acme:sensor/driver@1.2.0"');
  const component = text('Component', PATH, 'write a path in the app folder, e.g. "lib/driver.wasm"');
  const sha256 = text('Sha256', SHA256, 'write the 64 lower-case hex digits that sha256sum prints');
  const at = childPath(path, 'Capabilities');
  const asked = readCapabilities(reader, reader.required(object, path, 'Capabilities'), at);
  for (const extra of beyond(asked, app)) {
    const hint = 'add it to the Capabilities of the app, or take it away here';
    reader.refuse('dependency-not-granted', at, `${extra} is not among the capabilities of the app`, hint);
  }
  if (name === undefined || component === undefined || sha256 === undefined) return undefined;
  return { import: name, component, sha256, ...asked };
}

/** What a part asks for beyond the whole, for a person to read. */
function beyond(part: ReadCapabilities, whole: ReadCapabilities): readonly string[] {
  const pinText = (pin: GpioRequest): string => (pin.kind === 'pin' ? `GPIO ${pin.pin}` : `$${pin.name}`);
  const lacks = <Item,>(some: readonly Item[], all: readonly Item[]): readonly Item[] =>
    some.filter((item) => !all.includes(item));
  const storage = part.asked.storageBytes > whole.asked.storageBytes ? ['MutableStorage of that size'] : [];
  return [
    ...lacks(part.gpio.map(pinText), whole.gpio.map(pinText)),
    ...lacks(part.asked.hosts, whole.asked.hosts),
    ...lacks(part.asked.tcpServerPorts, whole.asked.tcpServerPorts).map((port) => `TCP port ${port}`),
    ...lacks(part.asked.udpServerPorts, whole.asked.udpServerPorts).map((port) => `UDP port ${port}`),
    ...storage,
  ];
}
