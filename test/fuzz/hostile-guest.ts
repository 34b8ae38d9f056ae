// Fuzzes the canonical ABI's glue with a guest that lies: any pointer, length, discriminant, handle or answer of realloc, for every
// value type, as parameter and as result, both ways. Only traps may come out, and no lie may make the host set memory aside.

import fc from 'fast-check';
import { GuestTrap } from '../../component/abi/trap.ts';
import { flatSignature, layoutOf } from '../../component/abi/layout.ts';
import type { FlatType } from '../../component/abi/layout.ts';
import type { HostItem } from '../../component/host-interface.ts';
import { hostFunction, hostResource, hostType } from '../../component/host-interface.ts';
import type { Value, ValueType } from '../../component/value-types.ts';
import { PRIMITIVE_TYPES, ResourceType } from '../../component/value-types.ts';
import type { LinkedComponent } from '../../runtime/compartment/link.ts';
import { linkComponent } from '../../runtime/compartment/link.ts';
import { TYPES, namedTypes, valueOf } from '../oracle/value-corpus.ts';
import { fromBits, witType } from '../support/abi-probe.ts';
import { componentAround } from '../support/components.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { Random } from './random.ts';

const { u8 } = PRIMITIVE_TYPES;
const thing = new ResourceType('thing');
const own: ValueType = { kind: 'own', resource: thing };
const borrow: ValueType = { kind: 'borrow', resource: thing };
const HANDLES: readonly ValueType[] = [
  own,
  borrow,
  { kind: 'list', element: own },
  { kind: 'list', element: borrow },
  { kind: 'tuple', elements: [own, u8, borrow] },
  { kind: 'option', some: own },
];

/** Where the guest keeps what it will say: core values of a call, then the answer of realloc and whether to give it. */
const WORDS_AT = 64;
const REALLOC_AT = 8;
const RETURN_AT = 16;
const WORDS = 24;
/** Before an answer of the host is a finding: twice what one call may lift, in the host's own form. */
const HEAP_MAX_BYTES = 256 * 1024 * 1024;

/** One guest for one type: `poke` writes a word, the others pass its words as core values, as they are. */
async function guestOf(type: ValueType): Promise<Uint8Array> {
  const declarations: string[] = [];
  const name = witType(type, declarations);
  const gives = !layoutOf(type).borrows;
  const used = ['thing', ...declarations.map((declaration) => /^\w+ ([\w-]+)/.exec(declaration)?.[1])].join(', ');
  const wit = `package fuzz:guest; interface types { resource thing; ${declarations.join(' ')} }
    interface host { use types.{${used}}; take: func(x: ${name}); ${gives ? `give: func() -> ${name};` : ''} }
    world guest { import host; use types.{${used}}; export poke: func(at: u32, word: u64); export say: func();
      export eat: func(x: ${name}); ${gives ? `export ask: func(); export show: func() -> ${name};` : ''} }`;
  const signature = (params: boolean, direction: 'lift' | 'lower') =>
    flatSignature(
      params ? { params: [{ name: 'x', type }], result: undefined } : { params: [], result: type },
      direction,
    ).core;
  const arrow = ({ params, results }: ReturnType<typeof signature>): string =>
    `(param ${params.join(' ')}) (result ${results.join(' ')})`;
  const word = (kind: string, at: number): string =>
    fromBits(kind as FlatType, `(i64.load (i32.const ${WORDS_AT + 8 * at}))`);
  const take = signature(true, 'lower');
  const give = gives ? signature(false, 'lower') : undefined;
  const imports = `(import "fuzz:guest/host" "take" (func $take ${arrow(take)}))
    ${give === undefined ? '' : `(import "fuzz:guest/host" "give" (func $give ${arrow(give)}))`}`;
  const shown = gives ? signature(false, 'lift') : undefined;
  const core = `(module ${imports} (memory (export "memory") 2)
    (func (export "poke") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (if (result i32) (i32.load (i32.const ${REALLOC_AT})) (then (i32.load offset=4 (i32.const ${REALLOC_AT}))) (else (i32.const 4096))))
    (func (export "say") (call $take ${take.params.map(word).join(' ')}))
    (func (export "eat") (param ${signature(true, 'lift').params.join(' ')}))
    ${give === undefined ? '' : `(func (export "ask") ${give.results.length > 0 ? '(drop ' : ''}(call $give ${give.params.map(word).join(' ')})${give.results.length > 0 ? ')' : ''})`}
    ${shown === undefined ? '' : `(func (export "show") (result ${shown.results.join(' ')}) ${word(shown.results[0] ?? 'i32', 0)})`})`;
  return componentAround(core, wit, 'guest');
}

