import test from 'ava';
import fc from 'fast-check';
import { decodeBusReply, encodeBusRequest } from '../../contracts/core/bus-frame.ts';
import type { Master, RegionName } from '../../contracts/core/chip.ts';
import { GPIO_MODE, GPIO_REGISTER, MASTER, REGION, gpioWindow } from '../../contracts/core/chip.ts';
import type { FirewallRow } from '../hil/firewall.ts';
import { BusFirewall, FIREWALL_ROWS, VIOLATIONS_KEPT } from './bus-firewall.ts';
import { connectBusPort } from './bus-port.ts';
import { GpioBlock } from './gpio-block.ts';
import { clockWindow } from './read-windows.ts';
import type { AccessGate } from './system-bus.ts';
import { SystemBus } from './system-bus.ts';

const clock = { nowNs: () => 5n };
const row = (change: Partial<FirewallRow> = {}): FirewallRow => {
  const rights = { read: true, write: true, execute: false, locked: false };
  return { name: 'row', master: 'a7Normal', contexts: [1], base: gpioWindow(9), size: 16, ...rights, ...change };
};
const word = (value: number) => Uint8Array.of(value, 0, 0, 0);

function chip(gate: (firewall: BusFirewall) => AccessGate = (firewall) => firewall) {
  const firewall = new BusFirewall(clock);
  const pins = new GpioBlock(clock);
  return { firewall, pins, bus: new SystemBus(gate(firewall), [pins, clockWindow(clock)]) };
}

/** A firewall that is not there: what proves that the checks below are the firewall's doing. */
const open = (firewall: BusFirewall): AccessGate => ({
  allows: () => true,
  onViolation: (listener) => firewall.onViolation(listener),
});
const REGIONS = Object.keys(REGION) as RegionName[];
const OTHERS = (Object.keys(MASTER) as Master[]).filter((master) => master !== 'a7Secure' && master !== 'pluton');

test('at reset no master but the secure world and Pluton reaches any region', (t) => {
  const { bus, firewall } = chip();
  for (const master of OTHERS) {
    for (const region of REGIONS) {
      for (const context of [0, 1, 7]) {
        t.is(bus.read(master, context, REGION[region].base, 4).status, 'denied', `${master} ${region}`);
        t.is(bus.write(master, context, REGION[region].base, word(1)).status, 'denied', `${master} ${region}`);
      }
    }
  }
  t.is(firewall.violations().total, OTHERS.length * REGIONS.length * 6);
  t.is(bus.read('a7Secure', 0, REGION.gpio.base, 4).status, 'ok');
  t.is(bus.read('pluton', 0, REGION.clock.base, 8).status, 'ok');
});

test('without the firewall the same accesses reach the devices', (t) => {
  const { bus } = chip(open);
  t.is(bus.read('a7Normal', 0, REGION.gpio.base, 4).status, 'ok');
  t.is(bus.write('m4Core0', 0, gpioWindow(9) + GPIO_REGISTER.mode, word(GPIO_MODE.pushPull)).status, 'ok');
});

test('a row opens its addresses to its master in its contexts, with its rights, and no more', (t) => {
  const { bus, firewall } = chip();
  firewall.add(row({ write: false }));
  const at = gpioWindow(9) + GPIO_REGISTER.output;
  t.is(bus.read('a7Normal', 1, at, 4).status, 'ok');
  t.is(bus.write('a7Normal', 1, at, word(1)).status, 'denied', 'no right to write');
  t.is(bus.read('a7Normal', 2, at, 4).status, 'denied', 'another context');
  t.is(bus.read('m4Core0', 1, at, 4).status, 'denied', 'another master');
  t.is(bus.read('a7Normal', 1, gpioWindow(10), 4).status, 'denied', 'the next pin');
  t.is(bus.read('a7Normal', 1, gpioWindow(8) + 14, 4).status, 'denied', 'across the edge into it');
  t.is(bus.read('a7Normal', 1, gpioWindow(9) + 14, 4).status, 'denied', 'across the edge out of it');
});

test('removeContext takes the unlocked rows of this context alone', (t) => {
  const { firewall } = chip();
  const before = firewall.rows().length;
  firewall.add(row());
  firewall.add(row({ name: 'locked', locked: true }));
  firewall.add(row({ name: 'other', contexts: [2] }));
  firewall.add(row({ name: 'shared', contexts: [1, 2] }));
  firewall.removeContext('a7Normal', 1);
  t.deepEqual(
    firewall
      .rows()
      .slice(before)
      .map(({ name }) => name),
    ['locked', 'other', 'shared'],
  );
});

test('a row that says nothing sensible is refused, and so is one too many', (t) => {
  const { firewall } = chip();
  for (const bad of [
    { size: 0 },
    { base: -1 },
    { base: 0xffff_fff8 },
    { contexts: [] },
    { contexts: [8] },
    { size: 1.5 },
  ]) {
    t.is(
      (t.throws(() => firewall.add(row(bad))) as { code?: string }).code,
      'firewall-row-malformed',
      JSON.stringify(bad),
    );
  }
  for (let count = firewall.rows().length; count < FIREWALL_ROWS; count++) firewall.add(row());
  t.is((t.throws(() => firewall.add(row())) as { code?: string }).code, 'firewall-full');
});

test('a row that its maker changes afterwards stays as it was added', (t) => {
  const { bus, firewall } = chip();
  const contexts = [1];
  firewall.add(row({ contexts }));
  contexts.push(2);
  t.is(bus.read('a7Normal', 2, gpioWindow(9), 4).status, 'denied');
});

