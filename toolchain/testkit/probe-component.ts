// The probe: a component made for one list of calls, that makes each through the canonical ABI and says on its log what came of it.
// Never a word of what it should have been: the kit compares.

import type { GuestCall } from './guest-calls.ts';
import { GUEST_CALLS, RESULT_AT } from './guest-calls.ts';
import type { ProbeCall, ProbeRequest } from './probe-call.ts';
import { CALLS_PER_PAUSE, CODE, PAUSE_NS, PROBE_END } from './probe-words.ts';
import { PLAY, probeAround } from './probe-world.ts';
import { WasiWords } from './wasi-words.ts';
import { TestkitError } from './testkit-error.ts';

/** A call with its number in the matrix. */
export interface NumberedCall extends ProbeCall {
  readonly number: number;
}

export interface ProbePlan {
  readonly calls: readonly NumberedCall[];
  /** Steps whose handles are kept to the end, which then does not come: the neighbour's. */
  readonly holds?: readonly ProbeRequest[];
  /** The device takes any number of lines: no pauses. */
  readonly isHurried?: boolean;
  /** The probe is a dependency, and makes its calls when the app calls this interface. */
  readonly exports?: string;
}

const LINE_AT = 128;
const LINE_LENGTH = 11;
const END_AT = 96;

/** Errors: `guest-call-missing`. */
export function probeComponent(plan: ProbePlan): Promise<Uint8Array> {
  const { exports: name } = plan;
  return probeAround(probeText(plan), name === undefined ? undefined : { import: name, side: 'dependency' });
}

/** An app that does nothing but call its dependency. */
export function callerOf(name: string): Promise<Uint8Array> {
  const text = `(module (import "${name}" "${PLAY}" (func $play (result i32)))
    (func (export "run") (result i32) (call $play)))`;
  return probeAround(text, { import: name, side: 'app' });
}

