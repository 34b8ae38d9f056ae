// The manifest as an image carries it: minified, its names replaced by what the chip knows. Never holds a name: a device knows none.

import { GPIO_PINS } from '../core/chip.ts';
import type { ComponentId } from '../core/ids.ts';
import type { Hardware } from './hardware-resolution.ts';
import type { Problem } from './json-shape.ts';
import { childPath, ROOT, shown } from './json-path.ts';
import type { AskedGrants, GpioRequest } from './manifest-capabilities.ts';
import type { DependencyRequest } from './manifest-dependencies.ts';
import type { ManifestErrorCode } from './manifest-problem.ts';
import type { Manifest } from './manifest.ts';
import { checkManifest } from './manifest.ts';
import { SCHEMA_VERSION } from './manifest-schema.ts';
import { didYouMean } from './near-name.ts';

/** The API set that an image of this version runs on. It rises when an app that ran before would no longer run. */
export const APPLICATION_RUNTIME_VERSION = 1;

export type PackagingErrorCode =
  | ManifestErrorCode
  | 'hardware-missing'
  | 'hardware-name-unknown'
  | 'hardware-type-mismatch'
  | 'hardware-name-unresolved'
  | 'pin-requested-twice';

export type PackagingProblem = Problem<PackagingErrorCode>;

export type PackagingVerdict =
  | { readonly ok: true; readonly errors: readonly []; readonly packaged: PackagedManifest }
  | { readonly ok: false; readonly errors: readonly PackagingProblem[] };

/** A dependency without names: what the linker gives it. */
export interface PackagedDependency extends Pick<DependencyRequest, 'import' | 'component' | 'sha256' | 'asked'> {
  readonly gpioPins: readonly number[];
}

/** Only this module can make one: the class is not exported, and its private member makes the type nominal. */
class ResolvedManifest {
  readonly #manifest: Manifest;
  readonly #bytes: Uint8Array;
  readonly #gpioPins: readonly number[];

  constructor(manifest: Manifest, bytes: Uint8Array, gpioPins: readonly number[]) {
    this.#manifest = manifest;
    this.#bytes = bytes;
    this.#gpioPins = gpioPins;
  }

  get name(): string {
    return this.#manifest.name;
  }
  get componentId(): ComponentId {
    return this.#manifest.componentId;
  }
  get entryPoint(): string {
    return this.#manifest.entryPoint;
  }
  get cmdArgs(): readonly string[] {
    return this.#manifest.cmdArgs;
  }
  /** Pin numbers of the chip, in the order of the text, without repeats. */
  get gpioPins(): readonly number[] {
    return this.#gpioPins;
  }
  /** What is asked for apart from peripherals. */
  get asked(): AskedGrants {
    return this.#manifest.asked;
  }
  get dependencies(): readonly PackagedDependency[] {
    return this.#manifest.dependencies.map((dependency) => ({ ...dependency, gpioPins: pinNumbers(dependency.gpio) }));
  }
  /** The text, UTF-8: an image's manifest section. */
  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }
}

/** A manifest without names: what goes into an image and what grants are compiled from. */
export type PackagedManifest = ResolvedManifest;

const GPIO_PATH = childPath(childPath(ROOT, 'Capabilities'), 'Gpio');

/**
 * The packaged form of a manifest on a board. `hardware` may be absent when the manifest has no names. Same input, same bytes:
 * keys stand in the order of the schema, and what asks for nothing is left out.
 */
export function resolveManifest(manifest: Manifest, hardware?: Hardware): PackagingVerdict {
  const errors: PackagingProblem[] = [];
  const pins = manifest.gpio.map((request, index) => {
    if (request.kind === 'pin') return request.pin;
    const found = lookUpPin(request.name, hardware, childPath(GPIO_PATH, index));
    if (typeof found === 'number') return found;
    errors.push(found);
    return undefined;
  });
  pins.forEach((pin, index) => {
    const first = pins.indexOf(pin);
    if (pin === undefined || first === index) return;
    const message = `entry ${index} and entry ${first} are both GPIO ${pin} on this board`;
    const hint = 'keep one of the two, or choose another board';
    errors.push({ code: 'pin-requested-twice', path: childPath(GPIO_PATH, index), message, hint });
  });
  // A dependency's pins are among the app's, which are resolved already.
  const pinOf = (request: GpioRequest): number | undefined =>
    pins[manifest.gpio.findIndex((asked) => sameRequest(asked, request))];
  const dependencies = manifest.dependencies.map((one) => packagedDependency(one, one.gpio.map(pinOf)));
  if (errors.length > 0) return { ok: false, errors };
  return checkPackagedManifest(new TextEncoder().encode(packagedText(manifest, pins, dependencies)));
}