interface Guest {
  readonly type: ValueType;
  readonly bytes: Uint8Array;
  linked: LinkedComponent | undefined;
  answer: Value;
}

function linkGuest(guest: Guest): LinkedComponent {
  const types = namedTypes(guest.type).map((type, index): [string, HostItem] => [`t${index}`, hostType(type)]);
  const named = new Map<string, HostItem>([['thing', hostResource(thing)], ...types]);
  const host = new Map<string, HostItem>([
    ...named,
    ['take', hostFunction([{ name: 'x', type: guest.type }], undefined, () => undefined)],
    ['give', hostFunction([], guest.type, () => guest.answer)],
  ]);
  const offers = new Map([
    ['fuzz:guest/types', named],
    ['fuzz:guest/host', host],
  ]);
  const linked = linkComponent(guest.bytes, offers, { memoryPages: 4 });
  linked.start();
  return linked;
}

function goodValue(type: ValueType, random: Random): Value {
  if (type.kind === 'own' || type.kind === 'borrow') return random.below(100);
  if (type.kind === 'list' && (type.element.kind === 'own' || type.element.kind === 'borrow')) return [1, 2];
  if (type.kind === 'tuple' && type.elements[0] === own) return [1, 2, 3];
  if (type.kind === 'option' && type.some === own) return { index: 1, value: 5 };
  return fc.sample(valueOf(type), { numRuns: 1, seed: random.u32() })[0];
}

function runCase(guests: readonly Guest[], random: Random): string {
  const guest = random.pick(guests);
  const linked = (guest.linked ??= linkGuest(guest));
  const poke = linked.func('poke');
  for (let at = 0; at < WORDS; at++) poke.call(WORDS_AT + 8 * at, random.hostileWord());
  // Where lists point at, there are words of the same kind.
  for (let more = random.below(32); more > 0; more--)
    poke.call(8 * random.below(0x3ff0) + RETURN_AT, random.hostileWord());
  poke.call(REALLOC_AT, BigInt(random.below(2)) | ((random.hostileWord() & 0xffff_ffffn) << 32n));
  const before = process.memoryUsage();
  const gives = !layoutOf(guest.type).borrows;
  const what = random.pick(gives ? ['say', 'eat', 'ask', 'show'] : ['say', 'eat']);
  guest.answer = goodValue(guest.type, random);
  const ended = `${what}: ${endOf(guest, linked, what)}`;
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  if (grown > HEAP_MAX_BYTES) throw new Error(`${ended}, of a ${guest.type.kind}: the host grew by ${grown} bytes`);
  return ended;
}

function endOf(guest: Guest, linked: LinkedComponent, what: string): string {
  try {
    if (what === 'eat') linked.func(what).call(guest.answer);
    else linked.func(what).call();
    return 'passed';
  } catch (error) {
    guest.linked = undefined;
    if (error instanceof GuestTrap) return error.code;
    if (error instanceof WebAssembly.RuntimeError) return 'trap of the engine';
    throw error;
  }
}

export const hostileGuest: FuzzTarget = {
  name: 'hostile-guest',
  kept: [],
  prepare: async () => {
    const types = [...TYPES, ...HANDLES];
    const bytes = await Promise.all(types.map(guestOf));
    const guests = types.map((type, index): Guest => {
      return { type, bytes: bytes[index] ?? new Uint8Array(), linked: undefined, answer: undefined };
    });
    // fast-check builds its tables when it is first asked; no case is to pay for that.
    for (const { type } of guests) goodValue(type, new Random(0));
    return (random) => runCase(guests, random);
  },
};
