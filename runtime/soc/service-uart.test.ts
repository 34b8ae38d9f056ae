import test from 'ava';
import fc from 'fast-check';
import { REGION, UART_FIFO_BYTES, UART_REGISTER } from '../../contracts/core/chip.ts';
import { BUS_MAX_BYTES } from '../../contracts/core/limits.ts';
import { ByteFifo } from './byte-fifo.ts';
import { ServiceUart } from './service-uart.ts';

function uart() {
  const raised = { count: 0 };
  const device = new ServiceUart(() => void (raised.count += 1));
  const heard: number[] = [];
  device.onTransmit((bytes) => heard.push(...bytes));
  const number = (register: number) =>
    new DataView(Uint8Array.from(device.read(register, 4).bytes).buffer).getUint32(0, true);
  return { device, raised, heard, number };
}

test('a FIFO gives back what went in, in order, within its bound', (t) => {
  const step = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.nat(20));
  const run = fc.property(fc.array(step), (steps) => {
    const fifo = new ByteFifo(16);
    let model: number[] = [];
    return steps.every((now) => {
      if (typeof now === 'number') {
        const expected = model.slice(0, now);
        model = model.slice(now);
        return String([...fifo.take(now)]) === String(expected);
      }
      const fitting = [...now.subarray(0, 16 - model.length)];
      model.push(...fitting);
      return fifo.push(now) === fitting.length && fifo.length === model.length && fifo.free === 16 - model.length;
    });
  });
  t.notThrows(() => fc.assert(run, { numRuns: 500 }));
});

test('bytes from the cable raise the line, are counted, and come out in order', (t) => {
  const { device, raised, number } = uart();
  device.receive(Uint8Array.of(1, 2, 3));
  t.is(raised.count, 1);
  t.is(number(UART_REGISTER.receiveCount), 3);
  t.deepEqual(device.read(UART_REGISTER.receive, 2).bytes, Uint8Array.of(1, 2));
  t.deepEqual(device.read(UART_REGISTER.receive, 64).bytes, Uint8Array.of(3));
  t.deepEqual(device.read(UART_REGISTER.receive, 64).bytes, new Uint8Array(0));
});

test('what does not fit is lost, and room is told when the driver reads', (t) => {
  const { device } = uart();
  let drained = 0;
  device.onReceiveDrained(() => (drained += 1));
  device.receive(new Uint8Array(UART_FIFO_BYTES + 10));
  t.is(device.receiveFree(), 0);
  device.read(UART_REGISTER.receive, 100);
  t.is(drained, 1);
  t.is(device.receiveFree(), 100);
});

test('a host that is not ready holds the bytes back; a write that does not fit is refused whole, and told when there is room', (t) => {
  const { device, raised, heard, number } = uart();
  const write = (bytes: Uint8Array) => device.write(UART_REGISTER.transmit, bytes).status;
  device.clearToSend(false);
  t.is(write(new Uint8Array(UART_FIFO_BYTES - 1)), 'ok');
  t.is(number(UART_REGISTER.transmitFree), 1);
  t.is(write(Uint8Array.of(7, 7)), 'fifoFull');
  t.is(heard.length, 0);
  t.is(raised.count, 0);
  device.clearToSend(true);
  t.is(heard.length, UART_FIFO_BYTES - 1);
  t.is(raised.count, 1);
  t.is(write(Uint8Array.of(7, 8)), 'ok');
  t.deepEqual(heard.slice(-2), [7, 8]);
});

test('after a new cable nothing for the host before reaches the new one, either way', (t) => {
  const { device, raised, heard, number } = uart();
  device.clearToSend(false);
  device.write(UART_REGISTER.transmit, Uint8Array.of(1));
  device.receive(Uint8Array.of(2));
  device.clearToSend(false);
  device.attached();
  const before = raised.count;
  device.clearToSend(true);
  device.receive(Uint8Array.of(3));
  t.is(raised.count, before + 1);
  // The driver does not know yet: its half frame goes nowhere, and it sees none of the new host's bytes.
  t.is(device.write(UART_REGISTER.transmit, Uint8Array.of(4)).status, 'ok');
  t.is(number(UART_REGISTER.receiveCount), 0);
  t.deepEqual(device.read(UART_REGISTER.receive, 9).bytes, new Uint8Array(0));
  t.is(number(UART_REGISTER.carrier), 1);
  t.deepEqual(device.read(UART_REGISTER.receive, 9).bytes, Uint8Array.of(3));
  device.write(UART_REGISTER.transmit, Uint8Array.of(5));
  t.deepEqual(heard, [5]);
});

test('the longest transaction at a FIFO register stays in the region', (t) => {
  for (const register of [UART_REGISTER.receive, UART_REGISTER.transmit]) {
    t.true(register + BUS_MAX_BYTES <= REGION.serviceUart.size);
  }
});

test('registers that are none, and halves of registers, are bad accesses', (t) => {
  const { device } = uart();
  t.is(device.read(UART_REGISTER.transmit, 4).status, 'badAccess');
  t.is(device.read(UART_REGISTER.receiveCount, 2).status, 'badAccess');
  t.is(device.write(UART_REGISTER.receive, Uint8Array.of(1)).status, 'badAccess');
  t.is(device.write(UART_REGISTER.carrier, Uint8Array.of(1)).status, 'badAccess');
});
