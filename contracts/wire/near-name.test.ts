import test from 'ava';
import { CAPABILITY_KEYS } from './manifest-schema.ts';
import { didYouMean, nearestName } from './near-name.ts';

const near: readonly (readonly [typed: string, meant: string | undefined, why: string])[] = [
  ['Gpoi', 'Gpio', 'two letters swapped'],
  ['gpio', 'Gpio', 'the wrong case'],
  ['DeviceAuthentication ', 'DeviceAuthentication', 'a space at the end, as a published README has it'],
  ['AllowedConnection', 'AllowedConnections', 'a letter short'],
  ['I2CMaster', 'I2cMaster', 'case inside'],
  ['HardwareAddressConf', 'HardwareAddressConfig', 'cut'],
  ['Bluetooth', undefined, 'another word'],
  ['', undefined, 'nothing'],
  ['x'.repeat(200), undefined, 'nothing that anybody typed'],
];
for (const [typed, meant, why] of near) {
  test(`nearestName() finds what was meant: ${why}`, (t) => t.is(nearestName(typed, CAPABILITY_KEYS), meant));
}

test('nearestName() takes the nearest of several', (t) =>
  t.is(nearestName('LED12', ['LED1', 'LED2', 'LED_12']), 'LED1'));

test('didYouMean() falls back to the other hint', (t) => {
  t.is(didYouMean('Gpoi', CAPABILITY_KEYS, 'x'), 'did you mean "Gpio"?');
  t.is(didYouMean('Bluetooth', CAPABILITY_KEYS, 'x'), 'x');
});
