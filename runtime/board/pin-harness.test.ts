import test from 'ava';
import { GPIO_MODE, GPIO_REGISTER, gpioWindow, REGION } from '../../contracts/core/chip.ts';
import type { PinFrame } from '../../contracts/core/pin-frame.ts';
import { GpioBlock } from '../soc/gpio-block.ts';
import { PinHarness } from './pin-harness.ts';

const clock = { nowNs: () => 3n };

function bench() {
  const told: string[] = [];
  let drive: (frame: PinFrame) => void = () => undefined;
  const world = {
    chipDrives: (frame: PinFrame) => void told.push(`${frame.pin} ${frame.drive}`),
    onWorldDrives: (listener: (frame: PinFrame) => void) => void (drive = listener),
  };
  const harness = new PinHarness(world, clock);
  const press = (pin: number) => drive({ from: 'world', pin, drive: 'low', atNs: 1n });
  const chip = () => {
    const pins = new GpioBlock(clock);
    harness.plugInto(pins);
    const offset = (pin: number, register: number) => gpioWindow(pin) - REGION.gpio.base + register;
    return {
      light: (pin: number) => pins.write(offset(pin, GPIO_REGISTER.mode), Uint8Array.of(GPIO_MODE.pushPull, 0, 0, 0)),
      level: (pin: number) => pins.read(offset(pin, GPIO_REGISTER.input), 4).bytes[0],
    };
  };
  return { told, press, chip };
}

test('levels go both ways', (t) => {
  const { told, press, chip } = bench();
  const { light, level } = chip();
  light(9);
  press(12);
  t.deepEqual(told, ['9 low']);
  t.is(level(12), 0);
});

test('over a reset a pressed button stays pressed, and a lit LED goes out', (t) => {
  const { told, press, chip } = bench();
  const before = chip();
  before.light(9);
  press(12);
  const after = chip();
  t.is(after.level(12), 0);
  t.deepEqual(told, ['9 low', '9 released']);
  before.light(10);
  t.deepEqual(told, ['9 low', '9 released'], 'the chip before is off');
});
