// The kit's proof that it can fail: for each check that it claims, a build without that one check. Never two at once.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { BundleName } from '../factory/bundle.ts';
import type { SourceEdit } from '../factory/edited-source.ts';
import { otherGrantCheck } from '../factory/hollow-os.ts';
import type { BundleEdit, RunKind } from './compositions.ts';
import { OPEN_LINKER } from './compositions.ts';
import type { CheckName } from './probe-call.ts';
import { TestkitError } from './testkit-error.ts';

/** One place of the product, and what stands there where `without` (an expression of the build) is true. */
interface Place {
  readonly bundle: BundleName;
  readonly path: string;
  readonly find: string;
  readonly by: (without: string) => string;
}

export interface Mutant {
  readonly check: CheckName;
  /** How calls reach the place where the check was. */
  readonly run: RunKind;
  /** Which rows are played: of calls, of a pin that another image wants, of imports that are not granted, or of dependencies. */
  readonly rows: RowGroup;
  /** The check can be taken away for one probe and not for the next, on one device. */
  readonly inSeries: boolean;
  readonly place: Place;
}

export type RowGroup = 'calls' | 'owned' | 'imports' | 'parts';

const os = (path: string, find: string, by: Place['by']): Place => ({ bundle: 'os', path, find, by });

/** A function that takes any handle for a good one: its own refusal is gone. */
const HANDLE_CHECKS: Readonly<Partial<Record<AppFunction, Place>>> = {
  'gpio.get': os(
    'host-apis/broker/guarded-gpio.ts',
    `'gpio-input');\n    if (holding === undefined) return refuse('invalid-argument');`,
    (without) =>
      `'gpio-input');\n    if (holding === undefined) return ${without} ? u32(0) : refuse('invalid-argument');`,
  ),
  'gpio.set': os(
    'host-apis/broker/guarded-gpio.ts',
    `'gpio-output');\n    if (holding === undefined) return refuse('invalid-argument');`,
    (without) =>
      `'gpio-output');\n    if (holding === undefined) return ${without} ? DONE : refuse('invalid-argument');`,
  ),
  'timers.set': os(
    'host-apis/broker/guarded-timers.ts',
    `return timer === undefined ? refuse('invalid-argument') : DONE;`,
    (without) => `return timer === undefined && !(${without}) ? refuse('invalid-argument') : DONE;`,
  ),
  'timers.take-expirations': os(
    'host-apis/broker/guarded-timers.ts',
    `return timer === undefined ? refuse('invalid-argument') : u64(timer.takeExpirations(nowNs));`,
    (without) =>
      `if (timer === undefined) return ${without} ? u64(0n) : refuse('invalid-argument'); return u64(timer.takeExpirations(nowNs));`,
  ),
  'poll.wait': os(
    'host-apis/broker/guarded-wait.ts',
    `if (!sources.every((source) => source !== undefined)) return refuse('invalid-argument');`,
    (without) =>
      `if (!sources.every((source) => source !== undefined)) return ${without} ? woken({ kind: 'timed-out' }) : refuse('invalid-argument');`,
  ),
};

/** Functions whose area looks their handle up in one place. */
const SHARED_HANDLE_CHECKS: readonly { readonly area: string; readonly path: string; readonly name: string }[] = [
  { area: 'tcp.', path: 'host-apis/broker/guarded-tcp.ts', name: 'held' },
  { area: 'udp.', path: 'host-apis/broker/guarded-udp.ts', name: 'held' },
  { area: 'names.', path: 'host-apis/broker/guarded-names.ts', name: 'holding' },
];
const TAKEN_FOR_DONE = `({ ok: true, result: { kind: 'none' } } as const)`;

/** Of a shared place the function that is asked decides: see `withoutOf`. */
function handleCheck(name: string): Place | undefined {
  const shared = SHARED_HANDLE_CHECKS.find(({ area }) => name.startsWith(area));
  if (shared === undefined) return HANDLE_CHECKS[name as AppFunction];
  const find = `if (${shared.name} === undefined) return refuse('invalid-argument');`;
  return os(
    shared.path,
    find,
    (without) =>
      `if (${shared.name} === undefined) return ${without} ? ${TAKEN_FOR_DONE} : refuse('invalid-argument');`,
  );
}

const RULES = 'runtime/os/network/network-rules.ts';
const VOLUME = 'runtime/os/storage/storage-volume.ts';
const PART = 'host-apis/stubs/narrowed-broker.ts';
const APP_RUNNER = 'runtime/compartment/run-app.ts';
const WASI_PATHS = 'host-apis/stubs/wasi/file-system.ts';

