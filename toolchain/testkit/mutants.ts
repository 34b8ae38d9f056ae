// The kit's proof that it can fail: for each check that it claims, a build without that one check. Never two at once.

import type { AppFunction } from '../../contracts/wire/app-call.ts';
import type { BundleEdit, RunKind } from './compositions.ts';
import { OPEN_LINKER } from './compositions.ts';
import type { CheckName } from './probe-call.ts';
import { TestkitError } from './testkit-error.ts';

export interface Mutant {
  readonly check: CheckName;
  /** How calls reach the place where the check was. */
  readonly run: RunKind;
  readonly edits: readonly BundleEdit[];
}

const os = (path: string, find: string, by: string): readonly BundleEdit[] => [
  { bundle: 'os', edit: { path, find, by } },
];

/** A function that takes any handle for a good one: its own refusal is gone. */
const HANDLE_CHECKS: Readonly<Partial<Record<AppFunction, readonly BundleEdit[]>>> = {
  'gpio.get': os(
    'host-apis/broker/guarded-gpio.ts',
    `'gpio-input');\n    if (holding === undefined) return refuse('invalid-argument');`,
    `'gpio-input');\n    if (holding === undefined) return u32(0);`,
  ),
  'gpio.set': os(
    'host-apis/broker/guarded-gpio.ts',
    `'gpio-output');\n    if (holding === undefined) return refuse('invalid-argument');`,
    `'gpio-output');\n    if (holding === undefined) return DONE;`,
  ),
  'timers.set': os(
    'host-apis/broker/guarded-timers.ts',
    `return timer === undefined ? refuse('invalid-argument') : DONE;`,
    `return DONE;`,
  ),
  'timers.take-expirations': os(
    'host-apis/broker/guarded-timers.ts',
    `return timer === undefined ? refuse('invalid-argument') : u64(timer.takeExpirations(nowNs));`,
    `return u64(timer?.takeExpirations(nowNs) ?? 0n);`,
  ),
  'poll.wait': os(
    'host-apis/broker/guarded-wait.ts',
    `if (!sources.every((source) => source !== undefined)) return refuse('invalid-argument');`,
    `if (!sources.every((source) => source !== undefined)) return woken({ kind: 'timed-out' });`,
  ),
};

/** Functions whose area looks their handle up in one place. */
const SHARED_HANDLE_CHECKS: readonly { readonly area: string; readonly path: string; readonly name: string }[] = [
  { area: 'tcp.', path: 'host-apis/broker/guarded-tcp.ts', name: 'held' },
  { area: 'udp.', path: 'host-apis/broker/guarded-udp.ts', name: 'held' },
  { area: 'names.', path: 'host-apis/broker/guarded-names.ts', name: 'holding' },
];
const TAKEN_FOR_DONE = `({ ok: true, result: { kind: 'none' } } as const)`;

function handleCheck(name: string): readonly BundleEdit[] | undefined {
  const shared = SHARED_HANDLE_CHECKS.find(({ area }) => name.startsWith(area));
  if (shared === undefined) return HANDLE_CHECKS[name as AppFunction];
  const find = `if (${shared.name} === undefined) return refuse('invalid-argument');`;
  const isIt = shared.area === 'names.' ? 'true' : `request.function === '${name}'`;
  const by = `if (${shared.name} === undefined) return ${isIt} ? ${TAKEN_FOR_DONE} : refuse('invalid-argument');`;
  return os(shared.path, find, by);
}

const RULES = 'runtime/os/network/network-rules.ts';
const VOLUME = 'runtime/os/storage/storage-volume.ts';

/** The network firewall's answer to one question, always yes. */
function networkRule(find: string): Omit<Mutant, 'check'> {
  return { run: 'opened-taken-over', edits: os(RULES, find, 'return true;') };
}

/** Checks that are no function's own. */
const OTHER_CHECKS: Readonly<Record<string, Omit<Mutant, 'check'>>> = {
  'owner:gpio': {
    run: 'taken-over',
    edits: os('host-apis/broker/pin-owners.ts', 'if (this.#owners.has(pin)) return false;', ''),
  },
  'limit:handles': {
    run: 'taken-over',
    edits: os('host-apis/broker/handle-table.ts', ' || !this.#line.take(1)) return false;', ') return false;'),
  },
  'firewall:name': networkRule('return this.#hosts.has(canonicalHost(name));'),
  'firewall:address': networkRule('return this.#hosts.has(canonical) || this.#pinned.has(canonical);'),
  'firewall:tcp-port': networkRule('return this.#tcpPorts.has(port);'),
  'firewall:udp-port': networkRule('return this.#udpPorts.has(port);'),
  'path:storage': {
    run: 'taken-over',
    edits: os(
      VOLUME,
      "if (!isPlain) throw refusal('invalid-argument'",
      "if (path === '\\0') throw refusal('invalid-argument'",
    ),
  },
  'quota:storage': {
    run: 'taken-over',
    edits: os(VOLUME, "used > limitBytes) throw refusal('no-space'", "used > 2 * limitBytes) throw refusal('no-space'"),
  },
  'monitor:gpio': {
    run: 'shipped',
    edits: [
      {
        bundle: 'monitor',
        edit: {
          path: 'runtime/monitor/app-store.ts',
          find: "if (pin !== undefined) throw new CallRefusal('resource-in-use'",
          by: "if (pin === -1) throw new CallRefusal('resource-in-use'",
        },
      },
    ],
  },
  // One pin more than there is: the firewall stops it there, under another name than the driver would.
  'range:gpio': {
    run: 'opened',
    edits: os('runtime/os/gpio-driver.ts', 'pin >= 0 && pin < GPIO_PINS;', 'pin >= 0 && pin <= GPIO_PINS;'),
  },
  // The whole region of the pins in one row, instead of a row for each granted pin.
  'firewall:gpio': {
    run: 'opened',
    edits: [
      {
        bundle: 'monitor',
        edit: {
          path: 'runtime/monitor/firewall-rows.ts',
          find: 'grants.gpioPins.map((pin) => {',
          by: '[-1].map((pin) => {\n    if (pin < 0) return { ...row, ...REGION.gpio, name: `app ${context}: every pin` };',
        },
      },
    ],
  },
};

/** The build without this check. Errors: `mutant-missing`. */
export function mutantOf(check: CheckName): Mutant {
  const [kind, name] = split(check);
  if (kind === 'link') {
    const by = `return [...foreign, ...closed].filter((each) => each.interface !== '${name}');`;
    return { check, run: 'shipped', edits: [{ bundle: 'compartment', edit: { ...OPEN_LINKER, by } }] };
  }
  if (kind === 'grant') {
    const grantCheck = `(grants) => {
  const sound = soundCheck(grants);
  return { allows: (rule, asked) => rule.function === '${name}' || sound.allows(rule, asked) };
}`;
    return { check, run: 'taken-over', edits: [{ bundle: 'os', edit: { grantCheck } }] };
  }
  const edits = kind === 'handle' ? handleCheck(name) : undefined;
  const other = OTHER_CHECKS[check];
  if (edits !== undefined) return { check, run: 'taken-over', edits };
  if (other !== undefined) return { check, ...other };
  throw new TestkitError('mutant-missing', `no build goes without ${check}`);
}

function split(check: CheckName): readonly [string, string] {
  const at = check.indexOf(':');
  return [check.slice(0, at), check.slice(at + 1)];
}