/** The core module in the text format. */
export function probeText({ calls, holds = [], exports: name, isHurried = false }: ProbePlan): string {
  const used = new Imports();
  const wasi = new WasiWords();
  const log = used.call('log.write');
  const wait = used.call('poll.wait');
  const held = holds.map((request) => `(call $${used.call(request.function)} ${argsOf(request)})`).join('\n');
  const bodies = calls.map((call) => bodyOf(call, used, wasi)).join('\n');
  // A call that a dependency's part stops is told on the log, too.
  const perPause = name === undefined ? CALLS_PER_PAUSE : CALLS_PER_PAUSE / 2;
  const says = calls.map(({ number }, index) => {
    const pause = !isHurried && index > 0 && index % perPause === 0 ? waiting(wait, 1, PAUSE_NS) : '';
    return `${pause} (call $say (i32.const ${number}) (call $call${number}))`;
  });
  return `(module ${used.text()} ${wasi.imports()}
    (memory (export "memory") 1)
    (data (i32.const 64) "line")
    (data (i32.const ${END_AT}) "${PROBE_END}")
    (data (i32.const ${LINE_AT}) "kit 0000 00")
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func $digits (param $at i32) (param $value i32) (param $count i32)
      (loop $more
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (i32.store8 (i32.add (local.get $at) (local.get $count))
          (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
        (local.set $value (i32.div_u (local.get $value) (i32.const 10)))
        (br_if $more (local.get $count))))
    (func $say (param $call i32) (param $code i32)
      (call $digits (i32.const ${LINE_AT + 4}) (local.get $call) (i32.const 4))
      (call $digits (i32.const ${LINE_AT + 9}) (local.get $code) (i32.const 2))
      (call $${log} (i32.const ${LINE_AT}) (i32.const ${LINE_LENGTH})))
    ${wasi.functions()}
    ${bodies}
    (func (export "${name === undefined ? 'run' : `${name}#${PLAY}`}") (result i32)
      ${held}
      ${says.join('\n')}
      (call $${log} (i32.const ${END_AT}) (i32.const ${PROBE_END.length}))
      ${holds.length > 0 ? waiting(wait, 0, 0n) : ''}
      (i32.const 0)))`;
}

function waiting(wait: string, hasTimeout: 0 | 1, timeoutNs: bigint): string {
  const args = `(i32.const 0) (i32.const 0) (i32.const ${hasTimeout}) (i64.const ${timeoutNs}) (i32.const ${RESULT_AT})`;
  return `(call $${wait} ${args})`;
}

/** Everything that a step may name; a handle by its local. */
function argsOf(request: ProbeRequest): string {
  return guestCall(request.function).args(request, (argument) =>
    typeof argument === 'string' ? `(local.get ${argument})` : `(i32.const ${Number(argument)})`,
  );
}

function guestCall(name: ProbeRequest['function']): GuestCall {
  const call = GUEST_CALLS[name];
  if (call === undefined) throw new TestkitError('guest-call-missing', `a component has no words for ${name}`);
  return call;
}

/** One call with what comes before it; what it opened is given back at its end. Answers its code. */
function bodyOf({ number, before, call, times = 1, wasi: act }: NumberedCall, used: Imports, wasi: WasiWords): string {
  if (act !== undefined) return `(func $call${number} (result i32) ${wasi.say(act)})`;
  const steps = before.map(({ request, as }) => {
    const made = codeOf(request, used);
    const keep = as === undefined ? '' : `(local.set ${as} (i32.load (i32.const ${RESULT_AT + 4})))`;
    return `(if ${made} (then (return (i32.const ${CODE.notSet})))) ${keep}`;
  });
  const locals = before.flatMap(({ as }) => (as === undefined ? [] : [`(local ${as} i32)`]));
  const { gives } = guestCall(call.function);
  const made = codeOf(call, used);
  // Each handle that a call gives stays in a place of its own, so that all of them can be given back.
  const kept =
    gives === undefined
      ? ''
      : `(i32.store (i32.add (i32.const 1024) (i32.mul (local.get $n) (i32.const 4)))
        (select (i32.const 0) (i32.load (i32.const ${RESULT_AT + 4})) (local.get $code)))`;
  const dropKept =
    gives === undefined
      ? ''
      : `
      (loop $drop
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $at (i32.load (i32.add (i32.const 1024) (i32.mul (local.get $n) (i32.const 4)))))
        (if (local.get $at) (then (call $${used.drop(call.function)} (local.get $at))))
        (br_if $drop (local.get $n)))`;
  const dropBefore = before.flatMap(({ request, as }) => {
    return as === undefined ? [] : [`(call $${used.drop(request.function)} (local.get ${as}))`];
  });
  return `(func $call${number} (result i32) (local $code i32) (local $n i32) (local $at i32) ${locals.join(' ')}
      ${steps.join('\n')}
      (loop $again
        (local.set $code ${made})
        ${kept}
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.and (i32.lt_u (local.get $n) (i32.const ${times})) (i32.eqz (local.get $code)))))
      ${dropKept}
      ${dropBefore.join('\n')}
      (local.get $code))`;
}

/** An expression: the call, and then its code. */
function codeOf(request: ProbeRequest, used: Imports): string {
  const { errorAt, result } = guestCall(request.function);
  const call = `(call $${used.call(request.function)} ${argsOf(request)})`;
  if (errorAt === undefined)
    return `(block (result i32) ${result === undefined ? call : `(drop ${call})`} (i32.const 0))`;
  const error = `(i32.add (i32.const ${CODE.errorsFrom}) (i32.load8_u (i32.const ${RESULT_AT + errorAt})))`;
  return `(block (result i32) ${call}
        (select ${error} (i32.const 0) (i32.load8_u (i32.const ${RESULT_AT}))))`;
}

/** The imports that were asked for, each once. */
class Imports {
  readonly #lines = new Map<string, string>();

  call(name: ProbeRequest['function']): string {
    const { interface: from, name: item, params, result } = guestCall(name);
    const type = `${params === '' ? '' : `(param ${params})`} ${result === undefined ? '' : `(result ${result})`}`;
    this.#lines.set(name, `(import "${from}" "${item}" (func $${name} ${type}))`);
    return name;
  }

  /** The drop of what this function gives. */
  drop(name: ProbeRequest['function']): string {
    const { interface: from, gives } = guestCall(name);
    if (gives === undefined) throw new TestkitError('guest-call-missing', `${name} gives no resource`);
    const id = `drop.${gives}`;
    this.#lines.set(id, `(import "${from}" "[resource-drop]${gives}" (func $${id} (param i32)))`);
    return id;
  }

  text(): string {
    return [...this.#lines.values()].join('\n');
  }
}
