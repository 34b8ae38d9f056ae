import test from 'ava';
import { GuestTrap } from '../../component/abi/trap.ts';
import { CodedError } from '../../contracts/core/coded-error.ts';
import type { TrapKind } from '../../contracts/core/trap-facts.ts';
import { trapFacts } from './trap-facts.ts';

const CAUSES: readonly (readonly [what: string, cause: unknown, kind: TrapKind])[] = [
  ['the meter’s end of fuel', new GuestTrap('fuel-exhausted', 'out of fuel'), 'fuel-exhausted'],
  ['the meter’s end of stack', new GuestTrap('stack-exhausted', 'out of stack'), 'stack-exhausted'],
  ['a rule of the glue', new GuestTrap('handle-unknown', 'handle 3'), 'canonical-abi'],
  ['an error of the runner', new CodedError('descriptor-closed', 'unreachable'), 'engine'],
  ['words that only contain those of the engine', new WebAssembly.RuntimeError('quite unreachable'), 'engine'],
  ['what is no error', 'unreachable', 'engine'],
];
for (const [what, cause, kind] of CAUSES) {
  test(`trapFacts() of ${what} is ${kind}`, (t) => t.is(trapFacts(cause).trap, kind));
}

test('trapFacts() keeps the fuel, and of the stack the frames of the guest', (t) => {
  const cause = new Error('x');
  cause.stack = [
    'RuntimeError: unreachable',
    '    at app.wasm.inner (wasm://wasm/app.wasm-8b1f:wasm-function[12]:0x345)',
    '    at glue (file:///runner.js:1:2)',
    '    at wasm://wasm/8b1f:wasm-function[3]:0x2a',
    '    at a (wasm://wasm/x) b (wasm://wasm/8b1f:wasm-function[4]:0x1)',
  ].join('\n');
  t.deepEqual(trapFacts(cause, 77n), {
    trap: 'engine',
    fuelUsed: 77n,
    stack: ['[12] +0x345 app.wasm.inner', '[3] +0x2a ?', '[4] +0x1 a (wasm://wasm/x) b'],
  });
});
