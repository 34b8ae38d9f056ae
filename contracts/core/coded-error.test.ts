import test from 'ava';
import { CodedError } from './coded-error.ts';

class PowerError extends CodedError<'power-lost'> {}

test('CodedError carries its code, the name of its class and the peer as the default fault', (t) => {
  const error = new PowerError('power-lost', 'no supply');
  t.true(error instanceof Error);
  t.is(error.code, 'power-lost');
  t.is(error.name, 'PowerError');
  t.is(error.fault, 'peer');
  t.is(error.hint, undefined);
  t.deepEqual(error.details, {});
  t.false('cause' in error);
});

test('CodedError keeps hint, details, fault and cause', (t) => {
  const cause = new Error('first');
  const error = new PowerError('power-lost', 'x', { cause, fault: 'world', hint: 'plug it in', details: { volts: 0 } });
  t.is(error.cause, cause);
  t.is(error.fault, 'world');
  t.is(error.hint, 'plug it in');
  t.is(error.details['volts'], 0);
});