/**
 * Reads the manifest section of an image, of any origin: a checked manifest that holds numbers only. AS3 and the OS compile its
 * grants again and compare. Never throws for what is in the bytes.
 */
export function checkPackagedManifest(bytes: Uint8Array): PackagingVerdict {
  const verdict = checkManifest(bytes);
  if (!verdict.ok) return verdict;
  const errors: PackagingProblem[] = [];
  const pins: number[] = [];
  verdict.manifest.gpio.forEach((request, index) => {
    if (request.kind === 'pin') pins.push(request.pin);
    else {
      const message = `$${request.name} is a name, a packaged manifest has pin numbers`;
      const path = childPath(GPIO_PATH, index);
      errors.push({ code: 'hardware-name-unresolved', path, message, hint: 'package the app for a board' });
    }
  });
  verdict.manifest.dependencies.forEach(({ gpio }, index) => {
    const path = childPath(childPath(childPath(ROOT, 'Dependencies'), index), 'Capabilities');
    if (gpio.every(({ kind }) => kind === 'pin')) return;
    const message = 'a dependency names a pin, a packaged manifest has pin numbers';
    errors.push({ code: 'hardware-name-unresolved', path, message, hint: 'package the app for a board' });
  });
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, errors: [], packaged: new ResolvedManifest(verdict.manifest, bytes.slice(), pins) };
}

function lookUpPin(name: string, hardware: Hardware | undefined, path: string): number | PackagingProblem {
  if (hardware === undefined) {
    const hint = 'name a board or a hardware definition to package for';
    return { code: 'hardware-missing', path, message: `$${name} needs a hardware definition`, hint };
  }
  const peripheral = hardware.peripherals.get(name);
  if (peripheral === undefined) {
    const pins = [...hardware.peripherals.values()].filter(({ type }) => type === 'Gpio').map((pin) => pin.name);
    const hint = didYouMean(name, pins, `see the names with: casemate hardware resolve ${hardware.file}`);
    return { code: 'hardware-name-unknown', path, message: `${shown(name)} is not in ${hardware.file}`, hint };
  }
  if (peripheral.pin !== undefined && peripheral.pin < GPIO_PINS) return peripheral.pin;
  const message = `${shown(name)} is of type ${peripheral.type}, not Gpio`;
  const hint =
    peripheral.type === 'int' ? 'a value of type int belongs into code only' : `ask for it under ${peripheral.type}`;
  return { code: 'hardware-type-mismatch', path, message, hint };
}

function sameRequest(one: GpioRequest, other: GpioRequest): boolean {
  if (one.kind === 'pin') return other.kind === 'pin' && one.pin === other.pin;
  return other.kind === 'name' && one.name === other.name;
}

/** Of a manifest that holds numbers only. */
function pinNumbers(requests: readonly GpioRequest[]): readonly number[] {
  return requests.flatMap((request) => (request.kind === 'pin' ? [request.pin] : []));
}

function packagedDependency(
  { import: name, component, sha256, asked }: DependencyRequest,
  pins: readonly (number | undefined)[],
): Record<string, unknown> {
  return { Import: name, Component: component, Sha256: sha256, Capabilities: packagedCapabilities(asked, pins) };
}

function packagedText(
  manifest: Manifest,
  pins: readonly (number | undefined)[],
  dependencies: readonly Record<string, unknown>[],
): string {
  return JSON.stringify({
    SchemaVersion: SCHEMA_VERSION,
    Name: manifest.name,
    ComponentId: manifest.componentId,
    EntryPoint: manifest.entryPoint,
    CmdArgs: manifest.cmdArgs,
    ...(manifest.environment.length > 0 && { Environment: Object.fromEntries(manifest.environment) }),
    Capabilities: packagedCapabilities(manifest.asked, pins),
    ApplicationType: 'Default',
    MallocVersion: manifest.mallocVersion,
    TargetApplicationRuntimeVersion: APPLICATION_RUNTIME_VERSION,
    ...(dependencies.length === 0 ? {} : { Dependencies: dependencies }),
  });
}

/** In the order of the schema; what asks for nothing is left out. */
function packagedCapabilities(asked: AskedGrants, pins: readonly (number | undefined)[]): Record<string, unknown> {
  const { hosts, tcpServerPorts, udpServerPorts, storageBytes } = asked;
  const listed = {
    AllowedConnections: [...new Set(hosts)],
    AllowedTcpServerPorts: tcpServerPorts,
    AllowedUdpServerPorts: udpServerPorts,
    Gpio: pins,
  };
  return {
    ...Object.fromEntries(Object.entries(listed).filter(([, list]) => list.length > 0)),
    ...(storageBytes === 0 ? {} : { MutableStorage: { SizeKB: storageBytes / 1024 } }),
  };
}