type Shape = Omit<Mutant, 'check'>;
const SERIES = { rows: 'calls', inSeries: true } as const;

/** The network firewall's answer to one question, always yes. */
function networkRule(find: string): Shape {
  const by: Place['by'] = (without) => `if (${without}) return true; ${find}`;
  return { ...SERIES, run: 'opened-taken-over', place: os(RULES, find, by) };
}

/** A condition that refuses, in the OS: it holds no more. */
function osRefusal(path: string, find: string, by: Place['by']): Shape {
  return { ...SERIES, run: 'taken-over', place: os(path, find, by) };
}

/** In the process of the app itself. */
function compartment(path: string, find: string, by: Place['by'], rows: RowGroup = 'calls'): Shape {
  return { rows, inSeries: true, run: 'shipped', place: { bundle: 'compartment', path, find, by } };
}

/** A part's own question, always yes. */
function partRule(find: string): Shape {
  return compartment(PART, find, (without) => `if (${without}) return true; ${find}`, 'parts');
}

/** Checks that are no function's own. */
const OTHER_CHECKS: Readonly<Record<string, Shape>> = {
  'owner:gpio': osRefusal(
    'host-apis/broker/pin-owners.ts',
    'if (this.#owners.has(pin)) return false;',
    (without) => `if (this.#owners.has(pin) && !(${without})) return false;`,
  ),
  'limit:handles': osRefusal(
    'host-apis/broker/handle-table.ts',
    ' || !this.#line.take(1)) return false;',
    (without) => ` || (!this.#line.take(1) && !(${without}))) return false;`,
  ),
  'firewall:name': networkRule('return this.#hosts.has(canonicalHost(name));'),
  'firewall:address': networkRule('return this.#hosts.has(canonical) || this.#pinned.has(canonical);'),
  'firewall:tcp-port': networkRule('return this.#tcpPorts.has(port);'),
  'firewall:udp-port': networkRule('return this.#udpPorts.has(port);'),
  'path:storage': osRefusal(
    VOLUME,
    "if (!isPlain) throw refusal('invalid-argument'",
    (without) => `if (!isPlain && !(${without})) throw refusal('invalid-argument'`,
  ),
  'quota:storage': osRefusal(
    VOLUME,
    'const used = this.#usedBytes - file.bytes.length + size;',
    (without) => `const used = ${without} ? 0 : this.#usedBytes - file.bytes.length + size;`,
  ),
  'part:gpio': partRule('return gpioPins.includes(request.pin);'),
  'part:names': partRule('return this.#hosts.has(canonicalHost(request.name));'),
  'part:tcp-ports': partRule('return tcpServerPorts.includes(request.port);'),
  'part:storage': compartment(
    APP_RUNNER,
    'environment, hasStorage: storageBytes > 0 }).offers,',
    (without) => `environment, hasStorage: storageBytes > 0 || ${without} }).offers,`,
    'parts',
  ),
  'part:imports': compartment(
    'runtime/compartment/app-dependencies.ts',
    'admitImports(definition, part)',
    (without) => `admitImports(definition, ${without} ? grants : part)`,
    'parts',
  ),
  'folder:storage': compartment(
    APP_RUNNER,
    'hasStorage: grants.storageBytes > 0 }',
    (without) => `hasStorage: grants.storageBytes > 0 || ${without} }`,
  ),
  'path:upwards': compartment(
    WASI_PATHS,
    "else if (names.pop() === undefined) return refused('not-permitted');",
    (without) => `else if (names.pop() === undefined && !(${without})) return refused('not-permitted');`,
  ),
  'path:absolute': compartment(
    WASI_PATHS,
    "if (text.startsWith('/')) return refused('not-permitted');",
    (without) => `if (text.startsWith('/') && !(${without})) return refused('not-permitted');`,
  ),
  'read-only:image': compartment(
    'host-apis/stubs/wasi/descriptors.ts',
    'if (changes && (this.flags & DESCRIPTOR_FLAG.mutateDirectory) === 0) return',
    (without) => `if (changes && !(${without}) && (this.flags & DESCRIPTOR_FLAG.mutateDirectory) === 0) return`,
  ),
  'monitor:gpio': {
    run: 'shipped',
    rows: 'owned',
    inSeries: false,
    place: {
      bundle: 'monitor',
      path: 'runtime/monitor/app-store.ts',
      find: "if (pin !== undefined) throw new CallRefusal('resource-in-use'",
      by: () => "if (pin === -1) throw new CallRefusal('resource-in-use'",
    },
  },
  // One pin more than there is: the firewall stops it there, under another name than the driver would.
  'range:gpio': {
    run: 'opened',
    rows: 'calls',
    inSeries: false,
    place: os('runtime/os/gpio-driver.ts', 'pin >= 0 && pin < GPIO_PINS;', () => 'pin >= 0 && pin <= GPIO_PINS;'),
  },
  // The whole region of the pins in one row, instead of a row for each granted pin.
  'firewall:gpio': {
    run: 'opened',
    rows: 'calls',
    inSeries: false,
    place: {
      bundle: 'monitor',
      path: 'runtime/monitor/firewall-rows.ts',
      find: 'grants.gpioPins.map((pin) => {',
      by: () =>
        '[-1].map((pin) => {\n    if (pin < 0) return { ...row, ...REGION.gpio, name: `app ${context}: every pin` };',
    },
  },
};