test('violations are kept up to their bound, the total counts on, and line 2 is raised for each', (t) => {
  const { bus, firewall } = chip();
  let lines = 0;
  bus.onInterrupt((line) => (lines += line === 2 ? 1 : 0));
  for (let count = 0; count < VIOLATIONS_KEPT + 3; count++) bus.read('radio', 0, 0x1000 + count, 1);
  const { total, recent } = firewall.violations();
  t.deepEqual([total, recent.length, lines], [VIOLATIONS_KEPT + 3, VIOLATIONS_KEPT, VIOLATIONS_KEPT + 3]);
  t.deepEqual(recent[0], {
    master: 'radio',
    context: 0,
    address: 0x1003,
    access: 'read',
    region: 'unmapped',
    atNs: 5n,
  });
});

test('the bus answers a status to any access and never throws', (t) => {
  const { bus } = chip(open);
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.integer({ min: REGION.gpio.base - 8, max: REGION.gpio.base + 0x600 }),
  );
  const access = fc.property(
    fc.constantFrom(...OTHERS),
    fc.integer(),
    number,
    number,
    (master, context, address, count) => {
      const length = Math.abs(count) < 5000 ? Math.floor(Math.abs(count)) || 0 : 5000;
      return [
        bus.read(master, context, address, count),
        bus.write(master, context, address, new Uint8Array(length)),
      ].every(({ status }) => ['ok', 'noDevice', 'badAccess'].includes(status));
    },
  );
  t.notThrows(() => fc.assert(access, { numRuns: 1000 }));
});

/** Level on the wire for each mode and output, with nobody else on it. */
const MODES = [
  { mode: 'off', low: 1, high: 1 },
  { mode: 'input', low: 1, high: 1 },
  { mode: 'pushPull', low: 0, high: 1 },
  { mode: 'openDrain', low: 0, high: 1 },
  { mode: 'openSource', low: 1, high: 1 },
] as const;

test('a pin drives its wire by mode, a released wire reads high, and low wins', (t) => {
  for (const { mode, low, high } of MODES) {
    const { bus, pins } = chip();
    const at = gpioWindow(9);
    const level = () => bus.read('a7Secure', 0, at + GPIO_REGISTER.input, 4).bytes[0];
    bus.write('a7Secure', 0, at + GPIO_REGISTER.mode, word(GPIO_MODE[mode]));
    t.is(level(), low, `${mode}, output 0`);
    bus.write('a7Secure', 0, at + GPIO_REGISTER.output, word(1));
    t.is(level(), high, `${mode}, output 1`);
    pins.worldDrives(9, 'low');
    t.is(level(), 0, `${mode} against a world that pulls down`);
  }
});

test('the world is told each change of what the chip drives, and no other write', (t) => {
  const { bus, pins } = chip();
  const told: string[] = [];
  pins.onChipDrive((pin, drive, atNs) => told.push(`${pin} ${drive} ${atNs}`));
  const write = (register: number, value: number) =>
    bus.write('a7Secure', 0, gpioWindow(12) + register, word(value)).status;
  write(GPIO_REGISTER.output, 1);
  write(GPIO_REGISTER.mode, GPIO_MODE.pushPull);
  write(GPIO_REGISTER.output, 1);
  write(GPIO_REGISTER.mode, GPIO_MODE.openDrain);
  write(GPIO_REGISTER.output, 0);
  t.deepEqual(told, ['12 high 5', '12 released 5', '12 low 5']);
  for (const [register, value] of [
    [0, 5],
    [4, 2],
    [8, 1],
    [12, 0],
  ] as const)
    t.is(write(register, value), 'badAccess');
  t.is(bus.write('a7Secure', 0, gpioWindow(12), Uint8Array.of(1)).status, 'badAccess', 'half a register');
  t.is(bus.read('a7Secure', 0, gpioWindow(81), 4).status, 'noDevice', 'one pin too far');
  t.notThrows(() => pins.worldDrives(500, 'low'));
});

test('a bus port speaks for its own master, and dies of the first frame that is none', (t) => {
  const { bus, firewall } = chip();
  firewall.add(row());
  const sent: Uint8Array[] = [];
  const faults: string[] = [];
  let feed: (bytes: Uint8Array) => void = () => undefined;
  connectBusPort(
    bus,
    'a7Normal',
    { send: (bytes) => void sent.push(bytes), onBytes: (listener) => void (feed = listener) },
    (code) => faults.push(code),
  );
  const last = () => decodeBusReply((sent.at(-1) ?? new Uint8Array(0)).subarray(4));
  feed(encodeBusRequest({ operation: 'read', tag: 8, context: 1, address: gpioWindow(9) + 8, count: 4 }));
  t.deepEqual(last(), { kind: 'reply', tag: 8, status: 'ok', bytes: word(1) });
  feed(encodeBusRequest({ operation: 'write', tag: 9, context: 0, address: REGION.flash.base, bytes: word(1) }));
  t.like(last(), { kind: 'reply', tag: 9, status: 'denied' });
  t.like(decodeBusReply((sent.at(-2) ?? new Uint8Array(0)).subarray(4)), { kind: 'interrupt', line: 2 });
  feed(Uint8Array.of(3, 0, 0, 0, 1, 1, 1));
  const count = sent.length;
  feed(encodeBusRequest({ operation: 'read', tag: 8, context: 1, address: gpioWindow(9), count: 4 }));
  t.deepEqual(faults, ['layout-truncated']);
  t.is(sent.length, count, 'a dead port answers nothing');
});
