// The two checks in front of a pin, the broker's and the silicon's: each one alone stops the call, and without both the pin moves.

import test from 'ava';
import type { Drive } from '../contracts/core/pin-frame.ts';
import { REGION } from '../contracts/core/chip.ts';
import { Broker } from '../host-apis/broker/broker.ts';
import type { GrantCheckFor } from '../host-apis/broker/grant-check.ts';
import { checkGrants } from '../host-apis/broker/grant-check.ts';
import type { ByteChannel } from '../runtime/hil/launch.ts';
import { appRows } from '../runtime/monitor/firewall-rows.ts';
import { BusClient } from '../runtime/os/bus-client.ts';
import { GpioDriver } from '../runtime/os/gpio-driver.ts';
import { connectBusPort } from '../runtime/soc/bus-port.ts';
import { resetChip } from '../runtime/soc/chip.ts';
import { chipParts } from './support/bare-chip.ts';
import { AppEnd, AuditNotes } from './support/broker-bench.ts';
import { channelPair } from './support/channel-pair.ts';
import { VirtualTime, settled } from './support/virtual-time.ts';
import { grantsOf } from '../contracts/core/grants.ts';

const GRANTED = 8;
const NOT_GRANTED = 9;
const GRANTS = grantsOf({ memoryBytes: 65536, gpioPins: [GRANTED] });
const noCheck: GrantCheckFor = () => ({ allows: () => true });

/** An app in context 1 that was granted pin 8, on the chip's own bus and firewall. */
function bench({
  grantCheckFor = checkGrants,
  isFirewallOpen = false,
}: {
  grantCheckFor?: GrantCheckFor;
  isFirewallOpen?: boolean;
}) {
  const time = new VirtualTime();
  const { chip, pins } = resetChip(chipParts(time));
  for (const row of appRows(1, GRANTS)) chip.firewall.add(row);
  if (isFirewallOpen) {
    chip.firewall.add({
      name: 'open',
      master: 'a7Normal',
      contexts: [1],
      ...REGION.gpio,
      read: true,
      write: true,
      execute: false,
      locked: false,
    });
  }
  const edges: { pin: number; drive: Drive }[] = [];
  pins.onChipDrive((pin, drive) => edges.push({ pin, drive }));
  const [osEnd, chipEnd]: readonly [ByteChannel, ByteChannel] = channelPair();
  connectBusPort(chip.bus, 'a7Normal', chipEnd, () => undefined);
  const audit = new AuditNotes();
  const broker = new Broker({
    time,
    gpio: new GpioDriver(new BusClient(osEnd, () => undefined)),
    audit,
    grantCheckFor,
  });
  return { app: new AppEnd(broker, { context: 1, pins: GRANTS.gpioPins }), broker, audit, edges, chip };
}
const openOutput = (pin: number) => ({ function: 'gpio.open-output', pin, mode: 0, level: 1 }) as const;
const DENIED = { ok: false, error: 'access-denied' } as const;

test('a granted pin is driven through both checks, and neither tells of a denial', async (t) => {
  const { app, audit, edges, chip } = bench({});
  const handle = await app.open(openOutput(GRANTED));
  await app.call({ function: 'gpio.set', handle, level: 0 });
  await app.call({ function: 'handle.close', handle });
  t.deepEqual(edges, [
    { pin: GRANTED, drive: 'high' },
    { pin: GRANTED, drive: 'low' },
    { pin: GRANTED, drive: 'released' },
  ]);
  t.deepEqual(audit.denials, []);
  t.is(chip.firewall.violations().total, 0);
});

test('the broker stops a pin that was not granted; the firewall is not even asked', async (t) => {
  const { app, audit, edges, chip } = bench({ isFirewallOpen: true });
  t.deepEqual(await app.call(openOutput(NOT_GRANTED)), DENIED);
  t.deepEqual(
    audit.denials.map(({ resource, layer }) => [resource, layer]),
    [['gpio:9', 'broker']],
  );
  t.deepEqual(edges, []);
  t.is(chip.firewall.violations().total, 0);
});

test('without the broker’s check the firewall stops it: one denial of its layer, one violation', async (t) => {
  const { app, audit, edges, chip } = bench({ grantCheckFor: noCheck });
  t.deepEqual(await app.call(openOutput(NOT_GRANTED)), DENIED);
  t.deepEqual(
    audit.denials.map(({ resource, layer, error }) => [resource, layer, error]),
    [['gpio:9', 'firewall', 'access-denied']],
  );
  t.deepEqual(edges, []);
  const { total, recent } = chip.firewall.violations();
  t.is(total, 1);
  t.like(recent[0], { master: 'a7Normal', context: 1, region: 'gpio', access: 'write' });
  t.true((await app.call(openOutput(GRANTED)))?.ok, 'what was granted still works');
});

test('without both checks the pin moves: nothing else stands there', async (t) => {
  const { app, audit, edges } = bench({ grantCheckFor: noCheck, isFirewallOpen: true });
  t.true((await app.call(openOutput(NOT_GRANTED)))?.ok);
  t.deepEqual(edges, [{ pin: NOT_GRANTED, drive: 'high' }]);
  t.deepEqual(audit.denials, []);
});

test('a pin beyond the chip’s last is no address', async (t) => {
  const { app, edges, chip } = bench({ grantCheckFor: noCheck, isFirewallOpen: true });
  t.deepEqual(await app.call(openOutput(81)), { ok: false, error: 'no-device' });
  t.deepEqual(await app.call(openOutput(0xffff_ffff)), { ok: false, error: 'no-device' });
  t.deepEqual(edges, []);
  t.is(chip.firewall.violations().total, 0);
});

test('an input reads the level on the wire', async (t) => {
  const { app, broker, chip } = bench({});
  const handle = await app.open({ function: 'gpio.open-input', pin: GRANTED });
  t.deepEqual(await app.call({ function: 'gpio.get', handle }), { ok: true, result: { kind: 'u32', value: 1 } });
  const stranger = new AppEnd(broker, { context: 2, pins: [GRANTED] });
  await app.call({ function: 'handle.close', handle });
  // The broker of this test grants it; context 2 has no row.
  t.deepEqual(await stranger.call({ function: 'gpio.open-input', pin: GRANTED }), DENIED);
  await settled();
  t.is(chip.firewall.violations().total, 1);
});