/** The build without this check. Errors: `mutant-missing`. */
export function mutantOf(check: CheckName): Mutant {
  const [kind, name] = split(check);
  if (kind === 'link') {
    const by: Place['by'] = (without) => `return [...foreign, ...closed].filter((each) => !(${without}));`;
    const { path, find } = OPEN_LINKER;
    return { check, run: 'shipped', rows: 'imports', inSeries: true, place: { bundle: 'compartment', path, find, by } };
  }
  if (kind === 'grant') {
    const { path, find } = otherGrantCheck('');
    return { check, ...SERIES, run: 'taken-over', place: os(path, find, () => '') };
  }
  const place = kind === 'handle' ? handleCheck(name) : undefined;
  const other = OTHER_CHECKS[check];
  if (place !== undefined) return { check, ...SERIES, run: 'taken-over', place };
  if (other !== undefined) return { check, ...other };
  throw new TestkitError('mutant-missing', `no build goes without ${check}`);
}

/**
 * The edits of one build for these mutants, of one run and bundle. In a series the probe's image says which check is gone, for that probe
 * alone: the memory that it is granted is short of the board's by the check's number, from 1.
 */
export function editsOf(mutants: readonly Mutant[], memoryLimitBytes: number): readonly BundleEdit[] {
  const [first] = mutants;
  if (first === undefined) return [];
  const { bundle } = first.place;
  if (!first.inSeries) {
    return mutants.map(({ place: { path, find, by } }) => ({ bundle, edit: { path, find, by: by('true') } }));
  }
  const names = JSON.stringify(mutants.map(({ check }) => check));
  const chosen = `${names}[${memoryLimitBytes} - 1 - grants.memoryBytes]`;
  const places = new Map<string, BundleEdit>();
  for (const mutant of mutants) {
    const { path, find, by } = mutant.place;
    if (path === otherGrantCheck('').path) continue;
    const edit = { path, find, by: by(withoutOf(mutant)) };
    places.set(`${path}\n${find}`, { bundle, edit });
  }
  return [...places.values(), { bundle, edit: bundle === 'os' ? chosenInOs(first.run, chosen) : chosenInApp(chosen) }];
}

/** Several checks that stand in one place are told apart by what is asked there. */
function withoutOf({ check, place }: Mutant): string {
  const [kind] = split(check);
  const isShared = kind === 'handle' && SHARED_HANDLE_CHECKS.some(({ path }) => path === place.path);
  if (isShared && check === 'handle:names.addresses') return `${WITHOUT} === ${quoted(check)}`;
  if (isShared) return `${WITHOUT} === 'handle:' + request.function`;
  return kind === 'link' ? `${WITHOUT} === 'link:' + each.interface` : `${WITHOUT} === ${quoted(check)}`;
}

const WITHOUT = 'globalThis.kitWithout';
const quoted = (text: string): string => JSON.stringify(text);

/** The check of grants is made anew for each app that starts. */
function chosenInOs(run: RunKind, chosen: string): SourceEdit {
  const rest = run === 'taken-over' ? 'sound.allows(rule, asked)' : 'true';
  return otherGrantCheck(`(grants) => {
  const sound = soundCheck(grants);
  const without = ${chosen};
  ${WITHOUT} = without;
  return { allows: (rule, asked) => without === 'grant:' + rule.function || ${rest} };
}`);
}

function chosenInApp(chosen: string): SourceEdit {
  const find = 'const { grants, manifest, files, component } = decodeImage(image, sha256);';
  return { path: APP_RUNNER, find, by: `${find} ${WITHOUT} = ${chosen.replace('grants.', 'grants?.')};` };
}

function split(check: CheckName): readonly [string, string] {
  const at = check.indexOf(':');
  return [check.slice(0, at), check.slice(at + 1)];
}
